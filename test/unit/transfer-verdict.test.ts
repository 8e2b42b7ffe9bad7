import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EndFacts, type HealthFacts, type HealthState, liveText, verdictOf } from '../../src/transfer/verdict.js';

const SOURCE: EndFacts = { role: 'source', name: 'queue /in', phase: 'open', attempt: 0 };
const SINK: EndFacts = { role: 'sink', name: 'broker tcp://b', phase: 'open', attempt: 0 };
const REFUSED = { code: 'CONNECT_FAILED', message: 'connect(b): refused', agoMs: 800 };
const AWAY: EndFacts = { ...SINK, phase: 'waiting', awayMs: 9000, attempt: 6, nextTryMs: 3000, lastError: REFUSED };

function facts(changed: Partial<HealthFacts> = {}): HealthFacts {
  return { stopping: false, ends: [SOURCE, SINK], full: [], inFlight: 0, parked: 0, rejected: 0, ...changed };
}

const TABLE: readonly (readonly [string, HealthFacts, HealthState, RegExp])[] = [
  ['nothing came yet', facts(), 'idle', /^nothing to move$/],
  [
    'a message was sent 4.9 s ago',
    facts({ lastSentMs: 4900 }),
    'moving',
    /^0 messages in flight, the last sent 5 s ago$/,
  ],
  ['a message was sent 5 s ago', facts({ lastSentMs: 5000, lastReceivedMs: 5000 }), 'idle', /^nothing to move$/],
  ['all that came is dropped', facts({ lastReceivedMs: 100 }), 'moving', /none sent yet$/],
  ['one is in flight since 9.9 s', facts({ inFlight: 1, oldestUnsettledMs: 9900 }), 'moving', /^1 message in flight/],
  [
    'nothing was settled for 10 s',
    facts({ inFlight: 3, oldestUnsettledMs: 12_000, lastSettledMs: 11_000 }),
    'stuck',
    /^none of the 3 messages in flight was settled for 11 s: no answer from sink broker tcp:\/\/b$/,
  ],
  [
    'the callback is slow, the broker is not',
    facts({ inFlight: 3, oldestUnsettledMs: 12_000, lastSettledMs: 12_000, checkingMs: 11_500 }),
    'stuck',
    /^none of the 3 messages in flight was settled for 12 s: the callback has been at them for 12 s$/,
  ],
  [
    'the oldest is slow, and others are settled',
    facts({ inFlight: 3, oldestUnsettledMs: 60_000, lastSettledMs: 50, lastSentMs: 50 }),
    'moving',
    /^3 messages in flight, the last sent 0 s ago$/,
  ],
  [
    'the broker is away',
    facts({ ends: [SOURCE, AWAY], inFlight: 20, oldestUnsettledMs: 9000 }),
    'stuck',
    /^sink broker tcp:\/\/b is away for 9 s: connect\(b\): refused \(attempt 6, next try in 3 s\); 20 messages in flight wait for it$/,
  ],
  ['it was lost just now', facts({ ends: [SOURCE, { ...AWAY, awayMs: 1999 }] }), 'idle', /^opening broker tcp:\/\/b$/],
  [
    'it does not answer',
    facts({ ends: [SOURCE, { ...SINK, phase: 'opening', awayMs: 4000 }] }),
    'stuck',
    /^sink broker tcp:\/\/b is away for 4 s: no answer yet \(trying now\)$/,
  ],
  [
    'it was lost and came back',
    facts({ ends: [SOURCE, { ...SINK, lastError: REFUSED }] }),
    'idle',
    /^nothing to move$/,
  ],
  ['a lazy sink', facts({ ends: [SOURCE, { ...SINK, phase: 'closed' }] }), 'idle', /^nothing to move$/],
  ['messages came before it was lost', facts({ ends: [SOURCE, AWAY], lastSentMs: 2500 }), 'stuck', /is away for 9 s/],
  [
    'a full queue',
    facts({ full: ['queue /out: it has 10'], inFlight: 5 }),
    'stuck',
    /^waiting for queue \/out: it has 10$/,
  ],
  [
    'a stop, though the broker is away',
    facts({ stopping: true, ends: [SOURCE, AWAY], inFlight: 20 }),
    'stopping',
    /^settling 20 messages in flight$/,
  ],
  [
    'what does not decide is told besides',
    facts({ parked: 2, rejected: 7, backlog: { elements: 1200, oldestMs: 7_200_000 } }),
    'idle',
    /^nothing to move; 1200 messages in the incoming queue, the oldest for 120 min; 2 messages parked unacknowledged at the broker; 7 messages rejected$/,
  ],
  ['an empty queue is not mentioned', facts({ backlog: { elements: 0 } }), 'idle', /^nothing to move$/],
];

describe('the verdict', () => {
  for (const [name, given, state, reason] of TABLE) {
    it(`${state}: ${name}`, () => {
      const verdict = verdictOf(given);
      assert.equal(verdict.state, state);
      assert.match(verdict.reason, reason);
    });
  }
});

describe('the line for who watches a run', () => {
  it('has the numbers while it goes, and why when it does not', () => {
    assert.equal(liveText(facts()), 'idle: 0 sent, 0.0/s, 0 in flight');
    const rate = { received: 3, sent: 2.25 };
    const moving = facts({ lastSentMs: 10, inFlight: 3, rate, backlog: { elements: 45 }, rejected: 2 });
    assert.equal(liveText(moving), 'moving: 0 sent, 2.3/s, 3 in flight, 45 waiting, 2 rejected');
    assert.match(liveText(facts({ ends: [SOURCE, AWAY] })), /^stuck: sink broker tcp:\/\/b is away for 9 s/);
  });
});
