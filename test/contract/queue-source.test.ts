import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { DirectoryQueue } from '../../src/dirq/directory-queue.js';
import type { SourceResult } from '../../src/flow/source.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { bodies, openSource, PLENTY, take, takeAll, textOf } from '../support/queue-ends.js';
import { age, ageSecondsOf, isLocked, namesOf, QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

const NEVER = new AbortController().signal;

type Test = { after(run: () => Promise<void>): void };

async function filled(t: Test, kind: QueueType, count: number): Promise<DirectoryQueue> {
  const queue = kind.open(join(await tempFolder(t), 'queue'));
  for (let number = 0; number < count; number += 1) await queue.addMessage(textOf(String(number)));
  return queue;
}

async function bodiesOf(result: Promise<SourceResult>): Promise<string[]> {
  const answer = await result;
  return answer.kind === 'batch' ? bodies(answer.deliveries) : [answer.kind];
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, number) => String(number));
}

function poison(): StompctlError {
  return new StompctlError('MESSAGE_REFUSED', 'send', 'x', 'no');
}

for (const kind of QUEUE_TYPES) {
  const { type } = kind;

  test(`${type}: hands over everything in order, removes what is acknowledged, and ends`, async (t) => {
    const { path } = await filled(t, kind, 500);
    const { source, events } = await openSource(t, { type, path, sync: 'batch', window: 100 });
    const all = await takeAll(source, (delivery) => delivery.ack());
    assert.deepEqual(bodies(all), numbers(500));
    assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
    await source.close();
    assert.deepEqual(filesOf(path), []);
    assert.deepEqual(remains(path), []);
    assert.deepEqual(events.rejectedAs, []);
    assert.deepEqual(events.inVain, []);
  });

  test(`${type}: makes a queue that is missing`, async (t) => {
    const path = join(await tempFolder(t), 'deep', 'queue');
    const { source } = await openSource(t, { type, path });
    assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
    assert.equal(statSync(path).isDirectory(), true);
  });

  test(`${type}: never hands over more than was asked for`, async (t) => {
    const { path } = await filled(t, kind, 10);
    const { source } = await openSource(t, { type, path });
    const seen: string[] = [];
    for (const deliveries of [1, 3, 2, 4]) {
      const batch = await take(source, { deliveries, bytes: 1 << 20 });
      assert.ok(batch.length >= 1 && batch.length <= deliveries);
      seen.push(...bodies(batch));
      for (const delivery of batch) delivery.ack();
    }
    assert.deepEqual(seen, numbers(10).slice(0, seen.length));
  });

  test(`${type}: hands over no more bytes than asked for, but always one message`, async (t) => {
    const queue = await filled(t, kind, 0);
    for (const size of [10, 5000, 10, 10]) await queue.addMessage(textOf('x'.repeat(size)));
    const { source } = await openSource(t, { type, path: queue.path });
    const sizes: number[][] = [];
    for (let call = 0; call < 4; call += 1) {
      const batch = await take(source, { deliveries: 100, bytes: 400 });
      sizes.push(batch.map((delivery) => delivery.message.body.length));
      for (const delivery of batch) delivery.ack();
    }
    assert.deepEqual(sizes, [[10], [5000], [10, 10], []]);
  });

  test(`${type}: locks what it handed over, and unlocks what is released; that comes again, before what is newer`, async (t) => {
    const queue = await filled(t, kind, 6);
    const { source } = await openSource(t, { type, path: queue.path });
    const first = await take(source, { deliveries: 4, bytes: 1 << 20 });
    for (const delivery of first) assert.equal(await queue.lock(delivery.name), false);
    for (const delivery of [...first].reverse()) delivery.release();
    await source.settle();
    for (const delivery of first) assert.equal(isLocked(kind, queue.path, delivery.name), false);
    const again = await takeAll(source, (delivery) => delivery.ack());
    assert.deepEqual(bodies(again), numbers(6));
  });

  test(`${type}: does not end while something may be given back`, async (t) => {
    const { path } = await filled(t, kind, 1);
    const { source } = await openSource(t, { type, path });
    const [delivery] = await take(source);
    const waiting = source.next(PLENTY, NEVER);
    delivery?.release();
    const result = await waiting;
    assert.equal(result.kind, 'batch');
    if (result.kind === 'batch') for (const one of result.deliveries) one.ack();
    assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  });

  test(`${type}: without remove, each pass hands over everything once, and elements stay unlocked`, async (t) => {
    const queue = await filled(t, kind, 300);
    const { path } = queue;
    const { source } = await openSource(t, { type, path, remove: false });
    assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), numbers(300));
    await source.close();
    assert.deepEqual(remains(path), []);
    assert.equal((await namesOf(queue)).length, 300);
  });

  test(`${type}: browsing for ever begins its passes a second apart`, async (t) => {
    const { path } = await filled(t, kind, 3);
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path, remove: false, loop: true, clock });
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

  test(`${type}: an empty queue is idle after a second at most, or at once when interrupted`, async (t) => {
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path: await tempFolder(t), loop: true, clock });
    const idle = source.next(PLENTY, NEVER);
    await clock.advance(1000);
    assert.deepEqual(await idle, { kind: 'idle', reason: 'empty' });
    const interrupt = new AbortController();
    const interrupted = source.next(PLENTY, interrupt.signal);
    interrupt.abort();
    assert.deepEqual(await interrupted, { kind: 'idle', reason: 'interrupted' });
    assert.deepEqual(await source.next(PLENTY, interrupt.signal), { kind: 'idle', reason: 'interrupted' });
  });

  test(`${type}: a new element is noticed within a second`, async (t) => {
    const queue = await filled(t, kind, 0);
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path: queue.path, loop: true, clock });
    const waiting = take(source);
    await clock.advance(100);
    await queue.addMessage(textOf('new'));
    await clock.advance(800);
    assert.deepEqual(bodies(await waiting), ['new']);
  });

  test(`${type}: elements that others have locked are passed over`, async (t) => {
    const queue = await filled(t, kind, 3);
    const [first] = await namesOf(queue);
    await queue.lock(first ?? '');
    const { source } = await openSource(t, { type, path: queue.path });
    assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['1', '2']);
    await source.close();
    assert.deepEqual(await namesOf(queue), [first]);
  });

  test(`${type}: an undecodable element is looked at again when its file changed`, async (t) => {
    const queue = await filled(t, kind, 0);
    const name = await queue.addMessage(textOf('x'));
    kind.spoil(queue.path, name);
    const clock = new ManualClock();
    const { source, events } = await openSource(t, { type, path: queue.path, loop: true, clock });
    // looked at in vain twice: by now the delay is 2 s, another look at the file is not
    for (let second = 0; second < 2; second += 1) {
      const idle = take(source);
      await clock.advance(1000);
      assert.deepEqual(await idle, []);
    }
    assert.equal(events.rejectedAs.length, 1);
    kind.repair(queue.path, name);
    const result = source.next(PLENTY, NEVER);
    await clock.advance(1000);
    assert.deepEqual(await bodiesOf(result), ['good']);
  });

  test(`${type}: what is rejected goes to the deadLetters, then leaves the queue`, async (t) => {
    const queue = await filled(t, kind, 3);
    const { path } = queue;
    const stored: string[] = [];
    const deadLetters = {
      async store(message: { body: Buffer }, reason: StompctlError, from: { source: string; name: string }) {
        assert.equal(isLocked(kind, path, from.name), true, 'not before it is stored');
        stored.push(`${message.body} ${reason.code} ${from.source === `queue ${path}`}`);
      },
    };
    const { source } = await openSource(t, { type, path, deadLetters });
    const batch = await take(source);
    batch[0]?.ack();
    batch[1]?.reject(poison());
    batch[2]?.release();
    await source.settle();
    assert.deepEqual(stored, ['1 MESSAGE_REFUSED true']);
    assert.deepEqual(await namesOf(queue), [batch[2]?.name]);
  });

  test(`${type}: without deadLetters, what is rejected stays unlocked and is skipped, the longer the more often`, async (t) => {
    const queue = await filled(t, kind, 1);
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path: queue.path, loop: true, clock });
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
      for (const { name } of answer.deliveries) assert.equal(isLocked(kind, queue.path, name), false);
    }
    for (const [index, least] of [0, 1000, 2000, 4000, 8000].entries()) {
      const gap = gaps[index] ?? 0;
      assert.ok(gap >= least && gap <= least + 1300, `${gap} ms after ${index} rejections`);
    }
  });

  test(`${type}: what cannot be stored as a failure stays in the queue, and next says so`, async (t) => {
    const queue = await filled(t, kind, 1);
    const deadLetters = { store: () => Promise.reject(new StompctlError('QUEUE_IO', 'write', '/deadLetters', 'full')) };
    const { source } = await openSource(t, { type, path: queue.path, deadLetters });
    for (const delivery of await take(source)) delivery.reject(poison());
    await assert.rejects(source.settle(), { code: 'QUEUE_IO', message: /deadLetters.*full/ });
    assert.equal(await queue.count(), 1);
    assert.equal((await source.next(PLENTY, NEVER)).kind, 'end');
  });

  test(`${type}: settling twice, or after the end, is told and changes nothing`, async (t) => {
    const queue = await filled(t, kind, 2);
    const { source, events } = await openSource(t, { type, path: queue.path });
    const [first, second] = await take(source);
    first?.release();
    first?.ack();
    await source.close();
    second?.ack();
    assert.deepEqual(events.inVain, [
      { name: first?.name, why: 'twice' },
      { name: second?.name, why: 'dead-session' },
    ]);
    assert.equal(await queue.count(), 2);
  });

  test(`${type}: close unlocks what was not settled, and leaves nothing behind`, async (t) => {
    const queue = await filled(t, kind, 5);
    const { source } = await openSource(t, { type, path: queue.path });
    const batch = await take(source, { deliveries: 3, bytes: 1 << 20 });
    batch[0]?.ack();
    await source.close();
    await source.close();
    assert.deepEqual(remains(queue.path), []);
    assert.equal(await queue.count(), 4);
    for await (const name of queue) assert.equal(await queue.lock(name), true);
  });

  test(`${type}: it can be opened again; what it had handed over before is then another session`, async (t) => {
    const queue = await filled(t, kind, 1);
    const { source, events } = await openSource(t, { type, path: queue.path });
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

  test(`${type}: opening again while open, after an error, keeps what is held`, async (t) => {
    const queue = await filled(t, kind, 2);
    const { source, events } = await openSource(t, { type, path: queue.path });
    const batch = await take(source);
    await source.open();
    for (const delivery of batch) delivery.ack();
    await source.close();
    assert.deepEqual(events.inVain, []);
    assert.deepEqual(filesOf(queue.path), []);
  });

  test(`${type}: a single pass hands over what a stale lock held, in its place`, async (t) => {
    const queue = await filled(t, kind, 3);
    const { path } = queue;
    const [, second = ''] = await namesOf(queue);
    await queue.lock(second);
    age(path, second, 601);
    const { source } = await openSource(t, { type, path });
    assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['0', '1', '2']);
    await source.close();
    assert.deepEqual(remains(path), []);
  });

  test(`${type}: purges at the start and again after the interval`, async (t) => {
    const queue = await filled(t, kind, 1);
    const [name = ''] = await namesOf(queue);
    await queue.lock(name);
    const clock = new ManualClock();
    const { source, events } = await openSource(t, {
      type,
      path: queue.path,
      loop: true,
      clock,
      purgeIntervalMs: 300_000,
    });
    const idle = take(source);
    await eventually(() => events.purges === 1);
    assert.equal(isLocked(kind, queue.path, name), true);
    age(queue.path, name, 601);
    clock.skip(300_000);
    await eventually(() => events.purges === 2);
    assert.deepEqual(await idle, []);
    const batch = take(source);
    await clock.advance(1000);
    assert.equal((await batch).length, 1);
  });
  test(`${type}: locks of what is in flight are refreshed, and never purged`, async (t) => {
    const queue = await filled(t, kind, 2);
    const clock = new ManualClock();
    const { source, events } = await openSource(t, {
      type,
      path: queue.path,
      loop: true,
      clock,
      purgeIntervalMs: 45_000,
    });
    const [delivery] = await take(source);
    const name = delivery?.name ?? '';
    await eventually(() => events.purges === 1);
    age(queue.path, name, 10_000);
    clock.skip(31_000);
    assert.ok(ageSecondsOf(queue.path, name) < 5);
    age(queue.path, name, 10_000);
    clock.skip(15_000);
    await eventually(() => events.purges === 2);
    assert.equal(isLocked(kind, queue.path, name), true);
    delivery?.ack();
  });
  test(`${type}: locks that others think dead after three seconds are refreshed each second`, async (t) => {
    const queue = await filled(t, kind, 1);
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path: queue.path, loop: true, clock, maxLock: 3 });
    const [delivery] = await take(source);
    const name = delivery?.name ?? '';
    age(queue.path, name, 10_000);
    clock.skip(1000);
    assert.ok(ageSecondsOf(queue.path, name) < 2);
    delivery?.ack();
  });
  test(`${type}: an element that somebody removed under our lock is settled all the same`, async (t) => {
    const queue = await filled(t, kind, 2);
    const { source } = await openSource(t, { type, path: queue.path });
    const batch = await take(source);
    await queue.remove(batch[0]?.name ?? '');
    for (const delivery of batch) delivery.ack();
    await source.close();
    assert.deepEqual(filesOf(queue.path), []);
  });
  test(`${type}: a lock that another process has by now is left to it`, async (t) => {
    const queue = await filled(t, kind, 1);
    const { source } = await openSource(t, { type, path: queue.path });
    const [delivery] = await take(source);
    // we were asleep: a purge freed it, and somebody else took it
    const name = delivery?.name ?? '';
    age(queue.path, name, -700);
    delivery?.release();
    await source.settle();
    assert.equal(isLocked(kind, queue.path, name), true);
  });

  test(`${type}: with nothing in flight an idle source has no journal`, async (t) => {
    const queue = await filled(t, kind, 1);
    const clock = new ManualClock();
    const { source } = await openSource(t, { type, path: queue.path, loop: true, clock });
    const [delivery] = await take(source);
    assert.equal(remains(queue.path).filter((name) => name.endsWith('.locks')).length, 1);
    delivery?.ack();
    const idle = take(source);
    await clock.advance(1000);
    await idle;
    assert.deepEqual(remains(queue.path), []);
  });

  test(`${type}: a path that is a file is refused when opened, with the next step`, async (t) => {
    const path = join(await tempFolder(t), 'file');
    writeFileSync(path, '');
    await assert.rejects(openSource(t, { type, path }), {
      code: 'QUEUE_INVALID',
      message: /give the path of a directory/,
    });
  });
}
