import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink } from '../../src/flow/sink.js';
import { textMessage, withCallback } from '../support/callback-bench.js';

const PIECE = 2 * 1024 * 1024;
const COUNT = 8;

/** How many bytes were handed over in each turn of the event loop, where any were. */
class BytesByTurn {
  readonly #bytes = new Map<number, number>();
  #turns = 0;

  constructor(signal: AbortSignal) {
    const count = (): void => {
      this.#turns += 1;
      if (!signal.aborted) setImmediate(count);
    };
    setImmediate(count);
  }

  add(bytes: number): void {
    this.#bytes.set(this.#turns, (this.#bytes.get(this.#turns) ?? 0) + bytes);
  }

  get all(): number[] {
    return [...this.#bytes.values()];
  }
}

function tapSink(handed: BytesByTurn): Sink {
  return {
    name: 'tap',
    open: async () => undefined,
    send: async ({ body }) => handed.add(body.length),
    flush: async () => undefined,
    close: async () => undefined,
  };
}

const TAPS = {
  javascript: `const copy = new Message({ body: 'x'.repeat(${PIECE}), text: true });
    for (let n = 0; n < ${COUNT}; n++) tap('/tap', copy)`,
  perl: `my $copy = Messaging::Message->new(body => "x" x ${PIECE}, text => 1);
    my $queue = Messaging::Message::Queue->new(path => "/tap", type => "DQS");
    $queue->add_message($copy) for 1 .. ${COUNT};`,
} as const;

for (const language of ['javascript', 'perl'] as const) {
  test(`large copies for a tap, one a turn of the event loop: ${language}`, async (t) => {
    const handed = new BytesByTurn(t.signal);
    const openTap = async (): Promise<Sink> => tapSink(handed);
    const given = { language, timeoutMs: 60_000, data: { path: '/tap' }, openTap };
    await withCallback(TAPS[language], given, async (callback) => {
      const outcomes = await callback.process([textMessage({}, 'kept')]);
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['pass'],
      );
    });
    assert.deepEqual(handed.all, Array(COUNT).fill(PIECE));
  });

  test(`a large body comes out without a copy: ${language}`, async () => {
    const code = language === 'perl' ? `$bdy = "x" x ${PIECE};` : `bdy = 'x'.repeat(${PIECE})`;
    await withCallback(code, { language, timeoutMs: 60_000 }, async (callback) => {
      const [outcome] = await callback.process([textMessage()]);
      assert.ok(outcome?.kind === 'pass');
      const { body } = outcome.message;
      assert.equal(body.length, PIECE);
      // what crossed holds flags and header as well: a copy would hold the body alone
      assert.ok(body.byteOffset > 0 && body.buffer.byteLength > body.length, 'the body was copied');
    });
  });
}

test('a large print, a piece a turn of the event loop', async (t) => {
  const printed = new BytesByTurn(t.signal);
  const onPrint = async (text: string | Uint8Array): Promise<void> => {
    printed.add(text.length);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const code = `print('x'.repeat(${PIECE}))`;
  await withCallback(code, { language: 'javascript', timeoutMs: 60_000, onPrint }, (callback) =>
    callback.process([textMessage()]),
  );
  assert.deepEqual(printed.all, [PIECE / 2, PIECE / 2]);
});
