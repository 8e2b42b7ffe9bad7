import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesMessage, summary, textMessage, withCallback } from '../support/callback-bench.js';

const text = textMessage({ kind: 'note', n: '1' }, 'hé\0llo 😀');
const bytes = bytesMessage({ kind: 'blob' }, Buffer.from([0, 200, 65]));

interface Case {
  readonly name: string;
  readonly code: string;
  readonly message?: typeof text;
  readonly expected: unknown;
}

const pass = (header: Record<string, string>, body: unknown, isText: boolean) => ({ header, body, text: isText });
const whole = 'hé\0llo 😀';

const CASES: Case[] = [
  {
    name: 'sets a header',
    code: 'hdr.destination = "/q"',
    expected: pass({ kind: 'note', n: '1', destination: '/q' }, whole, true),
  },
  { name: 'deletes a header', code: 'delete hdr.n', expected: pass({ kind: 'note' }, whole, true) },
  { name: 'replaces all headers', code: 'hdr = { only: "one" }', expected: pass({ only: 'one' }, whole, true) },
  {
    name: 'makes strings of numbers and booleans',
    code: 'hdr = { a: 5, b: true, c: 10n, d: NaN }',
    expected: pass({ a: '5', b: 'true', c: '10', d: 'NaN' }, whole, true),
  },
  {
    name: 'takes __proto__ and constructor as names',
    code: 'hdr.__proto__ = "a"; hdr.constructor = "b"; delete hdr.kind; delete hdr.n',
    expected: {
      header: Object.defineProperty({ constructor: 'b' }, '__proto__', {
        value: 'a',
        enumerable: true,
        configurable: true,
        writable: true,
      }),
      body: whole,
      text: true,
    },
  },
  {
    name: 'finds no header that is not there',
    code: 'return String(hdr.toString) + String(hdr.constructor)',
    expected: 'drop: undefinedundefined',
  },
  { name: 'drops with the string returned', code: 'return "not wanted\\0"', expected: 'drop: not wanted\0' },
  {
    name: 'passes on after a bare return',
    code: 'if (hdr.n === "1") return; return "no"',
    expected: pass({ kind: 'note', n: '1' }, whole, true),
  },
  { name: 'reads a text body as characters', code: 'return bdy.length + " " + bdy', expected: `drop: 9 ${whole}` },
  {
    name: 'writes a text body',
    code: 'bdy = bdy.toUpperCase()',
    expected: pass({ kind: 'note', n: '1' }, 'HÉ\0LLO 😀', true),
  },
  {
    name: 'reads bytes as a Uint8Array',
    code: 'return (bdy instanceof Uint8Array) + " " + [...bdy]',
    message: bytes,
    expected: 'drop: true 0,200,65',
  },
  {
    name: 'writes bytes in place',
    code: 'bdy[2] = 66',
    message: bytes,
    expected: pass({ kind: 'blob' }, [0, 200, 66], false),
  },
  {
    name: 'writes a string where bytes were, as UTF-8',
    code: 'bdy = "é"',
    message: bytes,
    expected: pass({ kind: 'blob' }, [0xc3, 0xa9], false),
  },
  {
    name: 'turns bytes into text',
    code: 'msg.text = true; bdy = "now text"',
    message: bytes,
    expected: pass({ kind: 'blob' }, 'now text', true),
  },
  {
    name: 'decodes and encodes UTF-8',
    code: 'bdy = new TextEncoder().encode(new TextDecoder().decode(new Uint8Array([195, 169])) + "!")',
    message: bytes,
    expected: pass({ kind: 'blob' }, [0xc3, 0xa9, 33], false),
  },
  {
    name: 'returns a new message',
    code: 'return new Message({ header: { a: "1" }, body: "new", text: true })',
    expected: pass({ a: '1' }, 'new', true),
  },
  {
    name: 'returns a copy, the first untouched',
    code: 'const c = msg.copy(); hdr.n = "2"; c.header.copied = "yes"; return c',
    expected: pass({ kind: 'note', n: '1', copied: 'yes' }, whole, true),
  },
  { name: 'counts size as stompclt does', code: 'return String(msg.size())', expected: `drop: ${1 + 8 + 10 + 4}` },
  {
    name: 'gets and sets a header field',
    code: 'msg.headerField("b", msg.headerField("kind")).headerField("c", "2")',
    expected: pass({ kind: 'note', n: '1', b: 'note', c: '2' }, whole, true),
  },
  {
    name: 'stringifies a text message',
    code: 'return msg.stringify()',
    expected: `drop: ${JSON.stringify({ header: { kind: 'note', n: '1' }, text: true, body: whole })}`,
  },
  {
    name: 'stringifies bytes in base64',
    code: 'return msg.serialize()',
    message: bytes,
    expected: 'drop: {"header":{"kind":"blob"},"body":"AMhB","encoding":"base64"}',
  },
  {
    name: 'defines check as a function',
    code: 'function check(m) { m.header = { x: "1" }; return m }',
    expected: pass({ x: '1' }, whole, true),
  },
  { name: 'defines check as a constant', code: 'const check = (m) => m.text ? "text" : m', expected: 'drop: text' },
  { name: 'defines check in a module', code: 'export function check(m) { return "module" }', expected: 'drop: module' },
];

for (const { name, code, message, expected } of CASES) {
  test(`a JavaScript callback ${name}`, async () => {
    await withCallback(code, { language: 'javascript' }, async (callback) => {
      const [outcome] = await callback.process([message ?? text]);
      assert.deepEqual(summary(outcome), expected);
    });
  });
}

test('an unchanged message comes back as the same object', async () => {
  await withCallback('if (msg.size() > 1e6) return "big"; hdr.kind += ""; bdy[0] = bdy[0]', {}, async (callback) => {
    const [outcome] = await callback.process([bytes]);
    assert.ok(outcome?.kind === 'pass');
    assert.equal(outcome.message, bytes);
  });
});

test('a body is found even when no word of the code says so', async () => {
  await withCallback('function check(m) { return m["bo" + "dy"] + "!" }', {}, async (callback) => {
    const outcomes = await callback.process([textMessage({}, 'one'), textMessage({}, 'two'), textMessage()]);
    assert.deepEqual(outcomes.map(summary), ['drop: one!', 'drop: two!', 'drop: !']);
  });
});

for (const [given, text] of [
  ['hdr, msg.body, msg.text', 'takes one object'],
  ['"body"', 'takes one object'],
  ['{ headers: hdr }', 'without "headers"'],
] as const) {
  test(`new Message(${given}) is refused: what is not understood would be lost`, async () => {
    await withCallback(`return new Message(${given})`, { language: 'javascript' }, async (callback) => {
      const [outcome] = await callback.process([textMessage({}, 'x')]);
      assert.match(String(summary(outcome)), new RegExp(`CALLBACK_THREW: .*${text}`));
    });
  });
}
