import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processAll } from '../../src/callback/process-all.js';
import { type Given, summary, textMessage, withCallback } from '../support/callback-bench.js';

/**
 * Hostile code, met by the message with `bad` only. `expected` is what must become of that message: a text of the
 * outcome, or any of several where machines differ.
 */
interface Hostile {
  readonly name: string;
  readonly code: string;
  readonly expected: RegExp;
  readonly given?: Given;
}

/** for what takes all the time that it is given */
const ENDLESS = { timeoutMs: 400 };

const REACHES_NOTHING: Hostile[] = [
  {
    name: 'names of the host',
    code: 'return [typeof process, typeof require, typeof module, typeof Buffer, typeof fetch, typeof setTimeout, typeof WebAssembly, typeof std, typeof os].join()',
    expected: /^drop: (?:undefined,?){9}$/,
  },
  {
    name: 'what the global object holds',
    code: 'return Object.getOwnPropertyNames(globalThis).filter((n) => /host|engine|^P$|worker|parent/i.test(n)).join() || "none"',
    expected: /^drop: none$/,
  },
  {
    name: 'constructor.constructor',
    code: 'return String(({}).constructor.constructor("return typeof process")())',
    expected: /^drop: undefined$/,
  },
  {
    name: 'the constructor of a host function',
    code: 'return String(print.constructor("return typeof process + typeof this.process")())',
    expected: /^drop: undefinedundefined$/,
  },
  {
    name: 'the prototype chain of a host function',
    code: 'let o = print, n = 0; while ((o = Object.getPrototypeOf(o))) n++; return "depth " + n',
    expected: /^drop: depth 2$/,
  },
  {
    name: 'the caller of check',
    code: 'return String((function f() { try { return f.caller } catch (e) { return e.name } })())',
    expected: /^drop: (?:TypeError|null|undefined)$/,
  },
  { name: 'dynamic import', code: 'import("node:fs"); return "asked"', expected: /^(?:drop: asked|CALLBACK_)/ },
  {
    name: 'import of a sandbox file',
    code: 'import("./host.js"); return "asked"',
    expected: /^(?:drop: asked|CALLBACK_)/,
  },
  { name: 'indirect eval', code: 'return String((0, eval)("typeof process"))', expected: /^drop: undefined$/ },
  {
    name: 'the stack of an error',
    code: 'try { null.x } catch (e) { return /node:|file:|\\/work|dist/.test(e.stack) ? e.stack : "clean" }',
    expected: /^drop: clean$/,
  },
  {
    name: 'Error.prepareStackTrace',
    code: 'Error.prepareStackTrace = (e, s) => s; const s = new Error().stack; return typeof s',
    expected: /^drop: /,
  },
];

const TAMPERS: Hostile[] = [
  {
    name: 'prototype pollution by a header',
    code: 'hdr.__proto__ = "x"; hdr.constructor = "y"; return ({}).polluted === undefined ? "clean" : "polluted"',
    expected: /^drop: clean$/,
  },
  {
    name: 'pollution of Object.prototype',
    code: 'Object.prototype.polluted = "everywhere"; Object.prototype.destination = "/queue/evil"; return "done"',
    expected: /^drop: done$/,
  },
  {
    name: 'JSON replaced',
    code: 'JSON.stringify = () => "{}"; JSON.parse = () => ({ evil: 1 }); return "done"',
    expected: /^drop: done$/,
  },
  {
    name: 'built-in methods replaced',
    code: 'String.prototype.split = () => []; Array.prototype.join = () => "x"; Array.prototype.map = null; return "done"',
    expected: /^drop: done$/,
  },
  {
    name: 'Message replaced',
    code: 'globalThis.Message = null; Object.getPrototypeOf(msg).copy = null; return "done"',
    expected: /^drop: done$/,
  },
  {
    name: 'a getter as a header',
    code: 'Object.defineProperty(hdr, "trap", { enumerable: true, get() { return ++this.n || {} } })',
    expected: /^(?:CALLBACK_BAD_RESULT|CALLBACK_THREW)/,
  },
  {
    name: 'a getter that changes its answer',
    code: 'let n = 0; Object.defineProperty(hdr, "trap", { enumerable: true, get() { return n++ ? { a: 1 } : "text" } })',
    expected: /^(?:CALLBACK_BAD_RESULT|\[object)/,
  },
  {
    name: 'a header that is a Proxy',
    code: 'hdr = new Proxy({}, { ownKeys() { for (;;) {} } })',
    expected: /^(?:CALLBACK_TIMEOUT|CALLBACK_BAD_RESULT)/,
    given: ENDLESS,
  },
  { name: 'toJSON on the header', code: 'hdr.toJSON = () => ({ forged: "yes" })', expected: /^CALLBACK_BAD_RESULT/ },
  {
    name: 'a toString that does not end',
    code: 'return { toString() { for (;;) {} } }',
    expected: /^CALLBACK_BAD_RESULT/,
  },
  {
    name: 'a forged message',
    code: 'return Object.create(Object.getPrototypeOf(msg), { header: { value: {} } })',
    expected: /^CALLBACK_BAD_RESULT/,
  },
  {
    name: 'a body that is an array buffer gone',
    code: 'bdy = new Proxy(new Uint8Array(2), {})',
    expected: /^CALLBACK_(?:BAD_RESULT|THREW)/,
  },
];

const OUT = /^CALLBACK_(?:TIMEOUT|MEMORY|THREW)/;

const CONSUMES: Hostile[] = [
  { name: 'a catastrophic pattern', code: '/^(a+)+$/.test("a".repeat(40) + "b")', expected: OUT },
  { name: 'repeated split on 2 MB', code: 'const s = "ab".repeat(1e6); for (;;) s.split("a")', expected: OUT },
  {
    name: 'indexOf with a needle of 15 MB',
    code: 'const s = "a".repeat(15e6); ("a".repeat(15e6) + "a".repeat(15e6)).indexOf(s + "b")',
    expected: /^(?:CALLBACK_|\[object)/,
  },
  { name: 'a huge string', code: '"x".repeat(2 ** 29).toUpperCase()', expected: OUT },
  { name: 'a padded string', code: '"x".padEnd(2 ** 30 - 2).length', expected: OUT },
  { name: 'an array of 2^32 elements', code: 'new Array(2 ** 32 - 1).fill(0)', expected: OUT },
  {
    name: 'a sparse array sorted',
    code: 'const a = []; a.length = 2 ** 32 - 1; a.sort()',
    expected: /^(?:CALLBACK_|\[object)/,
    given: ENDLESS,
  },
  { name: 'a big power', code: '(2n ** 100_000_000n).toString().length', expected: OUT },
  { name: 'a waiting Atomics', code: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)', expected: OUT },
  { name: 'waiting for the clock', code: 'const end = Date.now() + 1e9; while (Date.now() < end);', expected: OUT },
  {
    name: 'a comparison function that never agrees',
    code: 'for (;;) Array.from({ length: 1e4 }, Math.random).sort(() => Math.random() - 0.5)',
    expected: OUT,
  },
  { name: 'a getter that calls itself', code: 'const o = { get x() { return this.x } }; o.x', expected: OUT },
  {
    name: 'a chain of proxies',
    code: 'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x',
    expected: OUT,
  },
  {
    name: 'a chain of bound functions',
    code: 'let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); f()',
    expected: OUT,
  },
  {
    name: 'a nested array turned to text',
    code: 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)',
    expected: OUT,
  },
  {
    name: 'a generator without end',
    code: 'Array.from((function* () { for (;;) yield "x".repeat(1e3) })())',
    expected: OUT,
  },
  { name: 'printing without end', code: 'for (;;) print("x".repeat(1e5))', expected: OUT },
  { name: 'logging without end', code: 'for (;;) log("error", "x".repeat(1e4))', expected: OUT },
  { name: 'a pattern with nested groups', code: 'new RegExp("(".repeat(1e5) + ")".repeat(1e5))', expected: OUT },
  { name: 'an async loop', code: '(async () => { for (;;) await 0 })()', expected: OUT },
];

for (const { name, code, expected, given } of [...REACHES_NOTHING, ...TAMPERS, ...CONSUMES]) {
  test(`contained: ${name}`, async () => {
    const options = { timeoutMs: expected === OUT ? ENDLESS.timeoutMs : 1500, memoryBytes: 32 * 1024 * 1024, ...given };
    await withCallback(`if (hdr.bad) { ${code} } hdr.seen = "yes"`, options, async (callback) => {
      const batch = [
        textMessage({ n: '1' }, 'one'),
        textMessage({ bad: '1' }, 'two'),
        textMessage({ n: '3' }, 'three'),
      ];
      const outcomes = await processAll(callback, batch);
      const [first, bad, last] = outcomes.map(summary);
      assert.deepEqual(first, { header: { n: '1', seen: 'yes' }, body: 'one', text: true });
      assert.match(String(bad), expected);
      // tampering with built-ins may spoil what the same callback does later, never the program around it
      const spoilt = /replaced|pollution of/.test(name);
      if (!spoilt) assert.deepEqual(last, { header: { n: '3', seen: 'yes' }, body: 'three', text: true });
      assert.equal(outcomes.length, 3);
    });
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });
}
