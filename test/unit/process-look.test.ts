import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  processPayload,
  processServiceLook,
  processVerdict,
  type TransferLook,
} from '../../src/cli/run/process-look.js';
import type { EndFacts, HealthFacts } from '../../src/transfer/verdict.js';

const OPEN: EndFacts = { role: 'source', name: 'queue /in', phase: 'open', attempt: 0 };
const AWAY: EndFacts = { role: 'sink', name: 'broker b', phase: 'waiting', awayMs: 60_000, attempt: 4 };
const IDLE: HealthFacts = { stopping: false, ends: [OPEN], full: [], inFlight: 0, parked: 0, rejected: 0 };

function looks(states: Readonly<Record<string, Partial<HealthFacts> | number | undefined>>): TransferLook[] {
  return Object.entries(states).map(([name, state]): TransferLook => {
    const file = `/etc/${name}.conf`;
    if (typeof state === 'number')
      return { name, file, facts: undefined, end: { code: state, text: 'pass=s3cret is why' } };
    return { name, file, facts: state && { ...IDLE, ...state }, end: undefined };
  });
}

const MOVING = { inFlight: 1, lastSentMs: 10 };
const STUCK = { ends: [OPEN, AWAY] };

describe('the verdict on a process with several transfers', () => {
  const cases: readonly [
    states: Parameters<typeof looks>[0],
    state: string,
    reason: RegExp,
    healthy: boolean,
    ready: boolean,
  ][] = [
    [{ a: {}, b: {} }, 'idle', /^2 transfers: 2 idle$/, true, true],
    [{ a: {}, b: MOVING }, 'moving', /^2 transfers: 1 idle, 1 moving$/, true, true],
    [{ a: {}, b: 0 }, 'idle', /^2 transfers: 1 idle, 1 ended$/, true, true],
    [{ a: {}, b: undefined }, 'idle', /1 starting/, true, false],
    [{ a: MOVING, b: STUCK }, 'stuck', /; b is stuck: sink broker b is away for 60 s/, true, true],
    [{ a: STUCK, b: STUCK }, 'stuck', /a is stuck.*b is stuck/, false, true],
    [{ a: STUCK, b: 78 }, 'stuck', /a is stuck.*b does not run: pass=\*\*\* is why/, false, true],
    [{ a: 78 }, 'stuck', /a does not run/, true, true],
  ];
  for (const [states, state, reason, healthy, ready] of cases) {
    it(`${JSON.stringify(Object.keys(states))} ${state}: ${reason.source}`, () => {
      const look = { stopping: false, transfers: looks(states) };
      assert.equal(processVerdict(look).state, state);
      assert.match(processVerdict(look).reason, reason);
      const told = processServiceLook(look);
      assert.deepEqual([told.healthy, told.ready], [healthy, ready]);
      assert.doesNotMatch(JSON.stringify(processPayload(look)), /s3cret/);
    });
  }

  it('names the first five that are in trouble, and says how many more', () => {
    const transfers = looks(Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((number) => [`t${number}`, 78])));
    assert.match(processVerdict({ stopping: false, transfers }).reason, /t5 does not run: [^;]*; and 2 more$/);
  });

  it('is stopping, whatever else, while the process is', () => {
    assert.equal(processVerdict({ stopping: true, transfers: looks({ a: STUCK }) }).state, 'stopping');
  });
});
