import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Callback } from '../../src/callback/callback.js';
import type { Outcome } from '../../src/flow/processor.js';
import type { Message } from '../../src/message/message.js';
import { textMessage, withCallback } from '../support/callback-bench.js';

const MEMORY = { language: 'perl', timeoutMs: 60_000, memoryBytes: 16 * 1024 * 1024 } as const;

/** Each outcome as a word: the code of its error, or what happened. */
async function outcomes(callback: Callback, messages: readonly Message[]): Promise<string[]> {
  const all: Outcome[] = [];
  while (all.length < messages.length) all.push(...(await callback.process(messages.slice(all.length))));
  return all.map((outcome) => (outcome.kind === 'reject' ? outcome.error.code : outcome.kind));
}

for (const [what, code] of [
  ['a long string', 'my $x = "x" x $hdr{n};'],
  ['a long list', 'my @list = (1 .. $hdr{n});'],
  ['a hash that grows', 'my(%h, $i); $h{$i++} = "y" x 1000 while 1;'],
  ['nested data without end', 'my $x; $x = [$x, "z" x 1000] while 1;'],
] as const) {
  test(`${what} in Perl fills the memory: its message is rejected, the rest of the batch goes on`, async () => {
    await withCallback(`if ($hdr{bad}) { ${code} }`, MEMORY, async (callback, said) => {
      const messages = [textMessage(), textMessage({ bad: '1', n: '1000000000' }), textMessage(), textMessage()];
      assert.deepEqual(await outcomes(callback, messages), ['pass', 'CALLBACK_MEMORY', 'pass', 'pass']);
      assert.equal(said.rebuilt.length, 1);
    });
  });
}

test('a loop without end in Perl is ended by time: its message is rejected, the rest of the batch goes on', async () => {
  const given = { language: 'perl', timeoutMs: 500 } as const;
  await withCallback('1 while $hdr{bad}', given, async (callback, said) => {
    const messages = [textMessage(), textMessage({ bad: '1' }), textMessage()];
    assert.deepEqual(await outcomes(callback, messages), ['pass', 'CALLBACK_TIMEOUT', 'pass']);
    assert.deepEqual(said.rebuilt, ['a message took longer than callback-timeout']);
  });
});

test('what tears through Perl rejects its message only', async () => {
  const deep = 'my $s = "(" x 50_000; eval { "a" =~ /$s/ } if $hdr{bad};';
  await withCallback(deep, { ...MEMORY, memoryBytes: 64 * 1024 * 1024 }, async (callback) => {
    const found = await outcomes(callback, [textMessage(), textMessage({ bad: '1' }), textMessage()]);
    assert.deepEqual([found[0], found[2]], ['pass', 'pass']);
  });
});

test('too much output of one call rejects its message', async () => {
  const code = 'if ($hdr{bad}) { eval { print("x" x 1_000_000) for 1 .. 70 } }';
  const given = { language: 'perl', timeoutMs: 60_000 } as const;
  await withCallback(code, given, async (callback) => {
    const found = await outcomes(callback, [textMessage(), textMessage({ bad: '1' }), textMessage()]);
    assert.deepEqual(found, ['pass', 'CALLBACK_THREW', 'pass']);
  });
});
