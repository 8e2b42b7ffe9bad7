import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { eventually } from '../support/eventually.js';
import { openSource, PLENTY, take, takeAll, textOf } from '../support/queue-ends.js';
import { consume, elementPaths, filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';
import { type Fault, WatchedFiles } from '../support/watched-files.js';

interface Faulty {
  readonly name: string;
  readonly fault: Fault;
}

const isElement = (path: string): boolean => /^[0-9a-f]{8}\/[0-9a-f]{14}$/.test(path);
const isTemporary = (path: string): boolean => path.endsWith('.tmp');

const FAULTS: readonly Faulty[] = [
  ...['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE'].map((errno) => ({
    name: `creating a file fails with ${errno}`,
    fault: (operation: string, path: string) => (operation === 'open' && isTemporary(path) ? errno : undefined),
  })),
  ...['ENOSPC', 'EDQUOT', 'EIO'].map((errno) => ({
    name: `writing fails with ${errno}`,
    fault: (operation: string, path: string) => (operation === 'write' && isTemporary(path) ? errno : undefined),
  })),
  {
    name: 'making the folder fails with ENOSPC',
    fault: (operation) => (operation === 'mkdir' ? 'ENOSPC' : undefined),
  },
  {
    name: 'syncing a file fails with EIO',
    fault: (operation) => (operation === 'fdatasync' ? 'EIO' : undefined),
  },
  {
    name: 'linking fails with ENOSPC',
    fault: (operation, path) => (operation === 'link' && isElement(path) ? 'ENOSPC' : undefined),
  },
  {
    name: 'syncing a folder fails with EIO',
    fault: (operation, path) => (operation === 'fsync' && path.length === 8 ? 'EIO' : undefined),
  },
  {
    name: 'syncing the queue fails with EIO',
    fault: (operation, path) => (operation === 'fsync' && path === '' ? 'EIO' : undefined),
  },
];

for (const { name, fault } of FAULTS) {
  test(`sink: ${name}: every send says so, nothing is left, and the same works later`, async (t) => {
    const path = await tempFolder(t);
    const watched = new WatchedFiles(path);
    const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
    await sink.open();
    watched.fault = fault;
    const results = await Promise.allSettled([sink.send(textOf('1')), sink.send(textOf('2'))]);
    for (const result of results) {
      assert.equal(result.status, 'rejected');
      if (result.status === 'rejected') {
        assert.equal(result.reason.code, 'QUEUE_IO');
        assert.equal(result.reason.action, 'wait');
      }
    }
    assert.deepEqual(elementPaths(path), []);
    assert.deepEqual(filesOf(path).filter(isTemporary), []);
    watched.fault = () => undefined;
    await Promise.all([sink.send(textOf('1')), sink.send(textOf('2'))]);
    await sink.close();
    assert.deepEqual(
      [...consume(path)].map(({ body }) => body.toString()),
      ['1', '2'],
    );
    assert.equal(filesOf(path).length, 2);
  });
}

test('sink: temporary files that could not be removed are when it is opened again, or closed', async (t) => {
  for (const again of ['open', 'close'] as const) {
    const path = await tempFolder(t);
    const watched = new WatchedFiles(path);
    const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
    await sink.open();
    watched.fault = (operation) => (operation === 'unlink' ? 'EACCES' : undefined);
    await sink.send(textOf('1'));
    await sink.flush();
    assert.equal(filesOf(path).filter(isTemporary).length, 1);
    watched.fault = () => undefined;
    await sink[again]();
    assert.deepEqual(filesOf(path).filter(isTemporary), []);
    await sink.close();
    assert.deepEqual(filesOf(path), elementPaths(path));
  }
});

test('sink: a sync that failed is not tried again; the other files of the batch go on', async (t) => {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
  await sink.open();
  let syncs = 0;
  watched.fault = (operation) => {
    if (operation !== 'fdatasync') return undefined;
    syncs += 1;
    return syncs === 2 ? 'EIO' : undefined;
  };
  const results = await Promise.allSettled(['1', '2', '3'].map((text) => sink.send(textOf(text))));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const failed = watched.calls.find((call) => call.startsWith('fdatasync EIO'))?.slice('fdatasync EIO '.length);
  assert.equal(watched.calls.filter((call) => call.startsWith('fdatasync') && call.endsWith(failed ?? '?')).length, 1);
  assert.equal(existsSync(join(path, failed ?? '')), false);
  await sink.close();
});

test('sink: with too few descriptors for a batch it makes smaller ones', async (t) => {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
  await sink.open();
  let open = 0;
  watched.fault = (operation, name) => {
    if (!isTemporary(name)) return undefined;
    if (operation === 'open' && open >= 7) return 'EMFILE';
    if (operation === 'open') open += 1;
    if (operation === 'close') open -= 1;
    return undefined;
  };
  await sink.send(textOf('0'));
  await Promise.all(Array.from({ length: 100 }, (_, number) => sink.send(textOf(String(number + 1)))));
  await sink.close();
  assert.deepEqual(
    [...consume(path)].map(({ body }) => body.toString()),
    Array.from({ length: 101 }, (_, number) => String(number)),
  );
});

test('sink: an element that a consumer took before its folder was synced is not taken back', async (t) => {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const sink = new QueueSink({ path, sync: 'batch' }, watched.files);
  await sink.open();
  const consumer = new SimpleQueue({ path });
  const locked: boolean[] = [];
  watched.fault = (operation, name) => {
    if (operation !== 'fsync' || name.length !== 8) return undefined;
    for (const file of elementPaths(path)) consumer.lock(file.slice(path.length + 1)).then((done) => locked.push(done));
    return 'EIO';
  };
  await assert.rejects(sink.send(textOf('1')), { code: 'QUEUE_IO' });
  assert.deepEqual(locked, [true]);
  assert.equal(elementPaths(path).length, 1);
  await sink.close();
});

test('source: a removal that fails is told, stops the taking, and is tried again', async (t) => {
  const path = await tempFolder(t);
  const queue = new SimpleQueue({ path });
  for (const text of ['1', '2', '3']) await queue.addMessage(textOf(text));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, files: watched.files });
  const [first] = await take(source, { deliveries: 1, bytes: 1 });
  watched.fault = (operation, name) => (operation === 'unlink' && isElement(name) ? 'EROFS' : undefined);
  first?.ack();
  await assert.rejects(source.settle(), { code: 'QUEUE_IO', message: /EROFS/ });
  await assert.rejects(source.next(PLENTY, new AbortController().signal), { code: 'QUEUE_IO' });
  watched.fault = () => undefined;
  const rest = await takeAll(source, (delivery) => delivery.ack());
  assert.equal(rest.length, 2);
  await source.close();
  assert.deepEqual(filesOf(path), []);
});

for (const late of [false, true]) {
  test(`source: a failing sync of removals is told once${late ? ', also when it failed before anybody asked' : ''}`, async (t) => {
    const path = await tempFolder(t);
    await new SimpleQueue({ path }).addMessage(textOf('1'));
    const watched = new WatchedFiles(path);
    const { source } = await openSource(t, { path, sync: 'message', files: watched.files });
    const [first] = await take(source);
    watched.fault = (operation) => (operation === 'fsync' ? 'EIO' : undefined);
    first?.ack();
    if (late) {
      await eventually(() => watched.calls.some((call) => call.startsWith('fsync EIO')));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await assert.rejects(source.settle(), { code: 'QUEUE_IO', message: /EIO/ });
    await source.settle();
    await source.close();
    assert.deepEqual(filesOf(path), []);
  });
}

test('source: too many open files is to wait for, and loses no lock', async (t) => {
  const path = await tempFolder(t);
  await new SimpleQueue({ path }).addMessage(textOf('1'));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, files: watched.files });
  watched.fault = (operation, name) => (operation === 'open' && isElement(name) ? 'EMFILE' : undefined);
  await assert.rejects(source.next(PLENTY, new AbortController().signal), { code: 'QUEUE_IO' });
  assert.equal(filesOf(path).filter((file) => file.endsWith('.lck')).length, 0);
});

test('source: on a full disk it goes on without its journal', async (t) => {
  const path = await tempFolder(t);
  for (const text of ['1', '2']) await new SimpleQueue({ path }).addMessage(textOf(text));
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, files: watched.files });
  watched.fault = (operation, name) => (/\.locks/.test(name) && /open|write/.test(operation) ? 'ENOSPC' : undefined);
  for (const delivery of await take(source)) delivery.ack();
  await source.close();
  assert.deepEqual(filesOf(path), []);
});
