import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesMessage, summary, textMessage, withCallback } from '../support/callback-bench.js';

/** Reaches the body without a word that shows it, so that bodies are left at home first. */
const ASKS = 'function check(m) { const k = ["bo", "dy"].join(""); m.header.size = m[k].length; return m }';

test('a body left at home is brought when it is asked for, whatever built-in was replaced before', async () => {
  const patch = 'String.prototype.split = () => []; Array.prototype.shift = null;';
  await withCallback(`${patch}\n${ASKS}`, {}, async (callback) => {
    const outcomes = await callback.process([textMessage({}, 'four'), bytesMessage({}, Buffer.alloc(5))]);
    assert.deepEqual(outcomes.map(summary), [
      { header: { size: '4' }, body: 'four', text: true },
      { header: { size: '5' }, body: [0, 0, 0, 0, 0], text: false },
    ]);
  });
});

for (const [what, body] of [
  ['NULs', '\0a\0\0b\0'],
  ['as many bytes before a NUL as there are letters', 'é\0'],
  ['quotes, backslashes and control characters beside a NUL', '"\\\n\t\0\u0001\u007f'],
  ['characters of all sizes', 'aé日😀\u{10ffff}\ufeff\u2028'],
] as const) {
  test(`a text with ${what} crosses both ways unharmed`, async () => {
    const code = 'bdy = bdy + "|" + bdy; print(bdy); log("info", bdy)';
    await withCallback(code, {}, async (callback, said) => {
      const [outcome] = await callback.process([textMessage({}, body)]);
      assert.deepEqual(summary(outcome), { header: {}, body: `${body}|${body}`, text: true });
      assert.deepEqual(said.printed, [`${body}|${body}`]);
      assert.deepEqual(said.logged, [`info: ${body}|${body}`]);
    });
  });

  test(`bytes with ${what} are decoded and encoded unharmed`, async () => {
    const code = 'const t = new TextDecoder().decode(bdy); hdr.text = t; bdy = new TextEncoder().encode(t + "x")';
    await withCallback(code, {}, async (callback) => {
      const [outcome] = await callback.process([bytesMessage({}, Buffer.from(body))]);
      assert.deepEqual(summary(outcome), { header: { text: body }, body: [...Buffer.from(`${body}x`)], text: false });
    });
  });
}

test('broken UTF-8 is decoded to U+FFFD as everywhere, also where pieces meet', async () => {
  const bytes = Buffer.concat([
    Buffer.alloc(65_535, 'a'),
    Buffer.from('é'),
    Buffer.from([0xff, 0xe2, 0x82, 0x41, 0xc8]),
  ]);
  await withCallback('hdr.text = new TextDecoder().decode(bdy)', {}, async (callback) => {
    const [outcome] = await callback.process([bytesMessage({}, bytes)]);
    assert.ok(outcome?.kind === 'pass');
    assert.equal(outcome.message.header.text, bytes.toString('utf8'));
    assert.deepEqual(outcome.message.body, bytes);
  });
});

test('copies of a message do not share bytes', async () => {
  const code =
    'function check(msg) { const copy = msg.copy(); copy.body[0] = 9; msg.header.first = msg.body[0]; return msg }';
  await withCallback(code, {}, async (callback) => {
    const [outcome] = await callback.process([bytesMessage({}, Buffer.of(1, 2))]);
    assert.deepEqual(summary(outcome), { header: { first: '1' }, body: [1, 2], text: false });
  });
});

test('console writes to the log', async () => {
  const code = 'console.log("a", 1); console.info("b"); console.warn("c"); console.error("d"); console.debug("e")';
  await withCallback(code, { language: 'javascript' }, async (callback, said) => {
    await callback.process([textMessage()]);
    assert.deepEqual(said.logged, ['info: a 1', 'info: b', 'warn: c', 'error: d', 'debug: e']);
  });
});
