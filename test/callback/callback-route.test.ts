import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../src/flow/processor.js';
import { bytesMessage, type Given, summary, textMessage, withCallback } from '../support/callback-bench.js';

const JAVASCRIPT: Given = { language: 'javascript' };
const PERL: Given = { language: 'perl' };

function routed(outcome: Outcome | undefined): unknown {
  return [outcome?.kind === 'pass' ? outcome.to : undefined, summary(outcome)];
}

const a = { header: { a: '1' }, body: 'body', text: true };
const PASSED: readonly [name: string, given: Given, code: string, expected: unknown][] = [
  ['the message as it is', JAVASCRIPT, 'return { to: "x" }', ['x', a]],
  ['a changed header', JAVASCRIPT, 'hdr.b = 2; return { to: "x" }', ['x', { ...a, header: { a: '1', b: '2' } }]],
  ['a changed body', JAVASCRIPT, 'bdy = "é\\0"; return { to: "x", message: msg }', ['x', { ...a, body: 'é\0' }]],
  [
    'another message',
    JAVASCRIPT,
    'return { message: new Message({ header: { c: "3" }, body: new Uint8Array([255]) }), to: "x" }',
    ['x', { header: { c: '3' }, body: [255], text: false }],
  ],
  ['no output', JAVASCRIPT, 'return msg', [undefined, a]],
  [
    'a large body',
    JAVASCRIPT,
    'bdy = "y".repeat(200000); return { to: "x" }',
    ['x', { ...a, body: 'y'.repeat(200000) }],
  ],
  ['the message as it is', PERL, 'return({ to => "x" })', ['x', a]],
  ['a changed header', PERL, '$hdr{b} = 2; return({ to => "x" })', ['x', { ...a, header: { a: '1', b: '2' } }]],
  [
    'another message',
    PERL,
    'return({ to => "x", message => Messaging::Message->new(header => { c => 3 }, body => "\\xff") })',
    ['x', { header: { c: '3' }, body: [255], text: false }],
  ],
  [
    'a large body',
    PERL,
    'return({ to => "x", message => Messaging::Message->new(body => "y" x 200000, text => 1) })',
    ['x', { header: {}, body: 'y'.repeat(200000), text: true }],
  ],
  ['no output', PERL, 'return($msg)', [undefined, a]],
];

for (const [name, given, code, expected] of PASSED) {
  test(`a callback in ${given.language} names an output: ${name}`, async () => {
    await withCallback(code, given, async (callback) => {
      const outcomes = await callback.process([textMessage({ a: '1' }, 'body'), textMessage({ a: '1' }, 'body')]);
      assert.deepEqual(outcomes.map(routed), [expected, expected]);
    });
  });
}

const REFUSED: readonly [name: string, given: Given, code: string, reason: RegExp][] = [
  ['a number', JAVASCRIPT, 'return { to: 5 }', /whose "to" is a number/],
  ['an empty name', JAVASCRIPT, 'return { to: "" }', /whose "to" is an empty string/],
  ['a list', JAVASCRIPT, 'return { to: ["x"] }', /whose "to" is an array/],
  ['an object with toString', JAVASCRIPT, 'return { to: { toString: () => "x" } }', /whose "to" is an object/],
  ['a message that is none', JAVASCRIPT, 'return { to: "x", message: { header: {} } }', /whose "message" is an object/],
  ['a misspelt key', JAVASCRIPT, 'return { to: "x", mesage: msg }', /an object with "mesage"/],
  ['a header that is none', JAVASCRIPT, 'hdr.x = {}; return { to: "x" }', /header x is an object/],
  ['half a surrogate pair', JAVASCRIPT, 'return { to: "\\ud800" , message: 1}', /whose "message" is a number/],
  ['a reference', PERL, 'return({ to => [1] })', /a hash whose "to" is no name/],
  ['nothing', PERL, 'return({ to => undef })', /a hash whose "to" is no name/],
  ['a name of a megabyte', PERL, 'return({ to => "x" x 1000000 })', /a hash whose "to" is no name/],
  ['a message that is none', PERL, 'return({ to => "x", message => "y" })', /a hash whose "message" is none/],
  ['a misspelt key', PERL, 'return({ to => "x", mesage => $msg })', /with "mesage"/],
  ['an empty hash', PERL, 'return({})', /a hash whose "to" is no name/],
];

for (const [name, given, code, reason] of REFUSED) {
  test(`what a callback in ${given.language} says of an output is refused: ${name}`, async () => {
    await withCallback(code, given, async (callback) => {
      const [outcome] = await callback.process([textMessage({ a: '1' }, 'body')]);
      assert.match(String(summary(outcome)), /^CALLBACK_BAD_RESULT: /);
      assert.match(String(summary(outcome)), reason);
    });
  });
}

test('a getter that gives other values each time it is asked is asked once', async () => {
  const code =
    'let n = 0; function check() { const r = {}; Object.defineProperty(r, "to", { enumerable: true, get: () => (n++ === 0 ? "x" : 5) }); return r }';
  await withCallback(code, JAVASCRIPT, async (callback) => {
    const [outcome] = await callback.process([textMessage({}, 'body')]);
    assert.equal(outcome?.kind === 'pass' && outcome.to, 'x');
  });
});

test('what a getter, or a proxy, throws rejects the message', async () => {
  const code =
    'return hdr.p ? new Proxy({}, { ownKeys() { throw new Error("no keys") } }) : { get to() { throw new Error("no name") } }';
  await withCallback(code, JAVASCRIPT, async (callback) => {
    const outcomes = await callback.process([textMessage({ p: '1' }), textMessage()]);
    assert.match(String(summary(outcomes[0])), /^CALLBACK_THREW: .*no keys/);
    assert.match(String(summary(outcomes[1])), /^CALLBACK_THREW: .*no name/);
  });
});

test('a name of a megabyte comes out cut', async () => {
  await withCallback('return { to: "x".repeat(1048576) }', JAVASCRIPT, async (callback) => {
    const [outcome] = await callback.process([textMessage()]);
    assert.ok(outcome?.kind === 'pass' && outcome.to !== undefined && outcome.to.length < 100);
  });
});

test('a body that was left at home stays there, and comes when it is asked for', async () => {
  const code = 'if (hdr.look) bdy[0] = 7; return { to: "x" }';
  await withCallback(code, JAVASCRIPT, async (callback) => {
    const outcomes = await callback.process([
      bytesMessage({}, Buffer.from([1])),
      bytesMessage({ look: '1' }, Buffer.from([1])),
    ]);
    assert.deepEqual(outcomes.map(routed), [
      ['x', { header: {}, body: [1], text: false }],
      ['x', { header: { look: '1' }, body: [7], text: false }],
    ]);
  });
});
