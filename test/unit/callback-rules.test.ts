import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { Rules } from '../../src/callback/rules/rules.js';
import { bytesMessage, summary, textMessage } from '../support/callback-bench.js';

const message = textMessage({ destination: '/queue/in', app: 'sensor', priority: '4' }, 'ERROR: disk 93%\n');
const pass = (header: Record<string, string>) => ({ header, body: 'ERROR: disk 93%\n', text: true });
const base = { destination: '/queue/in', app: 'sensor', priority: '4' };

const CASES: [string, unknown, unknown][] = [
  ['set', { set: { destination: '/queue/out', n: 5 } }, pass({ ...base, destination: '/queue/out', n: '5' })],
  [
    'set from another header',
    { set: { destination: '/topic/{app}/{none}{{x}' } },
    pass({ ...base, destination: '/topic/sensor/{x}' }),
  ],
  ['remove by list', { remove: ['app', 'priority', 'none'] }, pass({ destination: '/queue/in' })],
  ['remove by text', { remove: 'app priority' }, pass({ destination: '/queue/in' })],
  [
    'rename',
    { rename: { app: 'application', none: 'x' } },
    pass({ destination: '/queue/in', application: 'sensor', priority: '4' }),
  ],
  ['default', { default: { app: 'x', persistent: true } }, pass({ ...base, persistent: 'true' })],
  [
    'replace',
    { replace: { destination: { pattern: '^/queue/(.+)$', with: '/topic/$1' } } },
    pass({ ...base, destination: '/topic/in' }),
  ],
  ['drop', { drop: 'not from {app}' }, 'drop: not from sensor'],
  ['when header equals', { when: { header: { app: 'sensor' } }, drop: 'yes' }, 'drop: yes'],
  ['when header differs', { when: { header: { app: 'other' } }, drop: 'yes' }, pass(base)],
  ['when header matches', { when: { match: { destination: '^/queue/' } }, drop: 'yes' }, 'drop: yes'],
  ['when exists and missing', { when: { exists: 'app priority', missing: 'none' }, drop: 'yes' }, 'drop: yes'],
  ['when body matches', { when: { body: '(?i)error: disk' }, drop: 'yes' }, 'drop: yes'],
  ['when body is large', { when: { larger: 10, smaller: '100' }, drop: 'yes' }, 'drop: yes'],
  ['when body is small', { when: { larger: 16 }, drop: 'yes' }, pass(base)],
  ['when not', { when: { not: { header: { app: 'other' } } }, drop: 'yes' }, 'drop: yes'],
  [
    'rules in order, until stop',
    [{ set: { a: '1' } }, { when: { header: { a: '1' } }, set: { b: '2' }, stop: true }, { drop: 'never' }],
    pass({ ...base, a: '1', b: '2' }),
  ],
];

for (const [name, rewrite, expected] of CASES) {
  test(`rewrite rules: ${name}`, async () => {
    const [outcome] = await Rules.open(rewrite).process([message]);
    assert.deepEqual(summary(outcome), expected);
  });
}

test('rewrite rules: an unchanged message is the same object, a changed one leaves it as it was', () => {
  const bytes = bytesMessage({ a: '1' }, Buffer.from([0, 255]));
  const rules = Rules.open({ when: { match: { a: '2' } }, set: { b: '1' } });
  assert.equal(rules.apply(bytes).kind === 'pass' && bytes, bytes);
  Rules.open({ set: { a: '9' } }).apply(bytes);
  assert.equal(bytes.header.a, '1');
});

const WRONG: [unknown, RegExp][] = [
  ['text', /rewrite\(rewrite\[0\]\): must be a block of when, drop, remove, rename, default, set, replace, to, stop/],
  [{ sett: { a: '1' } }, /rewrite\[0\]\.sett\): unknown key/],
  [{}, /does nothing/],
  [[{ drop: 'x' }, { drop: '' }], /rewrite\[1\]\.drop\): a reason must be given/],
  [{ drop: 'x', when: { body: '(' } }, /rewrite\[0\]\.when\.body\): is not a pattern/],
  [{ drop: 'x', when: { larger: 'big' } }, /must be a number of bytes/],
  [{ stop: 'maybe' }, /must be one of true false 1 0/],
  [{ set: { a: { b: 'c' } } }, /rewrite\[0\]\.set\.a\): must be a text/],
];

for (const [rewrite, text] of WRONG) {
  test(`rewrite rules: ${JSON.stringify(rewrite)} is refused`, () => {
    assert.throws(
      () => Rules.open(rewrite),
      (error) => error instanceof StompctlError && error.code === 'CONFIG_INVALID' && text.test(error.message),
    );
  });
}

test('rewrite rules: the last rule that names an output counts, and a drop is none', () => {
  const rules = Rules.open([
    { to: 'a' },
    { when: { exists: 'app' }, to: 'b', set: { x: '1' } },
    { when: { exists: 'no' }, to: 'c' },
  ]);
  const outcome = rules.apply(message);
  assert.ok(outcome.kind === 'pass');
  assert.deepEqual([outcome.to, outcome.message.header.x], ['b', '1']);
  const unchanged = Rules.open({ to: 'a' }).apply(message);
  assert.deepEqual(unchanged, { kind: 'pass', message, to: 'a' });
  assert.equal(Rules.open([{ to: 'a' }, { drop: 'x' }]).apply(message).kind, 'drop');
});
