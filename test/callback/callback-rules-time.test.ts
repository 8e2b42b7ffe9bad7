import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessorChain } from '../../src/callback/processor-chain.js';
import { Rules } from '../../src/callback/rules/rules.js';
import { summary, textMessage, withCallback } from '../support/callback-bench.js';

const HARMLESS = { app: 'aaaa' };
const HOSTILE = { app: `${'a'.repeat(60)}!` };

for (const [what, rule] of [
  ['a condition', { when: { match: { app: '^(a|a)*$' } }, set: { seen: '1' } }],
  ['a replacement', { replace: { app: { pattern: '(a*)*$', with: 'x' } }, set: { seen: '1' } }],
  ['a negated condition', { when: { not: { match: { app: '^(a+)+$' } } }, set: { seen: '1' } }],
] as const) {
  test(`a message that keeps the pattern of ${what} busy is rejected, the others go on, and so does the process`, async () => {
    const rules = Rules.open(rule, 50);
    const messages = [HARMLESS, HOSTILE, HARMLESS, HOSTILE, HARMLESS].map((header) => textMessage(header));
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    timer.unref();
    const outcomes = await rules.process(messages);
    clearInterval(timer);
    assert.ok(turns > 0, 'timers had their turn');
    assert.deepEqual(
      outcomes.map((outcome) => outcome.kind),
      ['pass', 'reject', 'pass', 'reject', 'pass'],
    );
    assert.deepEqual(outcomes[2], rules.apply(textMessage(HARMLESS)), 'the same as without a time limit');
    const reason = 'rewrite(message): a pattern took longer than 50 ms (callback-timeout)';
    assert.equal(summary(outcomes[1]), `CALLBACK_TIMEOUT: ${reason}`);
  });
}

test('messages that take long together are not at fault', async () => {
  const rules = Rules.open({ when: { body: 'x+y' }, drop: 'found' }, 300);
  // a small part of the time each; the threads of other tests in this process count as well: there must be room
  const messages = Array.from({ length: 24 }, () => textMessage({}, 'x'.repeat(4500)));
  const outcomes = await rules.process(messages);
  assert.deepEqual(new Set(outcomes.map((outcome) => outcome.kind)), new Set(['pass']));
  assert.equal(outcomes.length, 24);
});

test('a message is not at fault when its time went to other programs, one that had it is', async (t) => {
  const message = textMessage({}, 'x'.repeat(10_000));
  const slow = { when: { body: 'x+y' }, drop: 'found' };
  const before = process.cpuUsage();
  Rules.open(slow).apply(message);
  const timeoutMs = process.cpuUsage(before).user / 1000 / 2;
  const used = t.mock.method(process, 'cpuUsage', () => ({ user: 0, system: 0 }));
  assert.deepEqual((await Rules.open(slow, timeoutMs).process([message])).map(summary), [
    summary({ kind: 'pass', message }),
  ]);
  used.mock.mockImplementation(() => ({ user: 50_000, system: 0 }));
  // one that never ends: a pattern that was compiled meanwhile may be twice as quick
  const endless = Rules.open({ when: { match: { app: '^(a|a)*$' } }, set: { seen: '1' } }, 50);
  assert.match(String(summary((await endless.process([textMessage(HOSTILE)]))[0])), /^CALLBACK_TIMEOUT: /);
});

test('patience on a busy machine has an end', async (t) => {
  t.mock.method(process, 'cpuUsage', () => ({ user: 0, system: 0 }));
  const rules = Rules.open({ when: { match: { app: '^(a|a)*$' } }, drop: 'x' }, 2);
  assert.match(String(summary((await rules.process([textMessage(HOSTILE)]))[0])), /^CALLBACK_TIMEOUT: /);
});

test('rules closed at work stop at the message at hand', async () => {
  const rules = Rules.open({ when: { match: { app: '^(a|a)*$' } }, drop: 'x' }, 20);
  const checking = rules.process([HOSTILE, HOSTILE, HOSTILE].map((header) => textMessage(header)));
  await rules.close();
  assert.ok((await checking).length < 3);
});

test('rules come first: the callback gets what they let pass, as they left it', async () => {
  const rules = Rules.open([{ when: { header: { n: '1' } }, drop: 'by a rule' }, { set: { by: 'rules' } }]);
  await withCallback('if (hdr.n === "2") return "by code"; hdr.by += ",code"', {}, async (callback) => {
    const chain = new ProcessorChain(rules, callback);
    const outcomes = await chain.process(['0', '1', '2', '3', '1'].map((n) => textMessage({ n })));
    assert.deepEqual(outcomes.map(summary), [
      { header: { n: '0', by: 'rules,code' }, body: '', text: true },
      'drop: by a rule',
      'drop: by code',
      { header: { n: '3', by: 'rules,code' }, body: '', text: true },
      'drop: by a rule',
    ]);
    assert.deepEqual((await chain.process([textMessage({ n: '1' })])).map(summary), ['drop: by a rule']);
    await chain.idle();
    await chain.close();
  });
});

test('a chain whose second part is closed at work has outcomes up to there', async () => {
  const first = Rules.open({ when: { header: { n: '1' } }, drop: 'x' });
  const none = { process: async () => [], idle: async () => undefined, close: async () => undefined };
  const outcomes = await new ProcessorChain(first, none).process(['1', '1', '2', '1'].map((n) => textMessage({ n })));
  assert.deepEqual(outcomes.map(summary), ['drop: x', 'drop: x']);
});
