import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processAll } from '../../src/callback/process-all.js';
import type { Outcome } from '../../src/flow/processor.js';
import type { Sink } from '../../src/flow/sink.js';
import { Message, newHeader } from '../../src/message/message.js';
import { bytesMessage, type Given, withCallback } from '../support/callback-bench.js';

/** What crosses the border in one piece, and how large. The process of this test is the one that must not end. */
interface Large {
  readonly name: string;
  readonly code: string;
  readonly body?: Buffer;
  /** the error code, or `passed` */
  readonly expected: RegExp;
}

const BROKEN = '\xc8';
const MB = 1024 * 1024;

const SIZES: Large[] = [
  ...[13, 13.5, 14].map((size) => ({
    name: `${size} MB of broken UTF-8 decoded`,
    code: 'try { JSON.parse(new TextDecoder().decode(bdy)) } catch (error) { if (error.name !== "SyntaxError") throw error }',
    body: Buffer.alloc(size * 1e6, BROKEN, 'latin1'),
    expected: /^(?:passed|CALLBACK_MEMORY)$/,
  })),
  {
    name: '60 MB in',
    code: 'hdr.size = bdy.length',
    body: Buffer.alloc(60e6, 1),
    expected: /^(?:passed|CALLBACK_MEMORY)$/,
  },
  {
    name: '20 MB in and out',
    code: 'bdy[0] = 7',
    body: Buffer.alloc(20e6, 1),
    expected: /^(?:passed|CALLBACK_MEMORY)$/,
  },
  {
    name: 'more than callback-memory',
    code: 'hdr.size = bdy.length',
    body: Buffer.alloc(70 * MB, 1),
    expected: /^CALLBACK_MEMORY$/,
  },
  {
    name: '8 MB of NULs decoded',
    code: 'bdy = new TextDecoder().decode(bdy)',
    body: Buffer.alloc(8e6),
    expected: /^(?:passed|CALLBACK_(?:MEMORY|TIMEOUT))$/,
  },
  {
    name: 'a huge text encoded',
    code: 'bdy = new TextEncoder().encode("日".repeat(8e6))',
    expected: /^(?:passed|CALLBACK_MEMORY)$/,
  },
  { name: 'a huge text as body', code: 'bdy = "日".repeat(8e6)', expected: /^(?:passed|CALLBACK_MEMORY)$/ },
  { name: 'a huge print', code: 'print("日".repeat(8e6))', expected: /^(?:passed|CALLBACK_MEMORY)$/ },
  { name: 'a huge log line', code: 'log("info", "日".repeat(8e6))', expected: /^(?:passed|CALLBACK_MEMORY)$/ },
  { name: 'a huge level', code: 'log("日".repeat(8e6), "text")', expected: /^(?:passed|CALLBACK_MEMORY)$/ },
  { name: 'a huge reason', code: 'return "x".repeat(3e7)', expected: /^(?:dropped|CALLBACK_MEMORY)$/ },
  { name: 'a huge error', code: 'throw new Error("x".repeat(3e7))', expected: /^CALLBACK_(?:THREW|MEMORY)$/ },
  { name: 'a huge thrown text', code: 'throw "日".repeat(8e6)', expected: /^CALLBACK_(?:THREW|MEMORY)$/ },
  { name: 'a huge header', code: 'hdr.big = "日".repeat(8e6)', expected: /^CALLBACK_(?:BAD_RESULT|MEMORY)$/ },
  { name: 'a huge header name', code: 'hdr["x".repeat(3e7)] = {}', expected: /^CALLBACK_(?:BAD_RESULT|MEMORY)$/ },
  { name: 'a header of quotes', code: `hdr.big = '\\\\"'.repeat(3e6)`, expected: /^(?:passed|CALLBACK_MEMORY)$/ },
  {
    name: 'very many headers',
    code: 'for (let n = 0; n < 1e5; n++) hdr["h" + n] = ""',
    expected: /^CALLBACK_(?:BAD_RESULT|MEMORY|TIMEOUT)$/,
  },
  {
    name: 'a huge tap',
    code: 'tap("/tap", new Message({ body: "日".repeat(6e6), text: true }))',
    expected: /^(?:passed|CALLBACK_MEMORY)$/,
  },
  { name: 'a huge tap path', code: 'tap("x".repeat(2e7), msg)', expected: /^CALLBACK_/ },
];

function outcomeName(outcome: Outcome | undefined): string {
  if (outcome?.kind === 'reject') return outcome.error.code;
  return outcome?.kind === 'drop' ? 'dropped' : 'passed';
}

const SINK: Sink = {
  name: 'tap',
  open: async () => undefined,
  send: async () => undefined,
  flush: async () => undefined,
  close: async () => undefined,
};

for (const { name, code, body = Buffer.from('x'), expected } of SIZES) {
  test(`bounded at the border: ${name}`, async () => {
    // sizes are in question here, not the time that a busy machine takes for them
    const given: Given = { timeoutMs: 60_000, data: { path: '/tap' }, openTap: async () => SINK };
    await withCallback(`if (hdr.bad) { ${code} }`, given, async (callback, said) => {
      const good = bytesMessage({ n: '1' }, Buffer.from('kept'));
      const messages = [good, new Message(newHeader({ bad: '1' }), body, false), good];
      const [first, bad, last] = await processAll(callback, messages);
      for (const outcome of [first, last]) {
        assert.ok(outcome?.kind === 'pass');
        assert.deepEqual(outcome.message.body, good.body);
        assert.deepEqual({ ...outcome.message.header }, { n: '1' });
      }
      assert.match(outcomeName(bad), expected);
      if (bad?.kind === 'drop') assert.ok(bad.reason.length <= 301);
      if (bad?.kind === 'reject') assert.ok(bad.error.message.length <= 500);
      assert.ok(said.logged.every((line) => line.length <= 10_100));
    });
  });
}
