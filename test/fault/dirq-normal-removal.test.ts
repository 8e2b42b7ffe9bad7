import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { openSource, PLENTY, take, textOf } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const INTERMEDIATE = /^[0-9a-f]{8}$/;
const OF_AN_ELEMENT = /(?:header|text|locked)$/;

/** A source of two elements, both taken. */
async function taken(t: TestContext, sync: 'batch' | 'none') {
  const path = await tempFolder(t);
  const queue = new NormalQueue({ path });
  for (const text of ['1', '2']) await queue.addMessage(textOf(text));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, {
    ...{ path, sync, type: 'DQN', loop: true, remove: true, files: watched.files },
  });
  const deliveries = await take(source);
  watched.calls.length = 0;
  return { path, source, watched, deliveries };
}

const inObsolete = (path: string): string[] => readdirSync(join(path, 'obsolete'));

test('the files of a removed DQN element go only when the folder it was in is synced', async (t) => {
  const { path, source, watched, deliveries } = await taken(t, 'batch');
  for (const delivery of deliveries) delivery.ack();
  await source.settle();
  const { calls } = watched;
  const moved = calls.findLastIndex((call) => call.startsWith('rename obsolete/'));
  const synced = calls.findIndex((call) => INTERMEDIATE.test(call.replace('fsync done ', '')));
  const gone = calls.findIndex((call) => /^(unlink|rmdir) /.test(call) && OF_AN_ELEMENT.test(call));
  assert.ok(moved >= 0 && moved < synced && synced < gone, calls.join('\n'));
  assert.deepEqual(inObsolete(path), []);
});

test('after a sync that failed they stay, for a purge, and the source says so', async (t) => {
  const { path, source, watched, deliveries } = await taken(t, 'batch');
  watched.fault = (operation, name) => (operation === 'fsync' && INTERMEDIATE.test(name) ? 'EIO' : undefined);
  for (const delivery of deliveries) delivery.ack();
  await assert.rejects(source.settle(), { code: 'QUEUE_IO' });
  assert.equal(inObsolete(path).length, 2);
  const [first = ''] = inObsolete(path);
  assert.deepEqual(readdirSync(join(path, 'obsolete', first)).sort(), ['header', 'locked', 'text']);
});

test('files that cannot be removed now are told of, and removed when asked again', async (t) => {
  const { path, source, watched, deliveries } = await taken(t, 'batch');
  watched.fault = (operation) => (operation === 'unlink' ? 'EACCES' : undefined);
  for (const delivery of deliveries) delivery.ack();
  await assert.rejects(source.settle(), { code: 'QUEUE_IO' });
  assert.equal(inObsolete(path).length, 2);
  watched.fault = () => undefined;
  await source.settle();
  assert.deepEqual(inObsolete(path), []);
});

test('an idle source has nothing left of what it removed', async (t) => {
  const { path, source, deliveries } = await taken(t, 'batch');
  for (const delivery of deliveries) delivery.ack();
  for (let count = 0; count < 3; count += 1) await source.next(PLENTY, new AbortController().signal);
  assert.deepEqual(inObsolete(path), []);
  assert.deepEqual(
    readdirSync(path).filter((name) => name.endsWith('.locks')),
    [],
  );
});

test('without sync they go at once', async (t) => {
  const { path, source, watched, deliveries } = await taken(t, 'none');
  for (const delivery of deliveries) delivery.ack();
  await source.settle();
  assert.deepEqual(inObsolete(path), []);
  assert.deepEqual(
    watched.calls.filter((call) => call.startsWith('fsync')),
    [],
  );
});

test('a purge syncs all folders before it removes what a dead process had moved away', async (t) => {
  const path = await tempFolder(t);
  const queue = new NormalQueue({ path });
  const name = await queue.addMessage(textOf('1'));
  mkdirSync(join(path, 'obsolete'), { recursive: true });
  renameSync(join(path, name), join(path, 'obsolete', name.slice(9)));
  const watched = new WatchedFiles(path);
  const watchedQueue = new NormalQueue({ path }, watched.files);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await watchedQueue.purge({ maxTemp: 0.001 });
  const { calls } = watched;
  const synced = calls.findIndex((call) => INTERMEDIATE.test(call.replace('fsync done ', '')));
  const gone = calls.findIndex((call) => call.startsWith('unlink obsolete/'));
  assert.ok(synced >= 0 && synced < gone, calls.join('\n'));
});
