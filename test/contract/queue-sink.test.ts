import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { DeadLetterSink } from '../../src/sinks/queue/dead-letter-sink.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { ManualClock } from '../support/manual-clock.js';
import { bodies, openSource, take, takeAll, textOf } from '../support/queue-ends.js';
import { DEAD_PID, journalHead, journalName } from '../support/queue-journal.js';
import { QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { consume, filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

async function messagesOf(kind: QueueType, path: string): Promise<Message[]> {
  const queue = kind.open(path);
  const messages: Message[] = [];
  for await (const name of queue) {
    await queue.lock(name);
    messages.push(await queue.getMessage(name));
  }
  return messages;
}

for (const kind of QUEUE_TYPES) {
  const { type } = kind;

  for (const sync of ['batch', 'message', 'none'] as const) {
    test(`${type}: sync ${sync}: what is sent is there, in order, and nothing else`, async (t) => {
      const path = join(await tempFolder(t), 'queue');
      const sink = new QueueSink({ path, type, sync });
      await sink.open();
      // one at a time, all batches are alike
      const count = sync === 'message' ? 100 : 300;
      const numbers = Array.from({ length: count }, (_, number) => String(number));
      await Promise.all(numbers.map((number) => sink.send(textOf(number))));
      assert.equal(await kind.open(path).count(), count);
      await sink.close();
      assert.deepEqual(remains(path), []);
      assert.deepEqual(
        (await messagesOf(kind, path)).map(({ body }) => body.toString()),
        numbers,
      );
    });
  }

  test(`${type}: messages of any kind arrive as they were sent`, async (t) => {
    const path = await tempFolder(t);
    const sink = new QueueSink({ path, type, sync: 'batch' });
    await sink.open();
    const messages = [
      new Message(),
      new Message(newHeader({ a: 'é\n' }), Buffer.from('text é'), true),
      new Message(newHeader(), Buffer.from([0, 255, 10]), false),
      new Message(newHeader(), Buffer.alloc(3_000_000, 200), false),
    ];
    await Promise.all(messages.map((message) => sink.send(message)));
    await sink.close();
    const arrived = await messagesOf(kind, path);
    assert.deepEqual(
      arrived.map(({ header, body, text }) => ({ header, body, text })),
      messages.map(({ header, body, text }) => ({ header, body, text })),
    );
  });

  test(`${type}: flush resolves when everything sent is safe; close flushes, and is safe when not open`, async (t) => {
    const path = await tempFolder(t);
    const sink = new QueueSink({ path, type, sync: 'batch' });
    await sink.close();
    await sink.open();
    const sends = [sink.send(textOf('1')), sink.send(textOf('2'))];
    await sink.flush();
    assert.equal(await kind.open(path).count(), 2);
    sends.push(sink.send(textOf('3')));
    await sink.close();
    await Promise.all(sends);
    assert.equal(await kind.open(path).count(), 3);
  });

  test(`${type}: a message that cannot be written is refused alone`, async (t) => {
    const path = await tempFolder(t);
    const sink = new QueueSink({ path, type, sync: 'batch' });
    await sink.open();
    const results = await Promise.allSettled([
      sink.send(textOf('1')),
      sink.send(new Message(newHeader({ a: '\ud800' }))),
      sink.send(textOf('2')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    await sink.close();
  });
}

test('temporary files of a dead predecessor are removed when it opens', async (t) => {
  const path = await tempFolder(t);
  mkdirSync(join(path, '5f000000'));
  writeFileSync(join(path, '5f000000', '5f000000000001.tmp'), '{"bo');
  writeFileSync(join(path, journalName(DEAD_PID)), `${journalHead()}@1.000000\n5f000000/5f000000000001.tmp\n`);
  const sink = new QueueSink({ path, sync: 'batch' });
  await sink.open();
  await sink.close();
  assert.deepEqual(filesOf(path), []);
});

test('a path that is a file is refused when opened, with the next step', async (t) => {
  const path = join(await tempFolder(t), 'file');
  writeFileSync(path, '');
  await assert.rejects(new QueueSink({ path, sync: 'batch' }).open(), {
    code: 'QUEUE_INVALID',
    message: /give the path of a directory/,
  });
});

test('a rejected message is stored with the headers that say why', async (t) => {
  const path = await tempFolder(t);
  const sink = new QueueSink({ path, sync: 'batch' });
  await sink.open();
  const deadLetters = new DeadLetterSink(sink);
  const message = new Message(newHeader({ destination: '/queue/x' }), Buffer.from([1, 2]), false);
  const reason = new StompctlError('MESSAGE_REFUSED', 'send', 'broker', 'no such\nthing');
  await deadLetters.store(message, reason, { source: 'queue /q', name: '5f000000/5f000000000001' });
  await sink.close();
  const [stored] = [...consume(path)];
  const { 'x-stompctl-time': time, ...header } = stored?.header ?? {};
  assert.deepEqual(header, {
    destination: '/queue/x',
    'x-stompctl-reason': 'send(broker): no such\nthing',
    'x-stompctl-code': 'MESSAGE_REFUSED',
    'x-stompctl-attempts': '1',
    'x-stompctl-source': 'queue /q 5f000000/5f000000000001',
  });
  assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(stored?.body, Buffer.from([1, 2]));
});

test('what cannot be decoded goes to the deadLetters byte for byte, when they take it', async (t) => {
  const path = join(await tempFolder(t), 'queue');
  const failed = join(await tempFolder(t), 'failed');
  const queue = new SimpleQueue({ path });
  const bad = [Buffer.from('{"body":'), Buffer.from([0, 255, 10])];
  for (const bytes of bad) await queue.add(bytes);
  await queue.addMessage(textOf('good'));
  const sink = new QueueSink({ path: failed, sync: 'batch' });
  await sink.open();
  const { source, events } = await openSource(t, { path, deadLetters: new DeadLetterSink(sink) });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['good']);
  await source.close();
  await sink.close();
  assert.deepEqual(filesOf(path), []);
  assert.deepEqual(
    filesOf(failed).map((file) => readFileSync(file)),
    bad,
  );
  assert.deepEqual(
    events.rejectedAs.map(({ reason }) => reason.code),
    ['ELEMENT_UNDECODABLE', 'ELEMENT_UNDECODABLE'],
  );
});

test('what cannot be decoded stays where it is when the deadLetters do not take it, and stops nobody', async (t) => {
  const path = join(await tempFolder(t), 'queue');
  const queue = new SimpleQueue({ path });
  const bad = await queue.add('{');
  await queue.addMessage(textOf('good'));
  const failed = join(await tempFolder(t), 'failed');
  const sink = new QueueSink({ path: failed, type: 'DQN', sync: 'batch' });
  await sink.open();
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path, loop: true, clock, deadLetters: new DeadLetterSink(sink) });
  assert.deepEqual(bodies(await take(source)), ['good']);
  for (let pass = 0; pass < 3; pass += 1) {
    const idle = take(source);
    await clock.advance(1000);
    assert.deepEqual(await idle, []);
  }
  await source.settle();
  assert.deepEqual(
    events.rejectedAs.map(({ name, reason }) => [name, reason.code]),
    [[bad, 'ELEMENT_UNDECODABLE']],
  );
  await source.close();
  await sink.close();
  assert.equal(readFileSync(join(path, bad), 'utf8'), '{');
  assert.equal(existsSync(join(path, `${bad}.lck`)), false);
  assert.deepEqual(filesOf(failed), []);
});

test('a rejection whose text is no valid Unicode is stored all the same', async (t) => {
  const path = await tempFolder(t);
  const sink = new QueueSink({ path, sync: 'batch' });
  await sink.open();
  const reason = new StompctlError('CALLBACK_THREW', 'callback', 'x', 'half \ud800 a pair');
  await new DeadLetterSink(sink).store(textOf('1'), reason, { source: 'queue /q', name: 'n' });
  await sink.close();
  assert.equal([...consume(path)][0]?.header['x-stompctl-reason'], 'callback(x): half \ufffd a pair');
});

test('a message that the failure queue refuses stays where it is, and stops nobody', async (t) => {
  const path = join(await tempFolder(t), 'queue');
  const queue = new SimpleQueue({ path });
  for (const text of ['1', '2']) await queue.addMessage(textOf(text));
  const refusal = new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', 'refused');
  const { source, events } = await openSource(t, { path, deadLetters: { store: () => Promise.reject(refusal) } });
  const poison = new StompctlError('MESSAGE_REFUSED', 'send', 'broker', 'no');
  const all = await takeAll(source, (delivery) =>
    delivery.message.body.toString() === '1' ? delivery.reject(poison) : delivery.ack(),
  );
  assert.deepEqual(bodies(all), ['1', '2']);
  assert.deepEqual(
    events.rejectedAs.map(({ reason }) => reason.code),
    ['MESSAGE_BAD_HEADER'],
  );
  await source.close();
  assert.equal(filesOf(path).length, 1);
});
