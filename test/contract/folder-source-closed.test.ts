import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { FolderScene, taken } from '../support/folder-scene.js';

/** After `arm`, the first `times` calls of this name fail; `calls` counts those of any name. */
function failing(name: 'linkSync' | 'mkdirSync' | 'unlinkSync', errno: string, times = Number.POSITIVE_INFINITY) {
  let armed = false;
  let failed = 0;
  let calls = 0;
  const files = { ...systemFiles };
  for (const [key, call] of Object.entries(systemFiles)) {
    if (typeof call !== 'function' || !key.endsWith('Sync')) continue;
    const watched = (...given: unknown[]): unknown => {
      calls += 1;
      if (armed && key === name && failed < times) {
        failed += 1;
        throw Object.assign(new Error(`${errno}: as told`), { code: errno });
      }
      return (call as (...given: unknown[]) => unknown)(...given);
    };
    Object.assign(files, { [key]: watched });
  }
  return {
    files: files satisfies FileSystem,
    arm: () => {
      armed = true;
    },
    calls: () => calls,
  };
}

/** Long enough for whatever was put off to the next turn of the loop. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
}

test('what could not be given back at once is given back by close, and stays', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x');
  const { files, arm, calls } = failing('linkSync', 'EIO', 1);
  const source = await scene.source({ loop: true }, files);
  const [delivery] = await taken(source);
  arm();
  delivery?.release();
  await assert.rejects(source.close(), { code: 'QUEUE_IO' });
  const before = calls();
  await turns();
  assert.deepEqual(scene.everything(), ['x']);
  assert.equal(calls(), before, 'a closed source touches nothing');
  assert.equal(scene.read('x'), 'content of x');
});

test('a new file of the name of one that could not be given back is not removed', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x', 'old');
  const { files, arm } = failing('mkdirSync', 'ENOSPC');
  const source = await scene.source({ loop: true }, files);
  const [delivery] = await taken(source);
  scene.put('x', 'new');
  arm();
  delivery?.release();
  await source.close().catch(() => undefined);
  await turns();
  assert.equal(scene.read('x'), 'new');
  const next = await scene.source();
  const bodies: string[] = [];
  for (let pass = 0; pass < 3; pass += 1) {
    for (const one of await taken(next)) {
      bodies.push(one.message.body.toString());
      one.ack();
    }
  }
  await next.close();
  assert.deepEqual(bodies.sort(), ['new', 'old']);
  assert.deepEqual(scene.everything(), []);
});

test('a new file of the name of one that is safe, but could not be removed, is not removed', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x', 'old');
  const { files, arm } = failing('unlinkSync', 'EIO', 1);
  const source = await scene.source({ loop: true }, files);
  const [delivery] = await taken(source);
  scene.put('x', 'new');
  arm();
  delivery?.ack();
  await source.close().catch(() => undefined);
  await turns();
  assert.equal(scene.read('x'), 'new');
});

test('what is settled after close is told, and changes nothing', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('x');
  const source = await scene.source({ loop: true });
  const [delivery] = await taken(source);
  await source.close();
  delivery?.ack();
  await source.settle();
  await turns();
  assert.deepEqual(scene.inVain, ['x']);
  assert.deepEqual(scene.everything(), ['x']);
});

test('a closed source takes nothing', async (t) => {
  const scene = await FolderScene.set(t);
  const { files, calls } = failing('linkSync', 'EIO');
  const source = await scene.source({ loop: true }, files);
  await source.close();
  scene.put('x');
  const before = calls();
  assert.deepEqual(await taken(source), []);
  assert.equal(calls(), before);
});
