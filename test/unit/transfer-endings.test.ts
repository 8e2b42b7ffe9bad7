import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { TransferReport } from '../../src/transfer/report.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { type EndReason, Transfer, type TransferLimits } from '../../src/transfer/transfer.js';
import { FakeSink, FakeSource, textMessage } from '../support/fake-ends.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const LINGER_MS = 5000;
const never = () => new Promise<never>(() => undefined);

function plan(sink: FakeSink, limits: Partial<TransferLimits> = {}) {
  const source = new FakeSource([textMessage('m0')], { endless: true });
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const state = { gaveUp: 0, waits: [] as string[] };
  const transfer = new Transfer({
    source,
    sink,
    processor: undefined,
    lazy: false,
    report: new TransferReport({ statistics: new Statistics(clock), logger, maxParked: 10 }),
    clock,
    limits: {
      window: 10,
      windowBytes: 1 << 20,
      count: undefined,
      durationMs: undefined,
      inactivityMs: undefined,
      lingerMs: LINGER_MS,
      closeMs: 120_000,
      ...limits,
    },
    waiting: () => state.waits,
    giveUp: async () => {
      state.gaveUp += 1;
    },
  });
  return { source, clock, logger, transfer, state };
}

describe('the end of a transfer', () => {
  it('opens nothing once stopped, not even what would fail', async () => {
    const sink = new FakeSink();
    sink.openFailures = [new StompctlError('QUEUE_PERMISSION', 'open', '/q', 'permission denied')];
    const { source, transfer } = plan(sink);
    transfer.stop('signal');
    const outcome = await transfer.run();
    await settled();
    assert.deepEqual([outcome.reason, outcome.failure], ['signal', undefined]);
    assert.deepEqual([sink.opened, source.opened], [0, 0]);
  });

  it('does not wait longer than the linger for a source that does not settle, and lets it give up', async () => {
    const { source, clock, transfer, state } = plan(new FakeSink());
    source.settle = never;
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(LINGER_MS - 1);
    assert.equal(state.gaveUp, 0);
    await clock.advance(1);
    const outcome = await running;
    assert.deepEqual([state.gaveUp, outcome.failure, source.closed, clock.pending], [1, undefined, 1, 0]);
  });

  for (const [title, sink, storesAtClose] of [
    ['says so when the source does not even close', new FakeSink(() => 'silent'), false],
    [
      'waits no longer for what a source stores at its close than for what is in flight, though nothing is',
      new FakeSink(),
      true,
    ],
  ] as const) {
    it(title, async () => {
      const { source, clock, transfer } = plan(sink);
      source.storesAtClose = storesAtClose;
      source.close = never;
      const running = transfer.run();
      await settled();
      transfer.stop('signal');
      await clock.advance(LINGER_MS + 2000);
      assert.equal((await running).failure?.code, 'LINGER_EXCEEDED');
    });
  }

  it('says that what is left goes into the failure queue where the source cannot be read again', async () => {
    const { source, clock, logger, transfer } = plan(new FakeSink(() => 'silent'), { count: 1 });
    source.storesAtClose = true;
    const running = transfer.run();
    await clock.advance(LINGER_MS);
    assert.match((await running).failure?.message ?? '', /what is left goes into the failure queue/);
    const [{ text } = assert.fail()] = logger.events('linger-exceeded');
    assert.match(text, /1 messages were not settled in time; what is left goes into the failure queue/);
  });

  it('waits no more for the farewell of a broker once the linger is over', async () => {
    const sink = new FakeSink(() => 'silent');
    sink.close = never;
    const { source, clock, transfer } = plan(sink);
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(LINGER_MS + 2000);
    const outcome = await running;
    assert.deepEqual([outcome.failure, outcome.released, source.closed], [undefined, 1, 1]);
  });

  it('by itself waits for a farewell as long as flush and disconnect may take when all is settled', async () => {
    const sink = new FakeSink();
    sink.close = never;
    const { clock, transfer } = plan(sink, { count: 1 });
    const running = transfer.run();
    let over = false;
    void running.then(() => {
      over = true;
    });
    await clock.advance(119_999);
    assert.equal(over, false);
    await clock.advance(1);
    assert.equal((await running).failure, undefined);
  });

  for (const end of ['source', 'sink'] as const) {
    it(`by a signal waits for the farewell of the ${end} no longer than for what is in flight`, async () => {
      const sink = new FakeSink();
      const { source, clock, transfer, logger } = plan(sink);
      const closed: string[] = [];
      source.close = async () => void closed.push('source');
      sink.close = async () => void closed.push('sink');
      ({ source, sink })[end].close = never;
      const running = transfer.run();
      await settled();
      transfer.stop('signal');
      await clock.advance(LINGER_MS + 2000);
      assert.equal((await running).failure, undefined);
      assert.deepEqual(closed, [end === 'sink' ? 'source' : 'sink']);
      assert.equal(logger.events('close-failed').length, 1);
    });
  }

  it('gives back and closes within two seconds together, though neither the sink nor the source gets on', async () => {
    const sink: FakeSink & { recall?: () => Promise<void> } = new FakeSink(() => 'silent');
    const { source, clock, transfer } = plan(sink);
    sink.recall = never;
    sink.close = never;
    source.close = never;
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(LINGER_MS + 2000);
    assert.deepEqual([(await running).released, transfer.lastMs], [1, 250]);
  });

  it('counts the time from the stop on, also where it stops reading later', async () => {
    const { source, clock, transfer } = plan(new FakeSink());
    let fail: (error: StompctlError) => void = () => assert.fail();
    const stuck = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const next = source.next.bind(source);
    source.next = (...asked) => (source.demands.length === 0 ? next(...asked) : stuck);
    source.settle = never;
    const running = transfer.run();
    await settled();
    transfer.stop('signal');
    await clock.advance(LINGER_MS - 1);
    fail(new StompctlError('QUEUE_IO', 'read', '/q', 'too late'));
    await clock.advance(1);
    await clock.advance(0);
    await running;
    assert.equal(source.closed, 1);
  });

  it('by its count tells what the run waited for when not everything is settled in time', async () => {
    const { clock, transfer, state } = plan(new FakeSink(() => 'silent'), { count: 1 });
    state.waits = ['broker stomp://h: connect(h): refused'];
    const running = transfer.run();
    await clock.advance(1000 + LINGER_MS);
    assert.match(
      (await running).failure?.message ?? '',
      /; the run waited for broker stomp:\/\/h: connect\(h\): refused$/,
    );
  });

  const limits: Readonly<Partial<Record<EndReason, Partial<TransferLimits>>>> = {
    count: { count: 1 },
    duration: { durationMs: 1000 },
    inactivity: { inactivityMs: 1000 },
  };
  for (const [reason, limit] of Object.entries(limits)) {
    it(`by its ${reason} is LINGER_EXCEEDED, 75, when something is not settled in time`, async () => {
      const { source, clock, transfer } = plan(new FakeSink(() => 'silent'), limit);
      const running = transfer.run();
      await clock.advance(1000 + LINGER_MS);
      const { failure, ...outcome } = await running;
      assert.deepEqual([outcome.reason, outcome.released], [reason, 1]);
      assert.deepEqual([failure?.code, failure?.exitCode], ['LINGER_EXCEEDED', 75]);
      const text = /1 messages were not settled within 5 s \(timeout-linger\): what is left stays with the source/;
      assert.match(failure?.message ?? '', text);
      assert.equal(source.settledAs.get('m0'), 'release');
    });
  }
});
