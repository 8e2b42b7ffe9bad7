import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Outcome, Processor } from '../../src/flow/processor.js';
import { Message } from '../../src/message/message.js';
import { TransferReport } from '../../src/transfer/report.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { Transfer, type TransferLimits } from '../../src/transfer/transfer.js';
import { FakeSink, FakeSource, type Settled, textMessage } from '../support/fake-ends.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

interface Plan {
  readonly messages?: number;
  readonly endless?: boolean;
  readonly sink?: FakeSink;
  readonly processor?: Processor;
  readonly lazy?: boolean;
  readonly limits?: Partial<TransferLimits>;
}

const NO_LIMITS: TransferLimits = {
  window: 1000,
  windowBytes: 1 << 25,
  count: undefined,
  durationMs: undefined,
  inactivityMs: undefined,
  lingerMs: 60_000,
  closeMs: 120_000,
};

function plan({ messages = 10, endless = false, sink = new FakeSink(), processor, lazy = false, limits }: Plan) {
  const names = Array.from({ length: messages }, (_, index) => `m${index}`);
  const source = new FakeSource(names.map(textMessage), { endless });
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const statistics = new Statistics(clock);
  const all = { ...NO_LIMITS, ...limits };
  const report = new TransferReport({ statistics, logger, maxParked: 3 });
  const transfer = new Transfer({ source, sink, processor, lazy, report, clock, limits: all });
  return { names, source, sink, clock, logger, statistics, report, transfer };
}

function counts(source: FakeSource): Record<Settled, number> {
  const result = { ack: 0, release: 0, reject: 0 };
  for (const how of source.settledAs.values()) result[how] += 1;
  return result;
}

function processor(check: (message: Message) => Outcome): Processor & { idles: number; closed: number } {
  return {
    idles: 0,
    closed: 0,
    async process(messages) {
      return messages.map(check);
    },
    async idle() {
      this.idles += 1;
    },
    async close() {
      this.closed += 1;
    },
  };
}

describe('a transfer', () => {
  it('moves everything in order, acknowledges each, and ends with its source', async () => {
    const { transfer, source, sink, names } = plan({ messages: 2500 });
    const outcome = await transfer.run();
    assert.equal(outcome.reason, 'end');
    assert.deepEqual(sink.safe, names);
    assert.deepEqual(counts(source), { ack: 2500, release: 0, reject: 0 });
    assert.deepEqual([source.closed, sink.closed, transfer.inFlight], [1, 1, 0]);
  });

  it('never has more in flight than the window, exactly', async () => {
    const { transfer, sink } = plan({ messages: 500, limits: { window: 7 } });
    await transfer.run();
    assert.equal(sink.mostInFlight, 7);
  });

  it('takes exactly count messages, counted before the callback', async () => {
    const drop = processor(() => ({ kind: 'drop', reason: 'not wanted' }));
    const { transfer, source, sink } = plan({ messages: 500, processor: drop, limits: { count: 123 } });
    assert.equal((await transfer.run()).reason, 'count');
    assert.equal(source.settledAs.size, 123);
    assert.equal(sink.sent.length, 0);
  });

  it('opens a lazy sink only when a message needs it', async () => {
    const { transfer, sink } = plan({ messages: 0, lazy: true });
    await transfer.run();
    assert.equal(sink.opened, 0);
  });

  it('passes, drops and rejects as the callback says', async () => {
    const error = new StompctlError('CALLBACK_THREW', 'check', 'callback', 'no');
    const triage = processor((message) => {
      const name = message.body.toString();
      if (name === 'm1') return { kind: 'drop', reason: 'unwanted' };
      if (name === 'm2') return { kind: 'reject', error };
      return { kind: 'pass', message: new Message(message.header, Buffer.from(`${name}!`), true) };
    });
    const { transfer, source, sink, logger } = plan({ messages: 4, processor: triage });
    await transfer.run();
    assert.deepEqual(sink.safe, ['m0!', 'm3!']);
    assert.deepEqual(Object.fromEntries(source.settledAs), { m0: 'ack', m1: 'ack', m2: 'reject', m3: 'ack' });
    assert.equal(logger.events('rejected').length, 1);
    assert.deepEqual([triage.idles, triage.closed], [1, 1]);
  });

  it('tells how long the callback has been at its messages', async () => {
    const slow = processor((message) => ({ kind: 'pass', message }));
    const answers: (() => void)[] = [];
    slow.process = (messages) =>
      new Promise((resolve) => {
        answers.push(() => resolve(messages.map((message) => ({ kind: 'pass', message }))));
      });
    const { transfer, clock } = plan({ messages: 1, processor: slow });
    const running = transfer.run();
    await settled();
    await clock.advance(7000);
    assert.equal(transfer.progress.checkingMs, 7000);
    for (const answer of answers) answer();
    await running;
    assert.equal(transfer.progress.checkingMs, undefined);
  });

  it('rejects what the sink says is at fault, and goes on', async () => {
    const bad = new StompctlError('MESSAGE_NO_DESTINATION', 'send', 'm1', 'no destination');
    const sink = new FakeSink((message) => (message.body.toString() === 'm1' ? bad : 'safe'));
    const { transfer, source } = plan({ messages: 3, sink });
    const outcome = await transfer.run();
    assert.equal(outcome.failure, undefined);
    assert.deepEqual(Object.fromEntries(source.settledAs), { m0: 'ack', m1: 'reject', m2: 'ack' });
  });

  it('releases everything and reports the error when the sink cannot go on', async () => {
    const gone = new StompctlError('QUEUE_PERMISSION', 'open', '/q', 'permission denied');
    const { transfer, source } = plan({ messages: 30, endless: true, sink: new FakeSink(() => gone) });
    const outcome = await transfer.run();
    assert.deepEqual([outcome.reason, outcome.failure?.code], ['failed', 'QUEUE_PERMISSION']);
    assert.deepEqual(counts(source), { ack: 0, release: 30, reject: 0 });
  });

  it('releases the batch of a callback that cannot go on', async () => {
    const broken = processor(() => ({ kind: 'drop', reason: '' }));
    broken.process = async () => {
      throw new StompctlError('CALLBACK_START', 'start', 'callback', 'gone');
    };
    const { transfer, source } = plan({ messages: 30, endless: true, processor: broken });
    const outcome = await transfer.run();
    assert.equal(outcome.failure?.code, 'CALLBACK_START');
    assert.deepEqual(counts(source), { ack: 0, release: 30, reject: 0 });
  });

  it('settles what is in flight when stopped, and reads no more', async () => {
    const { transfer, source } = plan({ messages: 100, endless: true });
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    assert.equal((await running).reason, 'signal');
    assert.deepEqual(counts(source), { ack: 100, release: 0, reject: 0 });
  });

  it('gives back what is not settled when the linger is over', async () => {
    const silent = new FakeSink((message) => (message.body.toString() === 'm0' ? 'safe' : 'silent'));
    const { transfer, source, clock, logger } = plan({ messages: 5, endless: true, sink: silent });
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(60_000);
    const outcome = await running;
    assert.equal(outcome.released, 4);
    assert.deepEqual(counts(source), { ack: 1, release: 4, reject: 0 });
    assert.equal(transfer.inFlight, 0);
    assert.equal(logger.events('linger-exceeded').length, 1);
  });

  it('sends nothing any more of what a slow callback returns after the linger', async () => {
    let answer: (outcomes: Outcome[]) => void = () => undefined;
    const slow = processor(() => ({ kind: 'drop', reason: '' }));
    slow.process = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const { transfer, source, sink, clock } = plan({ messages: 1, endless: true, processor: slow });
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(60_000);
    await running;
    answer([{ kind: 'pass', message: textMessage('late') }]);
    await settled();
    assert.deepEqual(sink.sent, []);
    assert.deepEqual(counts(source), { ack: 0, release: 1, reject: 0 });
  });

  it('stops at once while its sink cannot be opened', async () => {
    const { transfer, sink, source } = plan({ endless: true });
    sink.open = () => new Promise(() => undefined);
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    assert.equal((await running).reason, 'signal');
    assert.equal(source.opened, 0);
  });

  it('ends after its duration', async () => {
    const { transfer, clock } = plan({ endless: true, limits: { durationMs: 5000 } });
    const running = transfer.run();
    await clock.advance(5000);
    assert.equal((await running).reason, 'duration');
    assert.equal(clock.pending, 0);
  });

  for (const [reason, limits] of [
    ['duration', { durationMs: 5000 }],
    ['inactivity', { inactivityMs: 5000 }],
  ] as const) {
    it(`ends by its ${reason} with an error while its source cannot be opened`, async () => {
      const { transfer, source, clock } = plan({ endless: true, limits });
      source.open = () => new Promise(() => undefined);
      const running = transfer.run();
      // an opening under way gets five seconds more
      await clock.advance(5000);
      await clock.advance(5000);
      const outcome = await running;
      assert.deepEqual([outcome.reason, outcome.failure?.exitCode, clock.pending], [reason, 75, 0]);
    });

    it(`ends by its ${reason} without an error when its source was merely slow to open`, async () => {
      const { transfer, source, clock } = plan({ endless: true, limits });
      let opened: () => void = () => assert.fail('it is opening');
      source.open = () =>
        new Promise((resolve) => {
          opened = resolve;
        });
      const running = transfer.run();
      await clock.advance(5000);
      opened();
      const outcome = await running;
      assert.deepEqual([outcome.reason, outcome.failure, clock.pending], [reason, undefined, 0]);
    });

    it(`ends by its ${reason} with the reason why its source could not be opened`, async () => {
      const { transfer, source, clock } = plan({ endless: true, limits });
      let failed: (error: unknown) => void = () => assert.fail('it is opening');
      source.open = () =>
        new Promise((_, reject) => {
          failed = reject;
        });
      const running = transfer.run();
      await clock.advance(5000);
      failed(new StompctlError('LOGIN_REFUSED', 'connect', 'source', 'no'));
      assert.deepEqual([(await running).failure?.code, clock.pending], ['LOGIN_REFUSED', 0]);
    });
  }

  it('calls idle only when nothing is in flight', async () => {
    const pass = processor((message) => ({ kind: 'pass', message }));
    let safe = false;
    const sink = new FakeSink(() => (safe ? 'safe' : 'silent'));
    const { transfer, source } = plan({ messages: 3, endless: true, processor: pass, sink });
    const next = source.next.bind(source);
    let idles = 0;
    // a batch, then nothing twice, then it waits
    source.next = async (demand, interrupt) => {
      if (source.demands.length === 0 || idles === 2) return next(demand, interrupt);
      idles += 1;
      return { kind: 'idle', reason: 'empty' };
    };
    const running = transfer.run();
    await settled();
    assert.deepEqual([transfer.inFlight, idles, pass.idles], [3, 2, 0]);
    transfer.stop('signal');
    safe = true;
    sink.endSession();
    await running;
  });

  it('ends after that long without a message', async () => {
    const { transfer, clock } = plan({ endless: true, limits: { inactivityMs: 2000 } });
    const running = transfer.run();
    await clock.advance(1999);
    assert.equal(transfer.inFlight, 0);
    await clock.advance(1);
    assert.equal((await running).reason, 'inactivity');
  });

  it('stops with an error when too many rejected messages are parked', async () => {
    const { transfer, report: events } = plan({ endless: true });
    const running = transfer.run();
    await settled();
    for (const parked of [1, 2, 3]) events.parked(`m${parked}`, parked);
    const outcome = await running;
    assert.equal(outcome.failure?.code, 'TOO_MANY_PARKED');
    assert.match(outcome.failure?.message ?? '', /set failure-queue/);
  });

  it('counts and logs an input that never became a message', async () => {
    const { transfer, statistics, logger, report: events } = plan({ messages: 1 });
    events.rejected('a/b', new StompctlError('ELEMENT_UNDECODABLE', 'decode', 'a/b', 'not JSON'));
    await transfer.run();
    assert.equal(statistics.snapshot().rejected, 1);
    assert.match(logger.events('rejected')[0]?.text ?? '', /rejected a\/b: decode\(a\/b\): not JSON/);
  });
});
