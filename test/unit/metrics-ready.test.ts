import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreadyOf } from '../../src/metrics/routes.js';
import type { EndFacts, HealthFacts } from '../../src/transfer/verdict.js';

const FACTS: HealthFacts = { stopping: false, ends: [], full: [], inFlight: 0, parked: 0, rejected: 0 };
const end = (role: EndFacts['role'], phase: EndFacts['phase'], more: Partial<EndFacts> = {}): EndFacts => ({
  role,
  name: role,
  phase,
  attempt: 0,
  ...more,
});

for (const [what, ends, expected] of [
  [
    'the end that is tried, not the one that is opened after it',
    [end('source', 'closed'), end('sink', 'waiting', { lastError: { code: 'X', message: 'refused', agoMs: 1 } })],
    'sink sink is not open (waiting): refused',
  ],
  [
    'an end that nobody has tried yet',
    [end('source', 'closed'), end('sink', 'open')],
    'source source is not open (closed)',
  ],
  [
    'nothing, while a lazy sink is not wanted',
    [end('source', 'open'), end('sink', 'closed', { lazy: true })],
    undefined,
  ],
] as const) {
  test(`not ready is told of by ${what}`, () => {
    assert.equal(unreadyOf({ ...FACTS, ends }), expected);
  });
}
