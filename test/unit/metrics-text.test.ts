import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { METRIC_TABLE } from '../../src/metrics/metric-table.js';
import { RunMetrics } from '../../src/metrics/run-metrics.js';
import { Latency } from '../../src/transfer/latency.js';
import { Statistics } from '../../src/transfer/statistics.js';
import type { HealthFacts } from '../../src/transfer/verdict.js';
import { ManualClock } from '../support/manual-clock.js';

function counted() {
  const statistics = new Statistics(new ManualClock());
  statistics.received(99);
  statistics.sent(9);
  statistics.dropped('too "old"\nby far', 4);
  statistics.rejected('MESSAGE_REFUSED', 1);
  return statistics.snapshot();
}

const FACTS: HealthFacts = {
  stopping: false,
  ends: [
    { role: 'source', name: 'queue /in', phase: 'open', attempt: 0, opened: 1 },
    {
      role: 'sink',
      name: 'broker stomp://b',
      phase: 'waiting',
      attempt: 6,
      awayMs: 9500,
      opened: 3,
      session: { version: '1.2', certificateEnds: '2026-11-21T18:00:00.000Z' },
      members: [
        { name: 'a "1" (queue /a)', called: 'a "1"', phase: 'open', attempt: 0, opened: 1, inFlight: 3, messages: 40 },
        { name: 'b', phase: 'waiting', attempt: 2, awayMs: 1500, opened: 0, inFlight: 0, messages: 0 },
      ],
    },
  ],
  full: ['queue /out: it has 10'],
  inFlight: 20,
  inFlightBytes: 2000,
  oldestUnsettledMs: 9250,
  lastReceivedMs: 9250,
  parked: 0,
  rejected: 1,
  backlog: { elements: 45, oldestMs: 61_400 },
  failures: { elements: 0 },
};

function latency() {
  const measured = new Latency();
  for (const ms of [1, 2, 700_000]) measured.observe(ms);
  return measured.snapshot();
}

async function text(facts: HealthFacts | undefined, labels = {}): Promise<string> {
  const metrics = await RunMetrics.open({ version: '1.2.3', ofProcess: false, labels });
  if (facts !== undefined) metrics.show(() => [{ health: () => facts, latency }]);
  return metrics.text();
}

describe('the metrics of a run', () => {
  const EXPECTED = [
    `stompctl_build_info{version="1.2.3",node="${process.version}"} 1`,
    'stompctl_received_messages_total 1',
    'stompctl_received_bytes_total 100',
    'stompctl_messages_total{outcome="sent"} 1',
    'stompctl_messages_total{outcome="dropped"} 1',
    'stompctl_messages_total{outcome="rejected"} 1',
    'stompctl_messages_total{outcome="released"} 0',
    'stompctl_bytes_total{outcome="sent"} 10',
    'stompctl_bytes_total{outcome="dropped"} 5',
    'stompctl_dropped_messages_total{reason="too \\"old\\"\\nby far"} 1',
    'stompctl_rejected_messages_total{code="MESSAGE_REFUSED"} 1',
    'stompctl_state{state="moving"} 0',
    'stompctl_state{state="stuck"} 1',
    'stompctl_in_flight_messages 20',
    'stompctl_in_flight_bytes 2000',
    'stompctl_oldest_unsettled_seconds 9.25',
    'stompctl_full_queues 1',
    'stompctl_incoming_queue_messages 45',
    'stompctl_incoming_queue_oldest_seconds 61.4',
    'stompctl_failure_queue_messages 0',
    'stompctl_failure_queue_oldest_seconds 0',
    'stompctl_end_open{role="source",name="queue /in"} 1',
    'stompctl_end_open{role="sink",name="broker stomp://b"} 0',
    'stompctl_end_away_seconds{role="sink",name="broker stomp://b"} 9.5',
    'stompctl_end_attempts{role="sink",name="broker stomp://b"} 6',
    'stompctl_reconnects_total{role="source",name="queue /in"} 0',
    'stompctl_reconnects_total{role="sink",name="broker stomp://b"} 2',
    'stompctl_certificate_expiry_timestamp_seconds{role="sink",name="broker stomp://b"} 1795284000',
    'stompctl_member_open{role="sink",name="broker stomp://b",member="a \\"1\\""} 1',
    'stompctl_member_open{role="sink",name="broker stomp://b",member="b"} 0',
    'stompctl_member_away_seconds{role="sink",name="broker stomp://b",member="b"} 1.5',
    'stompctl_member_in_flight_messages{role="sink",name="broker stomp://b",member="b"} 0',
    'stompctl_member_messages_total{role="sink",name="broker stomp://b",member="a \\"1\\""} 40',
    'stompctl_settle_seconds_bucket{le="0.001"} 1',
    'stompctl_settle_seconds_bucket{le="0.0025"} 2',
    'stompctl_settle_seconds_bucket{le="300"} 2',
    'stompctl_settle_seconds_bucket{le="+Inf"} 3',
    'stompctl_settle_seconds_sum 700.003',
    'stompctl_settle_seconds_count 3',
  ];

  it('are those of its facts', async () => {
    const lines = (await text({ ...FACTS, counted: counted() })).split('\n');
    assert.deepEqual(
      EXPECTED.filter((line) => !lines.includes(line)),
      [],
    );
  });

  it('say nothing of what is not known', async () => {
    const { oldestUnsettledMs: _, backlog: __, failures: ___, ...facts } = FACTS;
    const told = await text({ ...facts, inFlight: 0 });
    for (const name of ['oldest_unsettled_seconds', 'incoming_queue_messages', 'failure_queue_messages', 'last_sent']) {
      assert.doesNotMatch(told, new RegExp(`^stompctl_${name}`, 'm'));
    }
    assert.match(await text(undefined), /^stompctl_build_info/m);
    assert.doesNotMatch(await text(undefined), /^stompctl_(?:state|end_open|settle)/m);
  });

  it('follow the run: what is gone is told no more, and counters are those of now', async () => {
    let facts: HealthFacts = { ...FACTS, counted: counted() };
    const metrics = await RunMetrics.open({ version: '1', ofProcess: false });
    metrics.show(() => [{ health: () => facts, latency }]);
    const once = await metrics.text();
    assert.equal(
      (await metrics.text()).replace(/(timestamp_seconds) .*/g, '$1'),
      once.replace(/(timestamp_seconds) .*/g, '$1'),
    );
    facts = { ...facts, ends: FACTS.ends.slice(0, 1), backlog: undefined };
    const later = await metrics.text();
    assert.doesNotMatch(later, /role="sink"|^stompctl_incoming_queue_messages/m);
    assert.match(later, /^stompctl_received_messages_total 1$/m);
  });

  it('have the labels of a file on every one', async () => {
    const told = await text({ ...FACTS, counted: counted() }, { file: 'a"b' });
    const values = told.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.ok(values.length > 50);
    assert.deepEqual(
      values.filter((line) => !line.includes('file="a\\"b"')),
      [],
    );
  });

  it('have the name of the transfer where there are several, each metric told once', async () => {
    const metrics = await RunMetrics.open({ version: '1', ofProcess: false, several: true });
    const run = (transfer: string) => ({ transfer, health: () => ({ ...FACTS, counted: counted() }), latency });
    const broken = { transfer: 'c', health: () => undefined, latency: () => undefined };
    metrics.show(() => [run('a'), run('b"'), broken]);
    const told = await metrics.text();
    const lines = told.split('\n');
    for (const transfer of ['a', 'b\\"']) {
      assert.ok(lines.includes(`stompctl_received_messages_total{transfer="${transfer}"} 1`), transfer);
      assert.ok(lines.includes(`stompctl_settle_seconds_count{transfer="${transfer}"} 3`), transfer);
      assert.ok(lines.includes(`stompctl_transfer_up{transfer="${transfer}"} 1`), transfer);
    }
    assert.ok(lines.includes('stompctl_transfer_up{transfer="c"} 0'));
    const types = lines.filter((line) => line.startsWith('# TYPE '));
    assert.equal(new Set(types).size, types.length);
    for (const { name } of METRIC_TABLE) {
      for (const line of lines.filter((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `))) {
        assert.match(line, /transfer="/);
      }
    }
  });

  it('mask what a callback gives as its reason', async () => {
    const statistics = new Statistics(new ManualClock());
    statistics.dropped('password=s3cret');
    assert.doesNotMatch(await text({ ...FACTS, counted: statistics.snapshot() }), /s3cret/);
  });

  it('tell at the end when, and with which code', async () => {
    const metrics = await RunMetrics.open({ version: '1', ofProcess: false });
    metrics.show(() => [{ health: () => FACTS, latency }]);
    const told = await metrics.endText(75);
    assert.match(told, /^stompctl_run_exit_code 75$/m);
    assert.match(told, /^stompctl_run_end_timestamp_seconds 1\d{9}/m);
  });

  it('have names as Prometheus wants them', () => {
    for (const { name, type } of METRIC_TABLE) {
      assert.match(name, /^stompctl_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
    }
  });
});
