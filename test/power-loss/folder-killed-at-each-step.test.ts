import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { FolderSourceOptions } from '../../src/sources/folder/folder-source.js';
import { FolderScene, taken } from '../support/folder-scene.js';

const CHANGING = ['linkSync', 'mkdirSync', 'renameSync', 'rmdirSync', 'unlinkSync'] as const;

/** The system's calls, until `left` of those that change something were made: then the process is dead, and does nothing more. */
function mortal(left: number): { files: FileSystem; died: () => boolean } {
  let calls = 0;
  const dead = () => Object.assign(new Error('the process is dead'), { code: 'EIO' });
  const files = { ...systemFiles };
  for (const name of CHANGING) {
    const call = systemFiles[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]) => {
      calls += 1;
      if (calls > left) throw dead();
      return call(...args);
    };
    Object.assign(files, { [name]: watched });
  }
  return { files, died: () => calls > left };
}

const NAMES = ['a', 'b', 'c', 'd'];

/** Takes all, acknowledges some, gives others back; what was acknowledged, with the headers it came with. */
async function live(scene: FolderScene, options: Partial<FolderSourceOptions>, files: FileSystem): Promise<string[]> {
  const acknowledged: string[] = [];
  const source = scene.unopened(options, files);
  try {
    await source.open();
    for (const [index, delivery] of (await taken(source)).entries()) {
      // it is safe at its destination from here on, whether or not the file goes
      if (index % 2 === 0) acknowledged.push(`${delivery.name} ${delivery.message.header.n}`);
      if (index % 2 === 0) delivery.ack();
      else delivery.release();
    }
    // another file of the name of one that is out
    if (scene.names().length === 0) scene.put('b', 'content of b, the second');
    await source.settle();
    await source.close();
  } catch {
    // dead
  }
  return acknowledged;
}

for (const sidecar of [false, true]) {
  for (const kind of ['remove', 'move'] as const) {
    test(`${kind}${sidecar ? ' with headers beside' : ''}: killed before any call that changes something, no file is lost`, async (t) => {
      let steps = 0;
      for (let survived = false; !survived; steps += 1) {
        const scene = await FolderScene.set(t);
        const to = join(scene.folder, 'done');
        mkdirSync(to);
        for (const name of NAMES) {
          if (sidecar) scene.put(`${name}.json`, `{"n":"${name}"}`);
          scene.put(name);
        }
        const options = { sidecar, afterwards: kind === 'move' ? { kind, to } : { kind } } as const;
        const { files, died } = mortal(steps);
        const safe = new Set(await live(scene, options, files));
        survived = !died();
        if (readdirSync(scene.path).includes('.stompctl.claims')) scene.bury();
        // the next processes take what is there, until there is nothing more
        for (let round = 0; round < 3; round += 1) {
          const source = await scene.source(options);
          for (const delivery of await taken(source)) {
            safe.add(`${delivery.name} ${delivery.message.header.n}`);
            assert.match(delivery.message.body.toString(), new RegExp(`^content of ${delivery.name}`));
            delivery.ack();
          }
          await source.close();
        }
        const expected = NAMES.map((name) => `${name} ${sidecar ? name : undefined}`);
        const missing = expected.filter((one) => !safe.has(one));
        assert.deepEqual(missing, [], `killed after ${steps} steps`);
        assert.deepEqual(
          scene.everything().filter((name) => !name.endsWith('.json')),
          [],
          `killed after ${steps} steps`,
        );
        if (kind === 'move') {
          const moved = scene.names(to).filter((name) => !name.includes('.json'));
          for (const name of NAMES)
            assert.ok(
              moved.some((one) => one.startsWith(name)),
              `${name} of ${moved}, ${steps}`,
            );
          for (const name of moved) assert.match(readFileSync(join(to, name), 'utf8'), /^content of /);
        }
      }
      assert.ok(steps > 10, String(steps));
    });
  }
}
