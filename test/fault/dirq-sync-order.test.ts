import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { openSource, take, textOf } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

/** The calls without names: `link F/E`, `unlink F/E.tmp`, `fsync done F`, and the queue's own folder as `.`. */
function plain(calls: readonly string[]): string[] {
  return calls
    .filter((call) => !call.includes('.locks') && !/^(open|close|read) /.test(call))
    .map((call) =>
      call
        .replace(/[0-9a-f]{14}/, 'E')
        .replace(/[0-9a-f]{8}/, 'F')
        .replace(/ $/, ' .')
        .trimEnd(),
    )
    .map((call) => (/^(fsync|fsync done|mkdir)$/.test(call) ? `${call} .` : call));
}

async function watchedSink(t: { after(run: () => Promise<void>): void }) {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
  await sink.open();
  t.after(() => sink.close());
  return { sink, watched };
}

test('a message is synced, linked, its folders synced, told to be safe, and tidied up, in this order', async (t) => {
  const { sink, watched } = await watchedSink(t);
  watched.calls.length = 0;
  await sink.send(textOf('1')).then(() => watched.calls.push('safe'));
  await sink.flush();
  const order = [
    'mkdir F',
    'write F/E.tmp',
    'fdatasync F/E.tmp',
    'fdatasync done F/E.tmp',
    'link F/E',
    'fsync F',
    'fsync done F',
    'fsync .',
    'fsync done .',
    'unlink F/E.tmp',
    'safe',
  ];
  // the promise is resolved before the unlink; who waits for it hears in the microtask after
  assert.deepEqual(plain(watched.calls), order);
  watched.calls.length = 0;
  await sink.send(textOf('2'));
  assert.ok(!plain(watched.calls).includes('fsync .'), 'the folder is known to be durable by now');
});

test('the names of temporary files are in the journal before the files are made', async (t) => {
  const { sink, watched } = await watchedSink(t);
  await sink.send(textOf('1'));
  const journal = watched.calls.findIndex((call) => /^write stompctl\..*\.locks$/.test(call));
  const file = watched.calls.findIndex((call) => /^open .*\.tmp$/.test(call));
  assert.ok(journal >= 0 && journal < file);
});

test('messages sent together share their syncs: all files, then all links, then one folder', async (t) => {
  const { sink, watched } = await watchedSink(t);
  await Promise.all(Array.from({ length: 5 }, (_, number) => sink.send(textOf(String(number)))));
  const calls = plain(watched.calls);
  assert.ok(calls.lastIndexOf('fdatasync done F/E.tmp') < calls.indexOf('link F/E'));
  assert.ok(calls.lastIndexOf('link F/E') < calls.indexOf('fsync F'));
  assert.equal(calls.filter((call) => call === 'link F/E').length, 5);
  assert.equal(calls.filter((call) => call === 'fsync F').length, 1);
});

test('the folders of a queue that had to be made are synced when it opens', async (t) => {
  const root = await tempFolder(t);
  const watched = new WatchedFiles(root);
  const sink = new QueueSink({ path: join(root, 'a', 'b'), sync: 'batch' }, watched.files);
  await sink.open();
  assert.deepEqual(
    watched.calls.filter((call) => call.startsWith('fsync done')),
    ['fsync done ', 'fsync done a'],
  );
});

test('a source that removes syncs its folders after each window of removals, before it takes more', async (t) => {
  const path = await tempFolder(t);
  const queue = new SimpleQueue({ path });
  for (let number = 0; number < 30; number += 1) await queue.addMessage(textOf(String(number)));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, sync: 'batch', window: 10, files: watched.files });
  for (let taken = 0; taken < 30; ) {
    const deliveries = await take(source, { deliveries: 10, bytes: 1 << 20 });
    for (const delivery of deliveries) delivery.ack();
    taken += deliveries.length;
  }
  await source.settle();
  let atRisk = 0;
  let most = 0;
  let left = 0;
  for (const call of plain(watched.calls)) {
    if (call === 'unlink F/E') atRisk += 1;
    if (call === 'fsync F') left = atRisk;
    // what was removed while the sync was under way is not covered by it
    if (call === 'fsync done F') atRisk -= left;
    most = Math.max(most, atRisk);
  }
  assert.equal(atRisk, 0);
  assert.ok(most <= 10, `${most} removals at risk at once`);
});

test('an element is locked before it is read, and the journal written before it is locked', async (t) => {
  const path = await tempFolder(t);
  const name = await new SimpleQueue({ path }).addMessage(textOf('1'));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, files: watched.files });
  for (const delivery of await take(source)) delivery.ack();
  await source.close();
  const calls = watched.calls
    .filter((call) => !/^(close|fsync)/.test(call))
    .map((call) => call.replace(/stompctl\..*/, 'J'));
  const wanted = [
    'write J',
    `link ${name}.lck`,
    `utimes ${name}`,
    `read ${name}`,
    `unlink ${name}`,
    `unlink ${name}.lck`,
    'unlink J',
  ];
  assert.deepEqual(
    calls
      .filter((call) => wanted.includes(call))
      .filter((call, index, all) => call !== 'write J' || all[index + 1] !== 'write J'),
    wanted,
  );
});
