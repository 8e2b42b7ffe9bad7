import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Given, summary, textMessage, withCallback } from '../support/callback-bench.js';

/** Code that only the message with `bad` meets; the error code it must be rejected with. */
interface Fault {
  readonly name: string;
  readonly code: string;
  readonly rejected: string;
  readonly given?: Given;
}

const FAULTS: Fault[] = [
  { name: 'throws', code: 'throw new Error("no")', rejected: 'CALLBACK_THREW' },
  { name: 'throws a value that cannot be shown', code: 'throw { toString() { throw 1 } }', rejected: 'CALLBACK_THREW' },
  { name: 'loops without end', code: 'for (;;) {}', rejected: 'CALLBACK_TIMEOUT' },
  {
    name: 'loops without end, catching everything',
    code: 'for (;;) try { for (;;) {} } catch {} finally { continue }',
    rejected: 'CALLBACK_TIMEOUT',
  },
  { name: 'busy native loop', code: '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', rejected: 'CALLBACK_TIMEOUT' },
  { name: 'recursion without end', code: '(function f() { f() })()', rejected: 'CALLBACK_THREW' },
  { name: 'nested parentheses in eval', code: 'eval("(".repeat(1e5))', rejected: 'CALLBACK_THREW' },
  { name: 'nested arrays in JSON.parse', code: 'JSON.parse("[".repeat(1e6))', rejected: 'CALLBACK_THREW' },
  {
    name: 'memory bomb',
    code: 'const a = []; for (;;) a.push(new Uint8Array(1e6))',
    rejected: 'CALLBACK_MEMORY',
    given: { timeoutMs: 10_000 },
  },
  {
    name: 'memory bomb of small objects',
    code: 'const a = []; for (;;) a.push({ n: a.length })',
    rejected: 'CALLBACK_MEMORY',
    given: { timeoutMs: 10_000 },
  },
  {
    name: 'promises without end',
    code: 'const f = () => Promise.resolve().then(f); f()',
    rejected: 'CALLBACK_TIMEOUT',
  },
];

for (const { name, code, rejected, given } of FAULTS) {
  test(`${name}: rejects that message, the rest goes on, the event loop turns`, async () => {
    await withCallback(
      `if (hdr.bad) { ${code} } hdr.seen = "yes"`,
      { timeoutMs: rejected === 'CALLBACK_TIMEOUT' ? 400 : 10_000, ...given },
      async (callback) => {
        let turns = 0;
        const beat = setInterval(() => {
          turns += 1;
        }, 5);
        const batch = [
          textMessage({ n: '1' }),
          textMessage({ bad: '1' }),
          textMessage({ n: '3' }),
          textMessage({ n: '4' }),
        ];
        const outcomes = await callback.process(batch);
        clearInterval(beat);
        assert.equal(outcomes.length, 4);
        const [first, bad, third, fourth] = outcomes;
        assert.deepEqual(summary(first), { header: { n: '1', seen: 'yes' }, body: '', text: true });
        assert.ok(bad?.kind === 'reject');
        assert.equal(bad.error.code, rejected, bad.error.message);
        assert.deepEqual(summary(third), { header: { n: '3', seen: 'yes' }, body: '', text: true });
        assert.deepEqual(summary(fourth), { header: { n: '4', seen: 'yes' }, body: '', text: true });
        if (rejected === 'CALLBACK_TIMEOUT') assert.ok(turns >= 10, `the event loop turned ${turns} times`);
      },
    );
  });
}

test('a lost sandbox is built again: start is called, what was printed before is kept', async () => {
  const code = `
    let count = 0;
    function start(data) { print("start " + data.name + "\\n") }
    function check(msg) { print(++count + "\\n"); if (msg.header.bad) [].indexOf.call({ length: 2 ** 53 - 1 }, 1); return msg }`;
  await withCallback(code, { timeoutMs: 250, data: { name: 'tap' } }, async (callback, said) => {
    const outcomes = await callback.process([textMessage(), textMessage({ bad: '1' }), textMessage()]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.kind),
      ['pass', 'reject', 'pass'],
    );
    assert.equal(said.printed.join(''), 'start tap\n1\n2\nstart tap\n1\n');
    assert.equal(said.rebuilt.length, 1);
  });
});

test('output larger than the shared log arrives whole and in order, also when the next message hangs', async () => {
  const code =
    'print(hdr.n, "x".repeat(100_000)); hdr.big = "y".repeat(90_000 * hdr.n); if (hdr.n === "5") for (;;) {}';
  await withCallback(code, { timeoutMs: 250 }, async (callback, said) => {
    const outcomes = await callback.process(['1', '2', '3', '4', '5', '6'].map((n) => textMessage({ n })));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'pass' ? (outcome.message.header.big?.length ?? 0) : outcome.kind)),
      [90_000, 180_000, 270_000, 360_000, 'reject', 540_000],
    );
    assert.deepEqual(
      said.printed.map((text) => text[0]),
      ['1', '2', '3', '4', '5', '6'],
    );
    assert.ok(said.printed.every((text) => text.length === 100_001));
  });
});

test('a header of 10 MB passes through', async () => {
  await withCallback('hdr.copy = hdr.big.slice(0, 3)', {}, async (callback) => {
    const [outcome] = await callback.process([textMessage({ big: 'z'.repeat(10_000_000) })]);
    assert.ok(outcome?.kind === 'pass');
    assert.equal(outcome.message.header.copy, 'zzz');
    assert.equal(outcome.message.header.big?.length, 10_000_000);
  });
});

test('a message too large for callback-memory is rejected, the others are not', async () => {
  await withCallback('hdr.length = bdy.length', { memoryBytes: 8 * 1024 * 1024 }, async (callback) => {
    const outcomes = await callback.process([
      textMessage(),
      textMessage({}, 'x'.repeat(20_000_000)),
      textMessage({}, 'ab'),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'reject' ? outcome.error.code : outcome.kind)),
      ['pass', 'CALLBACK_MEMORY', 'pass'],
    );
  });
});
