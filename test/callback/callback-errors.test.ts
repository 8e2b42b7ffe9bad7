import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { Callback } from '../../src/callback/callback.js';
import { Sandbox } from '../../src/callback/sandbox.js';
import { callbackOptions, type Given, summary, textMessage, withCallback } from '../support/callback-bench.js';

const BAD_RESULTS: [string, string, string][] = [
  ['undefined', 'function check() {}', 'check returned undefined'],
  ['null', 'return null', 'check returned null'],
  ['an empty string', 'return ""', 'check returned an empty string'],
  ['zero', 'return 0', 'check returned a number'],
  ['a boolean', 'return true', 'check returned a boolean'],
  ['an object', 'return { header: {}, body: "" }', 'check returned an object'],
  ['a promise', 'function check(msg) { return Promise.resolve(msg) }', 'check returned an object'],
  ['an undefined header', 'hdr.x = undefined', 'header x is undefined'],
  ['an object as header', 'hdr.x = {}', 'header x is an object'],
  ['a symbol as header', 'hdr.x = Symbol("s")', 'header x is a symbol'],
  ['a function as header', 'hdr.x = () => 1', 'header x is a function'],
  ['a header list', 'hdr = ["a"]', 'the header is not an object'],
  ['no header', 'hdr = null', 'the header is not an object'],
  ['half a surrogate pair', 'hdr.x = "\\ud800"', 'half a surrogate pair'],
  ['a number as body', 'bdy = 5', 'the body is a number'],
  ['text that is not UTF-8', 'bdy = new Uint8Array([255])', 'not UTF-8'],
];

for (const [name, code, reason] of BAD_RESULTS) {
  test(`${name} rejects the message`, async () => {
    await withCallback(code, { language: 'javascript' }, async (callback) => {
      const [outcome] = await callback.process([textMessage({ a: '1' }, 'body')]);
      const text = String(summary(outcome));
      assert.match(text, /^CALLBACK_BAD_RESULT: callback\(\/etc\/sender\.conf:10\): /);
      assert.ok(text.includes(reason), text);
    });
  });
}

const REFUSED: [string, string, Given, string, RegExp][] = [
  [
    'a syntax error',
    'hdr.a = 1;\n  hdr.b = = 2;',
    {},
    'CALLBACK_SYNTAX',
    /^callback\(\/etc\/sender\.conf:11:11\): SyntaxError: /,
  ],
  [
    'a syntax error in a file',
    'function check(m) {\n  return ]\n}',
    { fromPath: true, origin: { file: '/etc/cb.js', line: 1 } },
    'CALLBACK_SYNTAX',
    /^callback\(\/etc\/cb\.js:2:10\): /,
  ],
  [
    'a file without check',
    'function chek(m) { return m }',
    { fromPath: true, language: 'javascript' },
    'CALLBACK_SYNTAX',
    /check is not defined/,
  ],
  ['check that is no function', 'const check = 5', {}, 'CALLBACK_SYNTAX', /check is not a function/],
  [
    'code that throws when read',
    'let x = null;\nx.y;\nfunction check(m) { return m }',
    {},
    'CALLBACK_START',
    /sender\.conf:11:\d+\): TypeError/,
  ],
  [
    'start that throws',
    'function check(m) { return m }\nfunction start() { throw new Error("no data") }',
    {},
    'CALLBACK_START',
    /sender\.conf:11:\d+\): no data/,
  ],
  [
    'start that hangs',
    'function start() { for (;;) {} }\nfunction check(m) { return m }',
    { timeoutMs: 200 },
    'CALLBACK_START',
    /took longer than 200 ms/,
  ],
  [
    'start that hangs in native code',
    'function start() { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }\nfunction check(m) { return m }',
    { timeoutMs: 200 },
    'CALLBACK_START',
    /took longer than/,
  ],
  [
    'start that eats memory',
    'function start() { const a = []; for (;;) a.push(new Uint8Array(1e6)) }\nfunction check(m) { return m }',
    {},
    'CALLBACK_START',
    /out of memory/,
  ],
  ['code in either language', 'const $hdr = hdr; $hdr.a = "1"', {}, 'CALLBACK_SYNTAX', /set callback-language/],
  [
    'a Perl syntax error',
    '$hdr{a} = 1;\n  $hdr{b} = = 2;',
    {},
    'CALLBACK_SYNTAX',
    /^callback\(\/etc\/sender\.conf:11\): syntax error at \/etc\/sender\.conf line 11, near "= ="/,
  ],
  ['Perl that wants a module that is not there', 'use Socket;\n$hdr{a} = 1;', {}, 'CALLBACK_UNSUPPORTED', /Socket/],
];

for (const [name, code, given, errorCode, text] of REFUSED) {
  test(`${name} is refused at start as ${errorCode}`, async () => {
    await assert.rejects(Callback.open(callbackOptions(code, given)), (error) => {
      assert.ok(error instanceof StompctlError, String(error));
      assert.equal(error.code, errorCode, error.message);
      assert.match(error.message, text);
      return true;
    });
  });
}

test('an exception names the line and column of the configuration file', async () => {
  await withCallback('hdr.a = "1";\n  hdr.b = null.x;', {}, async (callback) => {
    const [outcome] = await callback.process([textMessage()]);
    assert.match(String(summary(outcome)), /^CALLBACK_THREW: callback\(\/etc\/sender\.conf:11:\d+\): TypeError: /);
  });
});

test('stop that throws is logged, and close resolves', async () => {
  const options = callbackOptions(
    'function check(m) { return m }\nfunction stop() { print("bye"); throw new Error("late") }',
  );
  const callback = await Callback.open(options);
  await callback.close();
  await callback.close();
  assert.deepEqual(options.said.printed, ['bye']);
  assert.deepEqual(options.said.logged, ['error: stop failed: callback(/etc/sender.conf:11:48): late']);
});

test('idle is called, and what it throws is logged', async () => {
  await withCallback(
    'let n = 0;\nfunction check(m) { return m }\nfunction idle() { if (n++) throw new Error("x") }',
    {},
    async (callback, said) => {
      await callback.idle();
      assert.deepEqual(said.logged, []);
      await callback.idle();
      assert.match(said.logged.join(), /^error: idle failed: .*: x$/);
    },
  );
});

test('a sandbox that asks again for the body it was given costs the message, not an endless exchange', async (t) => {
  await withCallback('hdr.a = "1"', {}, async (callback) => {
    const run = t.mock.method(Sandbox.prototype, 'run', async () => ({ result: { how: 'needs-body' }, records: [] }));
    const [outcome] = await callback.process([textMessage({}, 'body')]);
    assert.equal(run.mock.callCount(), 2);
    run.mock.restore();
    assert.match(String(summary(outcome)), /^CALLBACK_BAD_RESULT: .*the body was asked for again/);
    assert.deepEqual((await callback.process([textMessage()])).map(summary), [
      { header: { a: '1' }, body: '', text: true },
    ]);
  });
});

test('log reaches the program with its level; an unknown level is info', async () => {
  await withCallback('log("warn", "one"); log("loud", "two")', { language: 'javascript' }, async (callback, said) => {
    await callback.process([textMessage()]);
    assert.deepEqual(said.logged, ['warn: one', 'info: two']);
  });
});
