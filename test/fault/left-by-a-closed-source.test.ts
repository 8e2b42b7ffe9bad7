import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { FolderScene, taken } from '../support/folder-scene.js';
import { openSource, take } from '../support/queue-ends.js';
import { filesOf, produce } from '../support/sample-messages.js';
import { atEnd, type Cleaning, tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const COUNT = 3;
const SAMPLES = Array.from({ length: COUNT }, (_, number) => ({
  number,
  header: {},
  body: Buffer.from('b'),
  text: true,
}));

/** A queue some of whose elements stay locked by a source that is closed: its disk let no lock go. */
async function leftLocked(test: Cleaning) {
  const path = await tempFolder(test);
  produce(path, SAMPLES);
  const watched = new WatchedFiles(path);
  const after = (run: () => Promise<void>) => atEnd(test, run);
  const { source } = await openSource({ after }, { path, loop: true, maxLock: 0, files: watched.files });
  assert.equal((await take(source)).length, COUNT);
  watched.fault = (operation, name) => (operation === 'unlink' && name.endsWith('.lck') ? 'EPERM' : undefined);
  await source.close().catch(() => undefined);
  const locks = () => filesOf(path).filter((name) => name.endsWith('.lck')).length;
  assert.equal(locks(), COUNT);
  return { path, watched, after, locks };
}

describe('elements that a closed source of this process could not unlock', () => {
  it('are taken by the next one', async (test) => {
    const { path, after } = await leftLocked(test);
    const { source, events } = await openSource({ after }, { path, loop: true, maxLock: 0 });
    assert.equal(events.recoveredLocks, COUNT);
    assert.equal((await take(source)).length, COUNT);
  });

  it('are taken when the next one purges, where they could not be unlocked as it was opened either', async (test) => {
    const { path, after, watched } = await leftLocked(test);
    const given = { path, loop: true, maxLock: 0, purgeIntervalMs: 10, files: watched.files };
    const { source, events } = await openSource({ after }, given);
    assert.equal((await take(source)).length, 0);
    watched.fault = () => undefined;
    await eventually(() => events.recoveredLocks === COUNT);
    await eventually(async () => (await take(source)).length === COUNT);
  });

  it('are not those of one that is open, whatever path it has the queue by', async (test) => {
    const path = await tempFolder(test);
    produce(path, SAMPLES);
    const after = (run: () => Promise<void>) => atEnd(test, run);
    const { source } = await openSource({ after }, { path, loop: true });
    assert.equal((await take(source)).length, COUNT);
    const moved = `${await tempFolder(test)}/moved`;
    renameSync(path, moved);
    const { source: other, events } = await openSource({ after }, { path: moved, loop: true });
    assert.deepEqual([(await take(other)).length, events.recoveredLocks], [0, 0]);
    renameSync(moved, path);
  });
});

describe('a file that a closed source of this process could not give back, as another one had its name,', () => {
  it('comes after that one', async (test) => {
    const scene = await FolderScene.set(test);
    scene.put('x', 'first');
    const old = await scene.source({ loop: true });
    assert.equal((await taken(old)).length, 1);
    scene.put('x', 'second');
    await old.close();
    const next = await scene.source({ loop: true });
    const bodies: string[] = [];
    for (let pass = 0; pass < 4; pass += 1) {
      for (const delivery of await taken(next)) {
        bodies.push(delivery.message.body.toString());
        delivery.ack();
      }
    }
    assert.deepEqual(bodies, ['second', 'first']);
    await next.close();
    assert.deepEqual(scene.everything(), []);
  });

  it('is left alone while the source that has it is open', async (test) => {
    const scene = await FolderScene.set(test);
    scene.put('x', 'first');
    const source = await scene.source({ loop: true });
    const [first] = await taken(source);
    scene.put('x', 'second');
    first?.release();
    await source.settle();
    const other = await scene.source({ loop: true });
    const bodies = (await taken(other)).map(({ message }) => message.body.toString());
    assert.deepEqual([bodies, await taken(other), scene.recovered], [['second'], [], 0]);
  });
});
