import assert from 'node:assert/strict';
import { linkSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

const ELEMENT = '5f000000/5f0000000000a1';

/** Makes a file of a queue, `ageSeconds` old. */
function place(path: string, name: string, ageSeconds: number): void {
  mkdirSync(join(path, name, '..'), { recursive: true });
  writeFileSync(join(path, name), 'x');
  age(join(path, name), ageSeconds);
}

function age(file: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(file, time, time);
}

test('old temporary files and old locks go, young ones stay', async (t) => {
  const path = await tempFolder(t);
  place(path, '5f000000/5f000000000001.tmp', 301);
  place(path, '5f000000/5f000000000002.tmp', 290);
  for (const [name, seconds] of [
    ['5f000000/5f000000000003', 601],
    ['5f000000/5f000000000004', 590],
  ] as const) {
    place(path, name, 0);
    linkSync(join(path, name), join(path, `${name}.lck`));
    age(join(path, name), seconds);
  }
  const queue = new SimpleQueue({ path });
  assert.deepEqual(await queue.purge(), { temporary: 1, locks: 1, folders: 0 });
  assert.deepEqual(
    filesOf(path).map((file) => file.slice(path.length + 10)),
    ['5f000000000002.tmp', '5f000000000003', '5f000000000004', '5f000000000004.lck'],
  );
  assert.equal(await queue.lock('5f000000/5f000000000003'), true);
});

test('a lock whose element is gone goes when it is old', async (t) => {
  const path = await tempFolder(t);
  place(path, `${ELEMENT}.lck`, 601);
  assert.equal((await new SimpleQueue({ path }).purge()).locks, 1);
  assert.deepEqual(filesOf(path), []);
});

test('limits can be given, and 0 means never', async (t) => {
  const path = await tempFolder(t);
  place(path, `${ELEMENT}.tmp`, 1000);
  place(path, `${ELEMENT}.lck`, 1000);
  const queue = new SimpleQueue({ path, maxLock: 0, maxTemp: 0 });
  assert.deepEqual(await queue.purge(), { temporary: 0, locks: 0, folders: 0 });
  assert.deepEqual(await queue.purge({ maxTemp: 999, maxLock: 1001 }), { temporary: 1, locks: 0, folders: 0 });
  assert.deepEqual(await queue.purge({ maxLock: 999 }), { temporary: 0, locks: 1, folders: 0 });
});

test('empty folders go, all but the last; folders of others stay', async (t) => {
  const path = await tempFolder(t);
  for (const folder of ['5f000000', '5f000001', '5f000002', '5f000003', 'theirs']) mkdirSync(join(path, folder));
  place(path, '5f000001/5f0000000000a1', 0);
  assert.deepEqual(await new SimpleQueue({ path }).purge(), { temporary: 0, locks: 0, folders: 2 });
  mkdirSync(join(path, '5f000000'));
});

test('what is not ours stays, however old, and keeps its folder', async (t) => {
  const path = await tempFolder(t);
  const theirs = ['5f000000/README', '5f000000/x.tmp', '5f000000/5f0000000000a1.bak', '5f000000/x.lck', 'stuff.tmp'];
  for (const name of theirs) place(path, name, 100_000);
  mkdirSync(join(path, '5f000001'));
  assert.deepEqual(await new SimpleQueue({ path }).purge(), { temporary: 0, locks: 0, folders: 0 });
  assert.equal(filesOf(path).length, theirs.length);
});
