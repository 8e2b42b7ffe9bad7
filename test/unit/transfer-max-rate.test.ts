import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateLimit, type RateLimits } from '../../src/transfer/rate-limit.js';
import { TransferReport } from '../../src/transfer/report.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { Transfer, type TransferLimits } from '../../src/transfer/transfer.js';
import { verdictOf } from '../../src/transfer/verdict.js';
import { FakeSink, FakeSource, textMessage } from '../support/fake-ends.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const SIZE = textMessage('0000').size;

function limitsWith(limits: Partial<TransferLimits>): TransferLimits {
  return {
    window: 1000,
    windowBytes: 1 << 20,
    count: undefined,
    durationMs: undefined,
    inactivityMs: undefined,
    lingerMs: 5000,
    closeMs: 5000,
    ...limits,
  };
}

/** A run over 1,000 messages of `SIZE` bytes each; `taken` says how many have left the source. */
async function running(limits: Partial<TransferLimits>) {
  const messages = Array.from({ length: 1000 }, (_, index) => textMessage(String(index).padStart(4, '0')));
  const clock = new ManualClock();
  const statistics = new Statistics(clock);
  const logger = new MemoryLogger();
  const transfer = new Transfer({
    source: new FakeSource(messages, { endless: true }),
    sink: new FakeSink(),
    processor: undefined,
    lazy: false,
    report: new TransferReport({ statistics, logger, maxParked: 10 }),
    clock,
    limits: limitsWith(limits),
  });
  const run = transfer.run();
  await settled();
  const taken = () => statistics.snapshot().received;
  const stop = async () => {
    transfer.stop('signal');
    return (await run).reason;
  };
  return { clock, transfer, run, taken, stop };
}

describe('max-rate', () => {
  const cases: readonly (readonly [what: string, limits: RateLimits, atOnce: number, after10s: number])[] = [
    ['100 messages a second', { maxRate: 100 }, 100, 1000],
    ['10 messages a second', { maxRate: 10 }, 10, 110],
    ['1 message a second', { maxRate: 1 }, 1, 11],
    ['a message in two seconds', { maxRate: 0.5 }, 1, 6],
    ['a huge rate', { maxRate: 1_000_000_000 }, 1000, 1000],
    ['no limit', {}, 1000, 1000],
    ['the bytes of 10 messages a second', { maxRateBytes: 10 * SIZE }, 10, 110],
    ['a huge number of bytes', { maxRateBytes: 2 ** 36 }, 1000, 1000],
    ['both, the messages being fewer', { maxRate: 5, maxRateBytes: 10 * SIZE }, 5, 55],
    ['both, the bytes being fewer', { maxRate: 20, maxRateBytes: 10 * SIZE }, 10, 110],
  ];
  for (const [what, limits, atOnce, after10s] of cases) {
    it(`takes ${what}: at once those of a second, then as many as the time is`, async () => {
      const { clock, taken, stop } = await running(limits);
      assert.equal(taken(), atOnce);
      await clock.advance(10_000);
      // taken a few at a time, 20 ms apart: the last ones of a period may be a moment late
      const late = Math.min(2, after10s - atOnce);
      assert.ok(taken() <= after10s && taken() >= after10s - late, `${taken()} of ${after10s}`);
      assert.equal(await stop(), 'signal');
    });
  }

  it('takes a message that is larger than the bytes of a second whole, and waits for the rest of it afterwards', async () => {
    const { clock, taken, stop } = await running({ maxRateBytes: 1 });
    assert.equal(taken(), 1);
    await clock.advance((SIZE - 1) * 1000);
    assert.equal(taken(), 1);
    await clock.advance(1000);
    assert.equal(taken(), 2);
    await stop();
  });

  it('has a burst of one second after a pause, however long that was', () => {
    const clock = new ManualClock();
    const rate = new RateLimit(clock, { maxRate: 10 });
    clock.skip(3_600_000);
    assert.equal(rate.allowance().deliveries, 10);
    rate.spend(10, 0);
    assert.equal(rate.allowance().deliveries, 0);
  });

  it('is ended at once by a stop', async () => {
    const { run, transfer } = await running({ maxRate: 0.000001 });
    transfer.stop('signal');
    assert.equal((await run).reason, 'signal');
  });

  it('is changed at once, and one that stays is not filled again', async () => {
    const { transfer, taken, stop } = await running({ maxRate: 0.000001 });
    assert.equal(taken(), 1);
    transfer.configure(limitsWith({ maxRate: 0.000001, window: 500 }));
    await settled();
    assert.equal(taken(), 1);
    transfer.configure(limitsWith({ maxRate: 50 }));
    await settled();
    assert.equal(taken(), 51);
    transfer.configure(limitsWith({}));
    await settled();
    assert.equal(taken(), 1000);
    await stop();
  });

  it('gives way to an exchange of an end at once', async () => {
    const { transfer, stop } = await running({ maxRate: 0.000001 });
    assert.equal(await transfer.exchange(async (drained) => assert.equal(drained, true)), true);
    await stop();
  });

  it('is no inactivity, and the verdict says that it holds messages back', async () => {
    const { clock, transfer, taken, stop } = await running({ maxRate: 0.1, inactivityMs: 3000 });
    await clock.advance(9000);
    assert.equal(taken(), 1);
    const facts = { ends: [], full: [], parked: 0, rejected: 0, ...transfer.progress };
    assert.deepEqual(verdictOf(facts), {
      state: 'moving',
      reason: 'held to max-rate, the next message is taken in 1 s',
    });
    await clock.advance(1000);
    assert.equal(taken(), 2);
    assert.equal(await stop(), 'signal');
  });

  it('ends with count as without', async () => {
    const { clock, run, taken } = await running({ maxRate: 10, count: 25 });
    await clock.advance(10_000);
    assert.equal((await run).reason, 'count');
    assert.equal(taken(), 25);
  });
});
