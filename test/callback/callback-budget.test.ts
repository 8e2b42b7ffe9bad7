import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processAll } from '../../src/callback/process-all.js';
import { textMessage, withCallback } from '../support/callback-bench.js';
import { eventually } from '../support/eventually.js';

test('what became large is handed over in parts, before the rest is made', async () => {
  const code = 'let n = 0; function check(msg) { n += 1; msg.header.n = n; msg.body = "x".repeat(3e6); return msg }';
  await withCallback(code, {}, async (callback) => {
    const messages = Array.from({ length: 40 }, () => textMessage());
    const first = await callback.process(messages);
    assert.ok(first.length >= 1 && first.length <= 4, `${first.length} outcomes together`);
    const rest = await processAll(callback, messages.slice(first.length));
    const numbers = [...first, ...rest].map((outcome) => outcome.kind === 'pass' && outcome.message.header.n);
    assert.deepEqual(
      numbers,
      messages.map((_, index) => String(index + 1)),
    );
  });
});

test('a slow reader of what is printed is waited for', async () => {
  const waiting: (() => void)[] = [];
  let printed = 0;
  const onPrint = (text: string | Uint8Array): Promise<void> => {
    printed += text.length;
    return new Promise((resolve) => waiting.push(resolve));
  };
  await withCallback('print("x".repeat(2e6))', { language: 'javascript', onPrint }, async (callback) => {
    let done = false;
    const checking = processAll(callback, [textMessage(), textMessage()]).then((outcomes) => {
      done = true;
      return outcomes;
    });
    await eventually(() => waiting.length === 1);
    assert.ok(printed <= 1024 * 1024, 'a piece at a time');
    assert.equal(done, false);
    const release = setInterval(() => waiting.shift()?.(), 1);
    assert.equal((await checking).length, 2);
    clearInterval(release);
    assert.equal(printed, 4e6);
  });
});

test('a callback whose reader never reads can be closed', async () => {
  let asked = false;
  const onPrint = (): Promise<void> => {
    asked = true;
    return new Promise(() => undefined);
  };
  await withCallback('print("x")', { language: 'javascript', onPrint }, async (callback) => {
    const checking = callback.process([textMessage(), textMessage()]);
    await eventually(() => asked);
    await callback.close();
    assert.ok((await checking).length <= 2);
  });
});

test('reasons are cut, whatever the callback returned', async () => {
  await withCallback('return hdr.n.repeat(1e5)', {}, async (callback) => {
    const outcomes = await processAll(
      callback,
      Array.from({ length: 300 }, (_, n) => textMessage({ n: `${n} ` })),
    );
    assert.equal(outcomes.length, 300);
    for (const outcome of outcomes) assert.ok(outcome.kind === 'drop' && outcome.reason.length === 301);
  });
});
