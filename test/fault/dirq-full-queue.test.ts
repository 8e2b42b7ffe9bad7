import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { DirectoryQueue } from '../../src/dirq/directory-queue.js';
import type { QueueLimits } from '../../src/dirq/queue-gauge.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { textOf } from '../support/queue-ends.js';
import { namesOf, QUEUE_TYPES, type QueueType } from '../support/queue-types.js';
import { tempFolder } from '../support/temp-folder.js';

interface Bounded {
  readonly sink: QueueSink;
  readonly queue: DirectoryQueue;
  readonly clock: ManualClock;
  readonly told: string[];
}

type Test = { after(run: () => Promise<void>): void };

async function bounded(
  t: Test,
  kind: QueueType,
  limits: QueueLimits,
  files: FileSystem = systemFiles,
): Promise<Bounded> {
  const path = await tempFolder(t);
  const clock = new ManualClock();
  const told: string[] = [];
  const onFull = (reason: string): number => told.push(`full: ${reason}`);
  const onRoom = (): number => told.push('room');
  const sink = new QueueSink({ path, type: kind.type, sync: 'none', limits, clock, onFull, onRoom }, files);
  await sink.open();
  t.after(() => sink.close());
  return { sink, queue: kind.open(path), clock, told };
}

async function take(queue: DirectoryQueue, count: number): Promise<void> {
  for (const name of (await namesOf(queue)).slice(0, count)) {
    await queue.lock(name);
    await queue.remove(name);
  }
}

for (const kind of QUEUE_TYPES) {
  test(`${kind.type}: at its most elements it waits until a tenth is gone`, async (t) => {
    const { sink, queue, clock, told } = await bounded(t, kind, { maxElements: 20 });
    for (let number = 0; number < 20; number += 1) await sink.send(textOf(String(number)));
    let safe = 0;
    const sends = ['20', '21'].map((text) => sink.send(textOf(text)).then(() => (safe += 1)));
    await eventually(() => told.length === 1);
    assert.match(told[0] ?? '', /20 elements, of at most 20/);
    assert.match(sink.fullReason ?? '', /20 elements/);
    await take(queue, 2);
    await clock.advance(1000);
    assert.equal(safe, 0, 'one more must go');
    await take(queue, 1);
    await eventually(async () => {
      await clock.advance(1000);
      return safe === 2;
    });
    await Promise.all(sends);
    assert.deepEqual(told.slice(1), ['room']);
    assert.equal(sink.fullReason, undefined);
    assert.equal(await queue.count(), 19);
  });

  test(`${kind.type}: what waits for room is given back when somebody has a better place for it, and is not written`, async (t) => {
    const { sink, queue, clock, told } = await bounded(t, kind, { maxElements: 2 });
    const safe: string[] = [];
    const rejected: string[] = [];
    for (const text of ['0', '1', '2', '3']) {
      sink.send(textOf(text)).then(
        () => safe.push(text),
        ({ code }) => rejected.push(`${text} ${code}`),
      );
    }
    await eventually(() => told.length === 1);
    sink.retract();
    await eventually(() => rejected.length > 0);
    assert.deepEqual(
      [safe, rejected],
      [
        ['0', '1'],
        ['2 SESSION_CLOSED', '3 SESSION_CLOSED'],
      ],
    );
    await sink.flush();
    assert.equal(sink.fullReason, undefined, 'nothing waits for it');
    const again = sink.send(textOf('4'));
    await eventually(() => told.length === 2);
    await take(queue, 2);
    sink.retract();
    await assert.rejects(again, { code: 'SESSION_CLOSED' });
    void sink.send(textOf('5')).then(() => safe.push('5'));
    await eventually(async () => {
      await clock.advance(1000);
      return safe.includes('5');
    });
    assert.equal(await queue.count(), 1);
  });

  for (const { name, limits, most } of [
    { name: 'no more elements', limits: { maxElements: 5 }, most: 5 },
    { name: 'bytes that are over by less than a message', limits: { maxBytes: 1000 }, most: 3 },
  ]) {
    test(`${kind.type}: what is sent at once leaves ${name}`, async (t) => {
      const { sink, queue, told } = await bounded(t, kind, limits);
      const sends = Promise.allSettled(Array.from({ length: 40 }, () => sink.send(textOf('x'.repeat(400)))));
      await eventually(() => told.length === 1);
      assert.equal(await queue.count(), most);
      await sink.close();
      const settled = await sends;
      assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, most);
    });
  }

  test(`${kind.type}: elements that were there count, and so do bytes`, async (t) => {
    const { sink, queue, told } = await bounded(t, kind, { maxBytes: 1000 });
    for (let number = 0; number < 3; number += 1) await queue.addMessage(textOf('x'.repeat(400)));
    const send = assert.rejects(sink.send(textOf('y')), {
      code: 'QUEUE_IO',
      action: 'wait',
      message: /bytes, of at most 1000/,
    });
    await eventually(() => told.length === 1);
    await sink.close();
    await send;
    assert.equal(await queue.count(), 3);
  });
}

for (const [name, minFree] of [
  ['bytes', { bytes: 1000 }],
  ['a share', { share: 0.1 }],
] as const) {
  test(`with less free than wanted, in ${name}, it waits until there is clearly more`, async (t) => {
    let bavail = 9;
    const statfsSync = (() => ({ bavail, blocks: 100, bsize: 100 })) as unknown as FileSystem['statfsSync'];
    const kind = QUEUE_TYPES[0] as QueueType;
    const { sink, clock, told } = await bounded(t, kind, { minFree }, { ...systemFiles, statfsSync });
    let safe = false;
    sink.send(textOf('1')).then(() => {
      safe = true;
    });
    await eventually(() => told.length === 1);
    assert.match(told[0] ?? '', /900 bytes free, of at least 1000/);
    bavail = 11;
    await clock.advance(1000);
    assert.equal(safe, false);
    bavail = 12;
    await clock.advance(1000);
    await eventually(() => safe);
  });
}
