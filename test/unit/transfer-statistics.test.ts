import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Message } from '../../src/message/message.js';
import { LATENCY_BOUNDS } from '../../src/transfer/latency.js';
import { RateMeter } from '../../src/transfer/rate-meter.js';
import { Statistics, statisticsLines } from '../../src/transfer/statistics.js';
import { ManualClock } from '../support/manual-clock.js';

describe('the lines of --statistics', () => {
  for (const [name, received, receivedBytes, elapsedSeconds, lines] of [
    ['nothing', 0, 0, 0, ['processed no messages']],
    ['one message', 1, 10, 0, ['processed only 1 message']],
    [
      'many messages',
      20_000,
      20_000 * 1024,
      4,
      [
        'processed 20000 messages in 4.000 seconds (5.000 k msg/sec)',
        'throughput is around 4.883 MB/second',
        'average message size is around 1024 bytes',
      ],
    ],
    [
      'an average that is rounded up from the half',
      2,
      5,
      1.2345,
      [
        'processed 2 messages in 1.234 seconds (0.002 k msg/sec)',
        'throughput is around 0.000 MB/second',
        'average message size is around 3 bytes',
      ],
    ],
    [
      'messages within no time',
      2,
      2 * 1024 * 1024,
      0,
      [
        'processed 2 messages in 0.001 seconds (2.000 k msg/sec)',
        'throughput is around 2000.000 MB/second',
        'average message size is around 1048576 bytes',
      ],
    ],
  ] as const) {
    it(name, () => {
      assert.deepEqual(statisticsLines({ received, receivedBytes, elapsedSeconds }), lines);
    });
  }
});

describe('the counters of a transfer', () => {
  it('measure from the first message taken to the last one settled', () => {
    const clock = new ManualClock();
    const statistics = new Statistics(clock);
    clock.skip(5000);
    statistics.received(100);
    clock.skip(1000);
    statistics.received(100);
    statistics.sent();
    clock.skip(500);
    statistics.dropped('why not');
    clock.skip(60_000);
    assert.equal(statistics.snapshot().elapsedSeconds, 1.5);
  });

  it('count sizes as stompclt does: 1 + body + 2 and name and value of each header', () => {
    const statistics = new Statistics(new ManualClock());
    statistics.received(new Message({ a: 'bc' }, Buffer.from('12345')).size);
    assert.equal(statistics.snapshot().receivedBytes, 1 + 5 + 2 + 1 + 2);
  });

  it('count every fate of a message', () => {
    const statistics = new Statistics(new ManualClock());
    for (let at = 0; at < 6; at += 1) statistics.received(10);
    statistics.sent();
    statistics.dropped('noise');
    statistics.dropped('noise');
    statistics.rejected('CALLBACK_THREW');
    statistics.released();
    statistics.discarded();
    statistics.setParked(1);
    statistics.reconnected();
    statistics.settledInVain('dead-session');
    statistics.settledInVain('twice');
    statistics.duplicate();
    const { droppedBy, rejectedBy, ...counts } = statistics.snapshot();
    assert.deepEqual({ ...droppedBy }, { noise: 2 });
    assert.deepEqual({ ...rejectedBy }, { CALLBACK_THREW: 1 });
    assert.deepEqual(counts, {
      received: 6,
      receivedBytes: 66,
      sent: 1,
      dropped: 2,
      rejected: 1,
      discarded: 1,
      released: 1,
      parked: 1,
      reconnects: 1,
      settledTooLate: 1,
      settledTwice: 1,
      duplicates: 1,
      elapsedSeconds: 0,
      sentBytes: 0,
      droppedBytes: 0,
      rejectedBytes: 0,
      processed: 0,
      processedSeconds: 0,
    });
  });

  it('tell only so many reasons apart, and keep them short', () => {
    const statistics = new Statistics(new ManualClock());
    for (let at = 0; at < 300; at += 1) statistics.dropped(`${at} ${'x'.repeat(1000)}`);
    statistics.dropped('__proto__');
    const { dropped, droppedBy } = statistics.snapshot();
    assert.equal(dropped, 301);
    assert.equal(Object.keys(droppedBy).length, 101);
    assert.equal(droppedBy['(other)'], 201);
    assert.ok(Object.keys(droppedBy).every((reason) => reason.length <= 201));
  });
});

describe('what the metrics are made of', () => {
  it('counts bytes by outcome, as those that came: one more than the size', () => {
    const statistics = new Statistics(new ManualClock());
    statistics.sent(10);
    statistics.sent(20);
    statistics.dropped('dull', 5);
    statistics.rejected('MESSAGE_REFUSED', 7);
    statistics.rejected('ELEMENT_UNREADABLE');
    const { sentBytes, droppedBytes, rejectedBytes, rejected } = statistics.snapshot();
    assert.deepEqual([sentBytes, droppedBytes, rejectedBytes, rejected], [32, 6, 8, 2]);
  });

  it('puts the time from taking to settling into buckets, their upper bounds included', () => {
    const clock = new ManualClock();
    const statistics = new Statistics(clock);
    const takenMs = clock.monotonicMs();
    statistics.sent(1, takenMs);
    clock.skip(1);
    statistics.sent(1, takenMs);
    clock.skip(4);
    statistics.dropped('dull', 1, takenMs);
    clock.skip(400_000);
    statistics.rejected('MESSAGE_REFUSED', 1, takenMs);
    statistics.sent(1);
    const { atMost, count, sumSeconds } = statistics.latency;
    assert.equal(atMost.length, LATENCY_BOUNDS.length);
    assert.deepEqual(atMost.slice(0, 4), [2, 2, 3, 3]);
    assert.deepEqual([atMost.at(-1), count, sumSeconds], [3, 4, 400.011]);
  });

  it('adds up what rules and callback took', () => {
    const statistics = new Statistics(new ManualClock());
    statistics.processed(3, 10);
    statistics.processed(1, 20);
    const { processed, processedSeconds } = statistics.snapshot();
    assert.deepEqual([processed, processedSeconds], [4, 0.03]);
  });
});

describe('the rate', () => {
  it('is that of the last ten seconds, and of less at first', async () => {
    const clock = new ManualClock();
    const meter = new RateMeter(clock);
    assert.equal(meter.rate({ received: 0, sent: 0 }), undefined);
    clock.skip(1000);
    assert.deepEqual(meter.rate({ received: 20, sent: 10 }), { received: 20, sent: 10 });
    for (let second = 0; second < 20; second += 1) {
      clock.skip(1000);
      meter.rate({ received: 20, sent: 10 });
    }
    assert.deepEqual(meter.rate({ received: 20, sent: 10 }), { received: 0, sent: 0 });
  });

  it('keeps as much for who asks all the time as for who asks each second', () => {
    const clock = new ManualClock();
    const meter = new RateMeter(clock);
    let last: unknown;
    for (let step = 0; step <= 3000; step += 1) {
      last = meter.rate({ received: step, sent: step });
      clock.skip(10);
    }
    assert.deepEqual(last, { received: 100, sent: 100 });
  });
});
