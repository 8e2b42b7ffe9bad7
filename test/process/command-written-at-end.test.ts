import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import type { Message } from '../../src/message/message.js';
import { CommandSource } from '../../src/sources/command/command-source.js';
import { CommandScene } from '../support/command-scene.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { atEnd } from '../support/temp-folder.js';

const MOST = 16 * 1024 * 1024;
const BODY_BYTES = 100_000;
/** Says that it listens, and from TERM on writes numbered messages without end. */
const ENDLESS = `body=$(head -c ${BODY_BYTES} /dev/zero | tr '\\0' x)
more() {
  n=0
  while :; do printf '{"header":{"n":"%s"},"body":"%s"}\\n' "$n" "$body"; n=$((n+1)); done
}
trap more TERM
: >"$D/listening"
while :; do sleep 0.02; done`;

test('of what a command writes after TERM 16 MiB are kept, and it is told behind which line the rest is lost', async (t) => {
  const scene = await CommandScene.set(t);
  const stored: Message[] = [];
  const told: { readonly name: string; readonly error: StompctlError }[] = [];
  // nobody kills the command before the clock moves, however long it takes to write
  const clock = new ManualClock();
  const source = new CommandSource({
    words: [scene.script(ENDLESS)],
    environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    acks: false,
    loop: true,
    rest: { firstMs: 1000, longestMs: 1000 },
    maxMessageSize: 1_000_000,
    clock,
    events: {
      rejected: (name, error) => told.push({ name, error }),
      settledInVain: () => undefined,
      parked: () => undefined,
    },
    deadLetters: { store: async (message) => void stored.push(message) },
    onLine: () => undefined,
    onLeft: () => undefined,
  });
  await source.open();
  atEnd(t, () => source.close());
  await eventually(() => scene.has('listening'));
  const closed = source.close();
  const lost = () => told.find(({ name }) => name.startsWith('what follows'));
  await eventually(() => lost() !== undefined, { what: 'it is told that the rest is lost' });
  await clock.advance(1000);
  await closed;

  const bytes = stored.reduce((sum, { size }) => sum + size, 0);
  assert.ok(bytes >= MOST && bytes < MOST + 2 * BODY_BYTES, `${bytes} bytes`);
  assert.deepEqual(
    stored.map(({ header }) => Number(header.n)),
    stored.map((_, index) => index),
  );
  assert.equal(lost()?.name, `what follows line ${stored.length}`);
  assert.equal(lost()?.error.code, 'COMMAND_GIVEN_BACK');
  assert.match(
    lost()?.error.message ?? '',
    /more than 16777216 bytes after it was told to end: .* is lost; let it end/,
  );
});
