import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processAll } from '../../src/callback/process-all.js';
import type { Sink } from '../../src/flow/sink.js';
import type { Message } from '../../src/message/message.js';
import { bytesMessage, summary, textMessage, withCallback } from '../support/callback-bench.js';
import { THOROUGH } from '../support/thorough.js';

/** What code can do to the built-ins that the prelude might use. */
const PATCHES = [
  'Object.prototype.toJSON = () => ({ forged: 1 })',
  'Object.prototype.toJSON = function () { return "x" }',
  'String.prototype.toJSON = () => 5; Array.prototype.toJSON = () => null',
  'Object.defineProperty(Array.prototype, "0", { get() { return "forged" }, set() {} })',
  'Object.defineProperty(Object.prototype, "body", { get() { throw 1 }, set() { throw 1 } })',
  'Object.defineProperty(Object.prototype, "header", { get() { return { forged: "1" } }, set() {} })',
  'String.prototype.split = () => []; String.prototype.slice = () => 5; String.prototype.indexOf = () => 7',
  'Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1 }',
  'String.prototype[Symbol.iterator] = null',
  'Array.prototype.join = Array.prototype.map = Array.prototype.push = () => { throw 2 }',
  'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 1',
  'Uint8Array.prototype.slice = Uint8Array.prototype.set = () => "forged"',
  'Object.defineProperty(Uint8Array, Symbol.species, { value: Array })',
  'Object.defineProperty(Uint8Array.prototype, Symbol.toStringTag, { value: "Uint8Array" })',
  'Object.setPrototypeOf(Uint8Array.prototype, null)',
  'JSON.parse = JSON.stringify = () => "{}"; Number = String = Boolean = Array = Uint8Array = null',
  'Object.getPrototypeOf = Object.setPrototypeOf = Object.create = () => 5',
  'Message.prototype.copy = null; Object.setPrototypeOf(Message.prototype, Array.prototype)',
  'Error.prototype.toString = () => { for (;;) {} }; Error.prototype.name = {}',
  'Error.prepareStackTrace = () => ({ forged: 1 })',
  'Object.prototype.__defineGetter__("stack", () => ({}))',
  'Symbol.prototype[Symbol.toPrimitive] = () => ({})',
];

/** What code can then do with its message; the body and header that may come out of it, when it is not rejected. */
const DEEDS = [
  'return msg',
  'msg.body = msg.body; return msg',
  'throw new Error("no")',
  'throw null',
  'throw { get name() { throw 1 }, get message() { for (const x of [1]) throw x } }',
  'throw new Proxy({}, { get() { throw new Proxy({}, {}) } })',
  'throw Symbol("x")',
  'throw 5n',
  'throw { name: {}, message: [], stack: 5 }',
  'throw Object.assign(new Error("x"), { name: "\\u0000\\n\\ud800", message: "\\n{}\\n", stack: {} })',
  'return new Proxy(msg, {})',
  'return Object.create(msg)',
  'msg.body = Object.setPrototypeOf({ byteLength: 5 }, ArrayBuffer.prototype); return msg',
  'msg.body = Object.setPrototypeOf({ length: 5 }, Uint8Array.prototype); return msg',
  'msg.body = new Proxy(new Uint8Array(3), {}); return msg',
  'msg.body = new SharedArrayBuffer(4); return msg',
  'msg.body = new DataView(new ArrayBuffer(4)); return msg',
  'msg.body = { toString() { return "x" } }; return msg',
  'msg.body = "\\ud800"; return msg',
  'msg.header = { get a() { return {} } }; return msg',
  'let n = 0; msg.header = { get a() { return n++ ? [] : "x" } }; return msg',
  'msg.header = new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: {}, enumerable: true, configurable: true }), get: () => ({}) }); return msg',
  'msg.header = Object.assign(Object.create(null), { toJSON: undefined }); return msg',
  'Object.defineProperty(msg.header, "toJSON", { value: () => [1] }); return msg',
  'Object.defineProperty(msg.header, "toJSON", { value: () => undefined }); return msg',
  'Object.defineProperty(msg.header, "toJSON", { value: () => "text" }); return msg',
  'msg.header = { "\\ud800": "x" }; return msg',
  'Object.defineProperty(msg, "header", { get() { return 5 } }); return msg',
  'Object.defineProperty(msg, "body", { get() { return 5 } }); return msg',
  'msg.text = { valueOf() { throw 1 } }; return msg',
  'log({ toString() { throw 1 } }, "x"); return msg',
  'log("x".repeat(1e5), "\\u0000\\ud800"); return msg',
  'log(); print(); print("\\u0000\\udc00"); return msg',
  'console.log("\\u0000", { a: 1 }, Symbol("s")); return msg',
  'tap("/tap", msg, "NULL"); return msg',
  'tap("/tap", msg, { toString() { return "DQS" } }); return msg',
  'tap("/tap", new Message({ header: { a: {} } })); return msg',
  'tap("/tap", new Message({ header: [1, 2] })); return msg',
  'tap("/tap", new Message({ header: 5, body: "x" })); return msg',
  'tap("/tap", new Message({ body: new Uint8Array([200]), text: true })); return msg',
  'tap("/tap", new Message({ body: {} })); return msg',
  'tap("\\u0000", msg); return msg',
  'return "\\u0000\\ud800".repeat(1e4)',
  'return 1',
];

/** A sink that is strict about what it is given. */
function strictSink(seen: Message[]): Sink {
  return {
    name: 'tap',
    open: async () => undefined,
    send: async (message) => {
      seen.push(message);
    },
    flush: async () => undefined,
    close: async () => undefined,
  };
}

function assertSound(message: Message): void {
  assert.ok(Buffer.isBuffer(message.body));
  assert.equal(typeof message.text, 'boolean');
  assert.equal(Object.getPrototypeOf(message.header), null);
  for (const [name, value] of Object.entries(message.header)) {
    assert.equal(typeof value, 'string', `header ${name}`);
    assert.equal(Buffer.from(value).toString(), value, `header ${name} has no UTF-8`);
  }
}

/** Bad messages may be rejected, or come out as the code left them; never with an empty or half a body by accident. */
async function runHostile(patches: readonly string[], deeds: readonly string[]): Promise<void> {
  const cases = deeds.map((deed, at) => `case "${at}": { ${deed}; }`).join('\n');
  const code = `function check(msg) { if (msg.header.patch) { ${patches.join(';')} } switch (msg.header.deed) { ${cases} } return msg }`;
  const taps: Message[] = [];
  const options = { timeoutMs: 1000, data: { path: '/tap' }, openTap: async () => strictSink(taps) };
  await withCallback(code, options, async (callback) => {
    const bodies = [Buffer.from('caf\u00e9'), Buffer.from([0, 200, 255])];
    const messages = [
      textMessage({ n: 'first' }, 'one'),
      textMessage({ patch: '1' }, 'two'),
      ...deeds.flatMap((_, at) => [
        textMessage({ deed: String(at) }, String(bodies[0])),
        bytesMessage({ deed: String(at) }, bodies[1]),
      ]),
    ];
    const outcomes = await processAll(callback, messages);
    assert.equal(outcomes.length, messages.length);
    assert.deepEqual(summary(outcomes[0]), { header: { n: 'first' }, body: 'one', text: true });
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind === 'pass') {
        assertSound(outcome.message);
        const told = `${summary(outcome)} of ${deeds[(index - 2) >> 1]}`;
        assert.ok(outcome.message.body.length > 0, told);
      } else if (outcome.kind === 'drop') assert.ok(outcome.reason.length > 0 && outcome.reason.length <= 301);
      else assert.match(outcome.error.code, /^CALLBACK_/);
    }
    for (const message of taps) assertSound(message);
  });
}

test('every deed without any patch', () => runHostile([], DEEDS));

for (const patch of PATCHES) test(`every deed after ${patch}`, () => runHostile([patch], DEEDS));

test('several patches and deeds together', async () => {
  const some = fc.tuple(
    fc.subarray(PATCHES, { minLength: 2, maxLength: 4 }),
    fc.shuffledSubarray(DEEDS, { minLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(some, ([patches, deeds]) => runHostile(patches, deeds)),
    { numRuns: THOROUGH ? 30 : 2 },
  );
});
