import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rules } from '../../src/callback/rules/rules.js';
import { summary, textMessage } from '../support/callback-bench.js';

for (const [what, rule, bad] of [
  [
    'a pattern that needs a deep stack',
    { when: { body: '(?:.|\n)*error' }, drop: 'found' },
    textMessage({}, 'x'.repeat(12_000_000)),
  ],
  [
    'a replacement that squares the header',
    { replace: { app: { pattern: '.', with: '$`' } } },
    textMessage({ app: 'x'.repeat(60_000) }),
  ],
] as const) {
  test(`what V8 refuses rejects that message, the rest goes on: ${what}`, async () => {
    const rules = Rules.open(rule, 60_000);
    const good = textMessage({ app: 'x' }, 'small');
    const outcomes = await rules.process([good, bad, good]);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['pass', 'reject', 'pass'],
    );
    assert.match(String(summary(outcomes[1])), /^CALLBACK_THREW: rewrite\(message\): a rule cannot be applied: /);
  });
}
