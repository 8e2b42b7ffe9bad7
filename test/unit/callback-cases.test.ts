import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { changesOf, readCases, recordCase, runCases } from '../../src/callback/cases.js';
import { Rules } from '../../src/callback/rules.js';
import { bytesMessage, textMessage, withCallback } from '../support/callback-bench.js';

const CODE = 'if (hdr.old) return "too old"; if (hdr.bad) throw new Error("no"); hdr.seen = "yes"';

test('cases that hold have no difference', async () => {
  const cases = readCases({
    cases: [
      {
        name: 'passes',
        message: { header: { n: 1 }, body: 'x' },
        expect: { header: { n: '1', seen: 'yes' }, body: 'x' },
      },
      { name: 'drops', message: { header: { old: '1' } }, drop: 'too old' },
      { name: 'drops somehow', message: { header: { old: '1' } }, drop: true },
      { name: 'rejects', message: { header: { bad: '1' } }, reject: 'CALLBACK_THREW' },
    ],
  });
  await withCallback(CODE, {}, async (callback) => {
    const results = await runCases(cases, callback);
    assert.deepEqual(
      results.map(({ name, difference }) => [name, difference]),
      cases.map(({ name }) => [name, []]),
    );
  });
});

test('a case that fails shows what was expected and what was found', async () => {
  const cases = readCases([
    {
      message: { header: { n: '1' }, body: 'one\ntwo' },
      expect: { header: { n: '2', seen: 'yes' }, body: 'one\ntwo' },
    },
    { message: { header: { old: '1' } }, drop: 'another reason' },
    { message: { header: {} }, reject: true },
    { message: { header: {}, base64: 'AP8=' }, expect: 'same' },
  ]);
  await withCallback(CODE, {}, async (callback) => {
    const results = await runCases(cases, callback);
    assert.deepEqual(
      results.map((result) => result.difference),
      [
        ['- n: "2"', '+ n: "1"'],
        ['- dropped: another reason', '+ dropped: too old'],
        ['- rejected', '+ seen: "yes"', '+ text'],
        ['+ seen: "yes"'],
      ],
    );
  });
});

test('a recorded case holds', async () => {
  const rules = Rules.open({ when: { missing: 'keep' }, set: { a: 'b' } });
  const messages = [
    textMessage({ x: 'é' }, 'body é\n'),
    bytesMessage({}, Buffer.from([0, 200])),
    textMessage({ keep: '1' }),
  ];
  const recorded = messages.map((message, index) => recordCase(`m${index}`, message, rules.apply(message)));
  const cases = readCases(JSON.parse(JSON.stringify(recorded)));
  const results = await runCases(cases, rules);
  assert.deepEqual(
    results.map((result) => result.difference),
    [[], [], []],
  );
});

test('the changes of a message read as a difference', () => {
  const message = textMessage({ a: '1', b: '2' }, 'one\ntwo\n');
  const outcome = Rules.open({ set: { a: '9' }, remove: 'b' }).apply(message);
  assert.deepEqual(changesOf(message, outcome), ['- a: "1"', '- b: "2"', '+ a: "9"']);
  assert.deepEqual(changesOf(message, { kind: 'pass', message }), []);
  assert.deepEqual(changesOf(message, { kind: 'drop', reason: 'why' }), ['dropped: why']);
});

test('lines in another order are a difference', () => {
  const before = textMessage({}, 'a\nb');
  assert.deepEqual(changesOf(before, { kind: 'pass', message: textMessage({}, 'b\na') }), [
    '- | a',
    '- | b',
    '+ | b',
    '+ | a',
  ]);
});

for (const [value, text] of [
  ['x', /cases\): must be a list/],
  [[{ message: {} }], /case 1\): needs exactly one of expect, drop, reject/],
  [[{ message: {}, drop: 'a', reject: 'b' }], /needs exactly one/],
  [[{ message: { body: 'a', base64: 'b' }, drop: 'a' }], /both body and base64/],
  [[{ messages: {}, drop: 'a' }], /case 1\.messages\): unknown key/],
] as [unknown, RegExp][]) {
  test(`cases: ${JSON.stringify(value)} is refused`, () => {
    assert.throws(
      () => readCases(value),
      (error) => error instanceof StompctlError && error.code === 'CONFIG_INVALID' && text.test(error.message),
    );
  });
}
