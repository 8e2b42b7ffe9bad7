import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

test('an element is a file named by the time, in a folder named by the minute', async (t) => {
  const path = join(await tempFolder(t), 'deep', 'queue');
  const queue = new SimpleQueue({ path, rndhex: 7 });
  const name = await queue.add('hello é');
  assert.match(name, /^[0-9a-f]{8}\/[0-9a-f]{13}7$/);
  assert.equal(readFileSync(join(path, name), 'utf8'), 'hello é');
  assert.deepEqual(filesOf(path), [join(path, name)]);
});

test('add, lock, get, remove: what a consumer does', async (t) => {
  const queue = new SimpleQueue({ path: await tempFolder(t), sync: true });
  const name = await queue.add(Buffer.from([0, 255]));
  assert.equal(await queue.count(), 1);
  assert.equal(await queue.lock(name), true);
  assert.equal(await queue.lock(name), false);
  assert.deepEqual(await queue.get(name), Buffer.from([0, 255]));
  assert.deepEqual(readFileSync(queue.getPath(name)), Buffer.from([0, 255]));
  await queue.remove(name);
  assert.equal(await queue.count(), 0);
  assert.equal(await queue.lock(name), false);
  assert.deepEqual(filesOf(queue.path), []);
});

test('a lock is a hard link, its time the time of locking; touch moves it', async (t) => {
  const queue = new SimpleQueue({ path: await tempFolder(t) });
  const name = await queue.add('x');
  const file = join(queue.path, name);
  utimesSync(file, 1, 1);
  await queue.lock(name);
  assert.equal(statSync(`${file}.lck`).ino, statSync(file).ino);
  assert.ok(Math.abs(statSync(file).mtimeMs - Date.now()) < 5000);
  utimesSync(file, 1, 1);
  await queue.touch(name);
  assert.ok(Math.abs(statSync(file).mtimeMs - Date.now()) < 5000);
  assert.equal(await queue.unlock(name), true);
  assert.equal(await queue.unlock(name), false);
  assert.equal(await queue.lock(name), true);
});

test('what is not locked is neither read nor removed', async (t) => {
  const queue = new SimpleQueue({ path: await tempFolder(t) });
  const name = await queue.add('x');
  await assert.rejects(queue.get(name), { code: 'ELEMENT_NOT_LOCKED' });
  await assert.rejects(queue.remove(name), { code: 'ELEMENT_NOT_LOCKED' });
  await assert.rejects(queue.getMessage(name), { code: 'ELEMENT_NOT_LOCKED' });
  assert.equal(await queue.count(), 1);
});

test('names from outside are no way out of the queue', async (t) => {
  const queue = new SimpleQueue({ path: await tempFolder(t) });
  for (const name of ['../x', '', '5f000000/../../x', '5f000000/5f000000000000.lck']) {
    await assert.rejects(queue.lock(name || '/'), { code: 'USAGE' });
    assert.throws(() => queue.getPath(name), { code: 'USAGE' });
  }
});

test('messages go in and come out', async (t) => {
  const queue = new SimpleQueue({ path: await tempFolder(t) });
  const message = new Message(newHeader({ destination: '/queue/x' }), Buffer.from('é'), true);
  const name = await queue.addMessage(message);
  await queue.lock(name);
  assert.deepEqual(await queue.getMessage(name), message);
});

test('iteration is first in, first out, over folders in order, and sees what was there at its start', async (t) => {
  const path = await tempFolder(t);
  for (const folder of ['5f000001', '5f000000', 'not-ours', '5F000000']) mkdirSync(join(path, folder));
  const names = ['5f000000/5f000000000001', '5f000000/5f000000000002', '5f000001/5f000000000000'];
  for (const name of [...names].reverse()) writeFileSync(join(path, name), 'x');
  writeFileSync(join(path, 'not-ours', '5f000000000000'), 'x');
  const queue = new SimpleQueue({ path });
  const seen: string[] = [];
  for await (const name of queue) {
    if (seen.length === 0) await queue.add('later');
    seen.push(name);
  }
  assert.deepEqual(seen, names);
  assert.equal(await queue.count(), 4);
});

test('umask is kept whatever the umask of the process, which is left alone', async (t) => {
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const path = join(await tempFolder(t), 'queue');
  const name = await new SimpleQueue({ path, umask: 0o022 }).add('x');
  assert.equal(statSync(path).mode & 0o777, 0o755);
  assert.equal(statSync(join(path, name.slice(0, 8))).mode & 0o777, 0o755);
  assert.equal(statSync(join(path, name)).mode & 0o777, 0o644);
  const plain = join(await tempFolder(t), 'queue');
  assert.equal(statSync(join(plain, await new SimpleQueue({ path: plain }).add('x'))).mode & 0o777, 0o600);
  assert.equal(process.umask(0o077), 0o077);
});

test('a queue path that is a file is told at the first use', async (t) => {
  const file = join(await tempFolder(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(new SimpleQueue({ path: file }).add('x'), {
    code: 'QUEUE_INVALID',
    message: /is not a directory/,
  });
  await assert.rejects(new SimpleQueue({ path: join(file, 'x') }).add('x'), { code: 'QUEUE_INVALID' });
});

test('options that are no numbers of their kind are refused', () => {
  for (const options of [
    { path: '' },
    { path: 'x', granularity: -1 },
    { path: 'x', rndhex: 16 },
    { path: 'x', umask: 0o1000 },
  ]) {
    assert.throws(() => new SimpleQueue(options), { code: 'QUEUE_INVALID' });
  }
});

test('two queues on one path never take the same element', async (t) => {
  const path = await tempFolder(t);
  const queues = [new SimpleQueue({ path }), new SimpleQueue({ path })];
  const names = await Promise.all(
    Array.from({ length: 200 }, (_, index) => (queues[index % 2] as SimpleQueue).add(String(index))),
  );
  assert.equal(new Set(names).size, 200);
  const locked = await Promise.all(queues.flatMap((queue) => names.map((name) => queue.lock(name))));
  assert.equal(locked.filter(Boolean).length, 200);
  assert.equal(existsSync(join(path, names[0] as string)), true);
  assert.equal(readdirSync(path).length > 0, true);
});
