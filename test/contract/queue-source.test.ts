import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { bodies, openSource, PLENTY, take, takeAll, textOf } from '../support/queue-ends.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

const NEVER = new AbortController().signal;

async function filled(t: { after(run: () => Promise<void>): void }, count: number): Promise<SimpleQueue> {
  const queue = new SimpleQueue({ path: join(await tempFolder(t), 'queue') });
  for (let number = 0; number < count; number += 1) await queue.addMessage(textOf(String(number)));
  return queue;
}

async function namesOf(queue: SimpleQueue): Promise<string[]> {
  const names: string[] = [];
  for await (const name of queue) names.push(name);
  return names;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, number) => String(number));
}

function poison(): StompctlError {
  return new StompctlError('MESSAGE_REFUSED', 'send', 'x', 'no');
}

test('hands over everything in order, removes what is acknowledged, and ends', async (t) => {
  const { path } = await filled(t, 500);
  const { source, events } = await openSource(t, { path, sync: 'batch', window: 100 });
  const all = await takeAll(source, (delivery) => delivery.ack());
  assert.deepEqual(bodies(all), numbers(500));
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  await source.close();
  assert.deepEqual(filesOf(path), []);
  assert.deepEqual(events.rejectedAs, []);
  assert.deepEqual(events.inVain, []);
});

test('makes a queue that is missing', async (t) => {
  const path = join(await tempFolder(t), 'deep', 'queue');
  const { source } = await openSource(t, { path });
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  assert.equal(statSync(path).isDirectory(), true);
});

test('never hands over more than was asked for', async (t) => {
  const { path } = await filled(t, 10);
  const { source } = await openSource(t, { path });
  const seen: string[] = [];
  for (const deliveries of [1, 3, 2, 4]) {
    const batch = await take(source, { deliveries, bytes: 1 << 20 });
    assert.ok(batch.length >= 1 && batch.length <= deliveries);
    seen.push(...bodies(batch));
    for (const delivery of batch) delivery.ack();
  }
  assert.deepEqual(seen, numbers(10).slice(0, seen.length));
});

test('hands over no more bytes than asked for, but always one message', async (t) => {
  const queue = await filled(t, 0);
  for (const size of [10, 5000, 10, 10]) await queue.addMessage(textOf('x'.repeat(size)));
  const { source } = await openSource(t, { path: queue.path });
  const sizes: number[][] = [];
  for (let call = 0; call < 4; call += 1) {
    const batch = await take(source, { deliveries: 100, bytes: 400 });
    sizes.push(batch.map((delivery) => delivery.message.body.length));
    for (const delivery of batch) delivery.ack();
  }
  assert.deepEqual(sizes, [[10], [5000], [10, 10], []]);
});

test('locks what it handed over, and unlocks what is released; that comes again, before what is newer', async (t) => {
  const queue = await filled(t, 6);
  const { source } = await openSource(t, { path: queue.path });
  const first = await take(source, { deliveries: 4, bytes: 1 << 20 });
  for (const delivery of first) assert.equal(await queue.lock(delivery.name), false);
  for (const delivery of [...first].reverse()) delivery.release();
  await source.settle();
  for (const delivery of first) assert.equal(existsSync(join(queue.path, `${delivery.name}.lck`)), false);
  const again = await takeAll(source, (delivery) => delivery.ack());
  assert.deepEqual(bodies(again), numbers(6));
});

test('does not end while something may be given back', async (t) => {
  const { path } = await filled(t, 1);
  const { source } = await openSource(t, { path });
  const [delivery] = await take(source);
  const waiting = source.next(PLENTY, NEVER);
  delivery?.release();
  const result = await waiting;
  assert.equal(result.kind, 'batch');
  if (result.kind === 'batch') for (const one of result.deliveries) one.ack();
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
});

test('without remove, each pass hands over everything once, and elements stay unlocked', async (t) => {
  const { path } = await filled(t, 300);
  const { source } = await openSource(t, { path, remove: false });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), numbers(300));
  await source.close();
  assert.equal(filesOf(path).length, 300);
});

test('browsing for ever begins its passes a second apart', async (t) => {
  const { path } = await filled(t, 3);
  const clock = new ManualClock();
  const { source } = await openSource(t, { path, remove: false, loop: true, clock });
  for (const delivery of await take(source)) delivery.ack();
  await source.settle();
  const pass: string[] = [];
  const waiting = take(source).then((batch) => pass.push(...bodies(batch)));
  await clock.advance(900);
  assert.deepEqual(pass, []);
  await clock.advance(100);
  await waiting;
  assert.deepEqual(pass, ['0', '1', '2']);
});

test('an empty queue is idle after a second at most, or at once when interrupted', async (t) => {
  const clock = new ManualClock();
  const { source } = await openSource(t, { path: await tempFolder(t), loop: true, clock });
  const idle = source.next(PLENTY, NEVER);
  await clock.advance(1000);
  assert.deepEqual(await idle, { kind: 'idle', reason: 'empty' });
  const interrupt = new AbortController();
  const interrupted = source.next(PLENTY, interrupt.signal);
  interrupt.abort();
  assert.deepEqual(await interrupted, { kind: 'idle', reason: 'interrupted' });
  assert.deepEqual(await source.next(PLENTY, interrupt.signal), { kind: 'idle', reason: 'interrupted' });
});

test('a new element is noticed within a second', async (t) => {
  const queue = await filled(t, 0);
  const clock = new ManualClock();
  const { source } = await openSource(t, { path: queue.path, loop: true, clock });
  const waiting = take(source);
  await clock.advance(100);
  await queue.addMessage(textOf('new'));
  await clock.advance(800);
  assert.deepEqual(bodies(await waiting), ['new']);
});

test('elements that others have locked are passed over', async (t) => {
  const queue = await filled(t, 3);
  const [first] = await namesOf(queue);
  await queue.lock(first ?? '');
  const { source } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['1', '2']);
  await source.close();
  assert.equal(filesOf(queue.path).length, 2);
});

test('what cannot be read stays, is told once, and stops nobody', async (t) => {
  const queue = await filled(t, 1);
  await queue.add('{"body":');
  await queue.add(`{"body":"${'x'.repeat(2000)}"}`);
  await queue.add(`{"body":"${'x'.repeat(100_000)}"}`);
  mkdirSync(join(queue.path, '5f000000', '5f000000000001'), { recursive: true });
  await queue.addMessage(textOf('1'));
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock, maxMessageSize: 1000 });
  const seen: string[] = [];
  for (let pass = 0; pass < 3; pass += 1) {
    const batch = take(source);
    await clock.advance(1000);
    seen.push(...bodies(await batch));
  }
  assert.deepEqual(seen, ['0', '1']);
  const codes = events.rejectedAs.map(({ reason }) => reason.code);
  assert.deepEqual(codes, ['ELEMENT_UNREADABLE', 'ELEMENT_UNDECODABLE', 'MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE']);
  for (const { name, reason } of events.rejectedAs) assert.ok(reason.message.includes(name), reason.message);
  assert.equal(filesOf(queue.path).filter((file) => file.endsWith('.lck')).length, 2, 'the two that are in flight');
});

test('an undecodable element is looked at again when its file changed', async (t) => {
  const queue = await filled(t, 0);
  const name = await queue.add('{');
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock });
  const idle = source.next(PLENTY, NEVER);
  await clock.advance(500);
  assert.equal(events.rejectedAs.length, 1);
  writeFileSync(join(queue.path, name), '{"body":"good"}');
  await clock.advance(500);
  const result = await idle;
  assert.equal(result.kind, 'batch');
  if (result.kind === 'batch') assert.deepEqual(bodies(result.deliveries), ['good']);
});

test('symbolic links are not followed', async (t) => {
  const queue = await filled(t, 1);
  const folder = join(queue.path, '5f000000');
  mkdirSync(folder);
  const { symlinkSync } = await import('node:fs');
  const target = join(queue.path, 'secret');
  writeFileSync(target, '{"body":"secret"}');
  symlinkSync(target, join(folder, '5f000000000001'));
  const { source, events } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['0']);
  assert.deepEqual(
    events.rejectedAs.map(({ reason }) => reason.code),
    ['ELEMENT_UNREADABLE'],
  );
});

test('an empty file is removed when it is old, and left alone while it is young', async (t) => {
  const queue = await filled(t, 1);
  const names = [await queue.add(''), await queue.add('')];
  const old = Date.now() / 1000 - 301;
  utimesSync(join(queue.path, names[0] ?? ''), old, old);
  const { source, events } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['0']);
  await source.close();
  assert.deepEqual(events.leftovers, [names[0]]);
  assert.deepEqual(filesOf(queue.path), [join(queue.path, names[1] ?? '')]);
  assert.deepEqual(events.rejectedAs, []);
});

test('what is rejected goes to the failures, then leaves the queue', async (t) => {
  const { path } = await filled(t, 3);
  const stored: string[] = [];
  const failures = {
    async store(message: { body: Buffer }, reason: StompctlError, from: { source: string; name: string }) {
      assert.equal(filesOf(path).length >= 3, true, 'not before it is stored');
      stored.push(`${message.body} ${reason.code} ${from.source === `queue ${path}`}`);
    },
  };
  const { source } = await openSource(t, { path, failures });
  const batch = await take(source);
  batch[0]?.ack();
  batch[1]?.reject(poison());
  batch[2]?.release();
  await source.settle();
  assert.deepEqual(stored, ['1 MESSAGE_REFUSED true']);
  assert.equal(filesOf(path).filter((file) => !/\.locks$/.test(file)).length, 1);
});

test('without failures, what is rejected stays unlocked and is skipped, the longer the more often', async (t) => {
  const queue = await filled(t, 1);
  const clock = new ManualClock();
  const { source } = await openSource(t, { path: queue.path, loop: true, clock });
  const gaps: number[] = [];
  let last = 0;
  while (gaps.length < 5) {
    const result = source.next(PLENTY, NEVER);
    let done = false;
    result.then(() => {
      done = true;
    });
    while (!done) await clock.advance(50);
    const answer = await result;
    if (answer.kind !== 'batch') continue;
    gaps.push(clock.monotonicMs() - last);
    last = clock.monotonicMs();
    for (const delivery of answer.deliveries) delivery.reject(poison());
    await source.settle();
    assert.equal(filesOf(queue.path).filter((file) => file.endsWith('.lck')).length, 0);
  }
  for (const [index, least] of [0, 1000, 2000, 4000, 8000].entries()) {
    const gap = gaps[index] ?? 0;
    assert.ok(gap >= least && gap <= least + 1300, `${gap} ms after ${index} rejections`);
  }
});

test('what cannot be stored as a failure stays in the queue, and next says so', async (t) => {
  const queue = await filled(t, 1);
  const failures = { store: () => Promise.reject(new StompctlError('QUEUE_IO', 'write', '/failures', 'full')) };
  const { source } = await openSource(t, { path: queue.path, failures });
  for (const delivery of await take(source)) delivery.reject(poison());
  await assert.rejects(source.settle(), { code: 'QUEUE_IO', message: /failures.*full/ });
  assert.equal(await queue.count(), 1);
  assert.equal((await source.next(PLENTY, NEVER)).kind, 'end');
});

test('settling twice, or after the end, is told and changes nothing', async (t) => {
  const queue = await filled(t, 2);
  const { source, events } = await openSource(t, { path: queue.path });
  const [first, second] = await take(source);
  first?.release();
  first?.ack();
  await source.close();
  second?.ack();
  assert.deepEqual(events.inVain, [
    { name: first?.name, why: 'twice' },
    { name: second?.name, why: 'dead-session' },
  ]);
  assert.equal(filesOf(queue.path).length, 2);
});

test('close unlocks what was not settled, and leaves nothing behind', async (t) => {
  const queue = await filled(t, 5);
  const { source } = await openSource(t, { path: queue.path });
  const batch = await take(source, { deliveries: 3, bytes: 1 << 20 });
  batch[0]?.ack();
  await source.close();
  await source.close();
  assert.equal(filesOf(queue.path).length, 4);
  for await (const name of queue) assert.equal(await queue.lock(name), true);
});

test('it can be opened again; what it had handed over before is then another session', async (t) => {
  const queue = await filled(t, 1);
  const { source, events } = await openSource(t, { path: queue.path });
  const [before] = await take(source);
  await source.close();
  await source.open();
  const [after] = await take(source);
  before?.ack();
  after?.ack();
  await source.close();
  assert.deepEqual(
    events.inVain.map(({ why }) => why),
    ['dead-session'],
  );
  assert.deepEqual(filesOf(queue.path), []);
});

test('opening again while open, after an error, keeps what is held', async (t) => {
  const queue = await filled(t, 2);
  const { source, events } = await openSource(t, { path: queue.path });
  const batch = await take(source);
  await source.open();
  for (const delivery of batch) delivery.ack();
  await source.close();
  assert.deepEqual(events.inVain, []);
  assert.deepEqual(filesOf(queue.path), []);
});

test('purges at the start and again after the interval', async (t) => {
  const queue = await filled(t, 1);
  const [name] = await namesOf(queue);
  const file = join(queue.path, name ?? '');
  linkSync(file, `${file}.lck`);
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock, purgeIntervalMs: 300_000 });
  const idle = take(source);
  await eventually(() => events.purges === 1);
  assert.equal(statSync(file).nlink, 2);
  const old = Date.now() / 1000 - 601;
  utimesSync(file, old, old);
  clock.skip(300_000);
  await eventually(() => events.purges === 2);
  assert.deepEqual(await idle, []);
  const batch = take(source);
  await clock.advance(1000);
  assert.equal((await batch).length, 1);
});

test('locks of what is in flight are refreshed, and never purged', async (t) => {
  const queue = await filled(t, 2);
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock, purgeIntervalMs: 45_000 });
  const [delivery] = await take(source);
  const file = join(queue.path, delivery?.name ?? '');
  const old = Date.now() / 1000 - 10_000;
  await eventually(() => events.purges === 1);
  utimesSync(file, old, old);
  clock.skip(31_000);
  assert.ok(Date.now() - statSync(file).mtimeMs < 5000);
  utimesSync(file, old, old);
  clock.skip(15_000);
  await eventually(() => events.purges === 2);
  assert.equal(statSync(file).nlink, 2);
  delivery?.ack();
});

test('an element that somebody removed under our lock is settled all the same', async (t) => {
  const queue = await filled(t, 2);
  const { source } = await openSource(t, { path: queue.path });
  const batch = await take(source);
  const file = join(queue.path, batch[0]?.name ?? '');
  unlinkSync(file);
  unlinkSync(`${file}.lck`);
  for (const delivery of batch) delivery.ack();
  await source.close();
  assert.deepEqual(filesOf(queue.path), []);
});

test('a path that is a file is refused when opened, with the next step', async (t) => {
  const path = join(await tempFolder(t), 'file');
  writeFileSync(path, '');
  await assert.rejects(openSource(t, { path }), { code: 'QUEUE_INVALID', message: /give the path of a directory/ });
});
