import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { FolderSource } from '../../src/sources/folder/folder-source.js';
import { FolderScene, taken } from '../support/folder-scene.js';

function claimOf(scene: FolderScene, name: string): string {
  const root = join(scene.path, '.stompctl.claims');
  const at = readdirSync(root)
    .map((owner) => join(root, owner, name))
    .find((path) => existsSync(path));
  assert.ok(at !== undefined, `${name} is claimed`);
  return at;
}

/**
 * A full disk: as `x` is read, its producer, who has it open, writes on, and another one puts a new `x`. The old one can neither go
 * back nor be set apart.
 */
function disk(scene: FolderScene): { files: FileSystem; free: () => void } {
  let first = true;
  let full = false;
  const files = {
    ...systemFiles,
    readSync: ((...given: Parameters<typeof systemFiles.readSync>) => {
      const read = systemFiles.readSync(...given);
      if (!first) return read;
      first = false;
      full = true;
      appendFileSync(claimOf(scene, 'x'), ' and more');
      scene.put('x', 'new');
      return read;
    }) as typeof systemFiles.readSync,
    mkdirSync: ((...given: Parameters<typeof systemFiles.mkdirSync>) => {
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return systemFiles.mkdirSync(...given);
    }) as typeof systemFiles.mkdirSync,
  };
  return {
    files,
    free: () => {
      full = false;
    },
  };
}

/** What comes in so many calls, acknowledged. */
async function bodies(source: FolderSource, calls: number): Promise<string[]> {
  const seen: string[] = [];
  for (let call = 0; call < calls; call += 1) {
    for (const delivery of await taken(source)) {
      seen.push(delivery.message.body.toString());
      delivery.ack();
    }
  }
  return seen;
}

test('a file that changed while it was read, and cannot be given back, is not overwritten by a new one of its name', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x', 'old');
  scene.put('y', 'another');
  const { files, free } = disk(scene);
  const source = await scene.source({}, files);
  // the others go on meanwhile
  assert.deepEqual(await bodies(source, 3), ['another']);
  assert.equal(scene.read('x'), 'new');
  assert.deepEqual(
    scene.troubles.map(({ event }) => event),
    ['folder-stuck'],
  );
  assert.match(scene.troubles[0]?.text ?? '', /1 of what was claimed .*\/x": ENOSPC.*make room/);
  free();
  assert.deepEqual((await bodies(source, 6)).sort(), ['new', 'old and more']);
  await source.close();
  assert.deepEqual(scene.everything(), []);
});

test('the same with a run that ends while the disk is full: the next one has both', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x', 'old');
  const { files } = disk(scene);
  const source = await scene.source({}, files);
  assert.deepEqual(await bodies(source, 1), []);
  await source.close();
  assert.equal(scene.troubles.length, 1);
  const next = await scene.source();
  assert.deepEqual((await bodies(next, 6)).sort(), ['new', 'old and more']);
  await next.close();
  assert.deepEqual(scene.everything(), []);
});
