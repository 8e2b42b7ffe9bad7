import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartError } from '../../src/base/parsed-part.js';
import { readCases } from '../../src/callback/cases/read-cases.js';
import { recordCase, runCases } from '../../src/callback/cases/run-cases.js';
import { Rules } from '../../src/callback/rules/rules.js';
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
        ['- n: 2', '+ n: 1', '  seen: yes'],
        ['- dropped: another reason', '+ dropped: too old'],
        ['- rejected', '+ passed on'],
        ['+ seen: yes'],
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

test('what expect leaves out is as in the message; an error may be named by its code or a part of its text', async () => {
  const cases = readCases([
    { message: { header: { n: '1' }, base64: 'AP8=' }, expect: { header: { n: '1', seen: 'yes' } } },
    { message: { header: { seen: 'yes' }, body: 'x' }, expect: { body: 'x' } },
    { message: { header: { bad: '1' } }, reject: '): no' },
    { message: { header: { bad: '1' } }, reject: 'CALLBACK_TIMEOUT' },
    { message: { header: { bad: '1' } }, expect: 'same' },
  ]);
  await withCallback(CODE, {}, async (callback) => {
    const differences = (await runCases(cases, callback)).map(({ difference }) => difference);
    assert.deepEqual(differences.slice(0, 3), [[], [], []]);
    const [wrongCode = [], notSame = []] = differences.slice(3);
    assert.equal(wrongCode[0], '- rejected: CALLBACK_TIMEOUT');
    assert.match(wrongCode[1] ?? '', /^\+ rejected: callback\(.*\): no \(CALLBACK_THREW\)$/);
    assert.equal(notSame[0], '- passed on');
  });
});

for (const [value, text] of [
  ['x', /^cases: must be a list/],
  [[{ message: {} }], /^cases\[0\]: needs exactly one of expect, drop, reject/],
  [[{ message: {}, drop: 'a', reject: 'b' }], /^cases\[0\]: needs exactly one/],
  [[{ message: { body: 'a', base64: 'b' }, drop: 'a' }], /^cases\[0\]\.message: has both body and base64/],
  [[{ messages: {}, drop: 'a' }], /^cases\[0\]\.messages: unknown key/],
  [[{ drop: 'a' }], /^cases\[0\]\.message: must be a block of header, body, base64, text/],
  [[{ message: { base64: 'A' }, drop: 'a' }], /^cases\[0\]\.message\.base64: is not base64/],
  [[{ message: { header: { a: {} } }, drop: 'a' }], /^cases\[0\]\.message\.header\.a: must be a text/],
  [[{ message: { text: 'yes' }, drop: 'a' }], /^cases\[0\]\.message\.text: must be true or false/],
  [[{ message: {}, drop: '' }], /^cases\[0\]\.drop: must be a text, or true/],
] as [unknown, RegExp][]) {
  test(`cases: ${JSON.stringify(value)} is refused`, () => {
    assert.throws(
      () => readCases(value),
      (error) =>
        error instanceof PartError && error.code === 'CONFIG_INVALID' && text.test(`${error.at}: ${error.reason}`),
    );
  });
}
