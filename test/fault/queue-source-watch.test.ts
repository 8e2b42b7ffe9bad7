import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { QueueDirectory } from '../../src/dirq/queue-directory.js';
import { QueueWatch } from '../../src/sources/queue/queue-watch.js';
import { eventually } from '../support/eventually.js';
import { tempFolder } from '../support/temp-folder.js';

const FOLDER = '5f000000';
const LATER = '5f000060';
const ELEMENT = '5f000000000000';

/** A watch of a queue with one folder, and how often it told. */
async function scene(test: TestContext, watchFolder: typeof watch = watch) {
  const path = await tempFolder(test);
  await mkdir(join(path, FOLDER));
  const told = { times: 0 };
  const seen = new QueueWatch(new QueueDirectory(path, systemFiles, undefined), () => (told.times += 1), watchFolder);
  test.after(() => seen.close());
  return { path, told, seen };
}

describe('the watch of an empty queue', () => {
  it('tells of an element that is renamed into place, and of a new folder', async (test) => {
    const { path, told, seen } = await scene(test);
    assert.equal(seen.whileEmpty(0), true, 'look again: nobody watched before');
    assert.equal(seen.whileEmpty(0), false);
    await writeFile(join(path, 'outside'), '');
    await rename(join(path, 'outside'), join(path, FOLDER, ELEMENT));
    await eventually(() => told.times > 0);
    const before = told.times;
    await mkdir(join(path, LATER));
    await eventually(() => told.times > before);
    assert.equal(seen.whileEmpty(0), true, 'the new folder was not watched');
    const later = told.times;
    await writeFile(join(path, LATER, ELEMENT), '{}');
    await eventually(() => told.times > later);
  });

  it('says nothing of locks and temporary files', async (test) => {
    const { path, told, seen } = await scene(test);
    seen.whileEmpty(0);
    await writeFile(join(path, FOLDER, `${ELEMENT}.lck`), '');
    await writeFile(join(path, FOLDER, `${ELEMENT}.tmp`), '');
    await mkdir(join(path, LATER));
    await eventually(() => told.times > 0);
    assert.equal(told.times, 1, 'the folder, which came last');
  });

  it('watches a folder that was removed and made again', async (test) => {
    const { path, told, seen } = await scene(test);
    seen.whileEmpty(0);
    await rm(join(path, FOLDER), { recursive: true });
    await mkdir(join(path, FOLDER));
    await eventually(() => seen.whileEmpty(0));
    const before = told.times;
    await writeFile(join(path, FOLDER, ELEMENT), '{}');
    await eventually(() => told.times > before);
  });

  it('asks a system that refuses again after a minute', async (test) => {
    let asked = 0;
    const refuses = ((...args: Parameters<typeof watch>) => {
      asked += 1;
      if (asked > 1) return watch(...args);
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    }) as typeof watch;
    const { seen } = await scene(test, refuses);
    assert.equal(seen.whileEmpty(0), false);
    assert.equal(seen.whileEmpty(59_999), false);
    assert.equal(asked, 1);
    assert.equal(seen.whileEmpty(60_000), true);
  });

  it('leaves off while the queue is busy', async (test) => {
    const { seen } = await scene(test);
    seen.whileEmpty(0);
    seen.taken(false);
    seen.taken(true);
    seen.taken(false);
    seen.taken(false);
    assert.equal(seen.whileEmpty(0), false, 'still watched');
    for (let batch = 0; batch < 3; batch += 1) seen.taken(false);
    assert.equal(seen.whileEmpty(0), true, 'watched anew');
  });
});
