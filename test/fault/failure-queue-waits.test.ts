import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { StompctlError } from '../../src/base/errors.js';
import { DeadLetterSink } from '../../src/sinks/queue/dead-letter-sink.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import type { BrokerSource } from '../../src/sources/broker/broker-source.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { eventually } from '../support/eventually.js';
import { MemoryLogger } from '../support/memory-logger.js';
import { consume } from '../support/sample-messages.js';
import { NEVER, sourcePair, take } from '../support/source-pair.js';
import { atEnd, type Cleaning, tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const POISON = new StompctlError('CALLBACK_THREW', 'check', 'x', 'poison');
const ALL = { deliveries: 1000, bytes: 1_000_000 };

/** A failure queue on a disk that fails as told, tried again every few milliseconds. */
async function failureQueue(test: Cleaning) {
  const path = await tempFolder(test);
  const watched = new WatchedFiles(path);
  const logger = new MemoryLogger();
  const policy = { delayMs: 1, maxDelayMs: 20, attempts: undefined, bounded: false };
  const supervisor = new Supervisor({ ...policy, clock: systemClock, logger });
  const deadLetters = new DeadLetterSink(new QueueSink({ path, sync: 'none' }, watched.files), supervisor);
  atEnd(test, () => deadLetters.close());
  await deadLetters.open();
  const breakIt = (errno: string) => {
    watched.fault = (operation) => (operation === 'write' || operation === 'open' ? errno : undefined);
  };
  const mend = () => {
    watched.fault = () => undefined;
  };
  const bodies = () => [...consume(path)].map(({ body }) => body.toString()).sort();
  return { deadLetters, breakIt, mend, bodies, retries: () => logger.events('open-retry').length };
}

/** A broker with a message of each body, all taken and rejected after the failure queue broke. */
async function rejected(
  test: Cleaning,
  { deadLetters, breakIt }: Awaited<ReturnType<typeof failureQueue>>,
  { bodies = ['x'], errno = 'ENOSPC', ...limits }: { bodies?: string[]; errno?: string; maxParked?: number } = {},
) {
  const pair = await sourcePair(test, {}, { deadLetters, ...limits });
  for (const body of bodies) pair.server.publish('/queue/a', {}, body);
  await pair.source.open();
  breakIt(errno);
  await reject(pair.source, bodies.length);
  return pair;
}

async function reject(source: BrokerSource, count: number): Promise<void> {
  for (const delivery of await take(source, count)) delivery.reject(POISON);
}

describe('rejected messages of a broker, while the failure queue cannot be written,', () => {
  for (const errno of ['ENOSPC', 'EACCES', 'EROFS', 'EIO']) {
    it(`${errno}: wait, and are stored and acknowledged when it can be`, async (test) => {
      const queue = await failureQueue(test);
      const { deadLetters, mend, bodies, retries } = queue;
      const limits = { bodies: ['1', '2', '3'], errno, maxParked: 1 };
      const { server, source, events } = await rejected(test, queue, limits);
      await eventually(() => retries() > 3);
      assert.match(deadLetters.waitingFor ?? '', new RegExp(`${errno}.*; 3 rejected messages wait for it$`));
      assert.equal(server.depth('/queue/a').unacknowledged, 3);
      mend();
      await source.settle();
      await eventually(() => server.depth('/queue/a').unacknowledged === 0);
      assert.deepEqual([bodies(), events, deadLetters.waitingFor], [['1', '2', '3'], [], undefined]);
    });
  }

  it('stay inside the window: no more is handed over, and all are stored in the end', async (test) => {
    const { deadLetters, breakIt, mend, bodies } = await failureQueue(test);
    const { server, source, events } = await sourcePair(test, {}, { deadLetters, window: 2, maxParked: 1 });
    for (const body of ['1', '2', '3']) server.publish('/queue/a', {}, body);
    await source.open();
    breakIt('ENOSPC');
    await reject(source, 2);
    assert.deepEqual(await source.next(ALL, NEVER), { kind: 'idle', reason: 'empty' });
    mend();
    await reject(source, 1);
    await source.settle();
    assert.deepEqual([bodies(), events], [['1', '2', '3'], []]);
  });

  it('are given back when the source is closed, and wait no more', async (test) => {
    const queue = await failureQueue(test);
    const { deadLetters, bodies, retries } = queue;
    const { server, source, events } = await rejected(test, queue);
    await eventually(() => retries() > 0);
    await source.close();
    await eventually(() => server.depth('/queue/a').ready === 1);
    assert.deepEqual([bodies(), events, deadLetters.waitingFor], [[], [], undefined]);
  });

  it('are forgotten with their session: only those of the next one are stored', async (test) => {
    const queue = await failureQueue(test);
    const { deadLetters, mend, bodies, retries } = queue;
    const { server, source } = await rejected(test, queue);
    await eventually(() => retries() > 0);
    await source.open();
    await reject(source, 1);
    await eventually(() => /; 1 rejected message waits for it$/.test(deadLetters.waitingFor ?? ''));
    mend();
    await source.settle();
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    assert.deepEqual(bodies(), ['x']);
  });

  it('are parked when it refuses them for their own sake', async (test) => {
    const refusal = new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', 'refused');
    const deadLetters = { store: () => Promise.reject(refusal) };
    const { server, source, events } = await sourcePair(test, {}, { deadLetters });
    server.publish('/queue/a', {}, 'x');
    await source.open();
    await reject(source, 1);
    await source.settle();
    assert.deepEqual(events, ['rejected QUEUE_IO', 'parked 1']);
    assert.equal(server.depth('/queue/a').unacknowledged, 1);
  });

  it('go to another failure queue that a reload gives, or are parked when it gives none', async (test) => {
    for (const other of [true, false]) {
      const queue = await failureQueue(test);
      const { source, events } = await rejected(test, queue);
      await eventually(() => queue.retries() > 0);
      const next = await failureQueue(test);
      const limits = { window: 100, windowBytes: 1_000_000, maxParked: 10 };
      source.tune({ ...limits, deadLetters: other ? next.deadLetters : undefined });
      await queue.deadLetters.close();
      await source.settle();
      assert.deepEqual([next.bodies(), events], other ? [['x'], []] : [[], ['parked 1']]);
    }
  });
});
