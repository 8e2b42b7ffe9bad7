import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { StompctlError } from '../../src/base/errors.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { Message } from '../../src/message/message.js';
import { CommandSource } from '../../src/sources/command/command-source.js';
import { CommandScene } from '../support/command-scene.js';
import { eventually } from '../support/eventually.js';
import { upTo } from '../support/scene.js';
import { atEnd } from '../support/temp-folder.js';

/** 180 kB: more than two readings take, and no more than these and the pipe hold */
const LINES = 840;
const WRITE = 'echo $$ >"$D/pid"; exec cat "$D/lines"';

const REASON = new StompctlError('MESSAGE_TOO_LARGE', 'send', 'x', 'too large');

async function reading(test: TestContext, script: string) {
  const scene = await CommandScene.set(test);
  const lines = upTo(LINES).map((n) => JSON.stringify({ header: { n: String(n) }, body: 'x'.repeat(180) }));
  writeFileSync(scene.path('lines'), `${lines.join('\n')}\n`);
  writeFileSync(scene.path('few'), `${lines.slice(0, 3).join('\n')}\n`);
  const stored: Message[] = [];
  const told: string[] = [];
  const left: string[] = [];
  const source = new CommandSource({
    words: [scene.script(script)],
    environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    acks: false,
    loop: true,
    rest: { firstMs: 1000, longestMs: 1000 },
    maxMessageSize: 1_000_000,
    clock: systemClock,
    events: {
      rejected: (name, error) => told.push(`${name}: ${error.message}`),
      settledInVain: () => undefined,
      parked: () => undefined,
    },
    deadLetters: { store: async (message) => void stored.push(message) },
    onLine: () => undefined,
    onLeft: (text) => left.push(text),
  });
  await source.open();
  atEnd(test, () => source.close());
  const numbers = () => stored.map(({ header }) => Number(header.n));
  return { scene, source, told, left, numbers };
}

/** Has the process with the number in this file gone? */
function isGone(scene: CommandScene, file: string): boolean {
  const pid = Number(scene.read(file));
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function takeOne(source: CommandSource): Promise<Delivery> {
  return eventually(async () => {
    const result = await source.next({ deliveries: 1, bytes: 1_000_000 }, new AbortController().signal);
    return result.kind === 'batch' && result.deliveries[0];
  });
}

describe('what a command has written that has ended by itself', () => {
  it('is all kept when it is closed, though most of it is still in the pipe', async (test) => {
    const { scene, source, told, left, numbers } = await reading(test, WRITE);
    const taken = await takeOne(source);
    await eventually(() => isGone(scene, 'pid'));
    taken.ack();
    // from here on, as after a signal, the next turn of the event loop begins before anything is read
    await access(scene.folder);
    await source.close();
    assert.deepEqual(numbers(), upTo(LINES).slice(1));
    assert.equal(told.length, LINES - 1);
    assert.deepEqual(left, []);
  });

  it('is there when it is first asked for only after that', async (test) => {
    const { scene, source } = await reading(test, WRITE.replace('lines', 'few'));
    await eventually(() => isGone(scene, 'pid'));
    // the stream would be emptied at its end, had nobody asked for what is in it
    await access(scene.folder);
    const first = await source.next({ deliveries: 10, bytes: 1_000_000 }, new AbortController().signal);
    assert.ok(first.kind === 'batch');
    const [delivery] = first.deliveries;
    assert.deepEqual([first.deliveries.length, delivery?.message.header.n], [3, '0']);
    for (const each of first.deliveries) each.ack();
  });

  it('is waited for no longer when somebody else holds its output and goes on writing, which is told', async (test) => {
    const more = `while :; do echo '{"header":{"n":"0"}}'; sleep 0.02; done`;
    const leaves = `(${more}) & echo $! >"$D/other"; echo $$ >"$D/pid"`;
    const { scene, source, left } = await reading(test, leaves);
    atEnd(test, async () => void process.kill(Number(scene.read('other')), 'SIGKILL'));
    await eventually(() => isGone(scene, 'pid'));
    await source.close();
    assert.equal(left.length, 1);
    assert.match(left[0] ?? '', /left a process behind that holds its output/);
  });

  for (const [title, end] of [
    ['read', async (source: CommandSource) => (await takeOne(source)).reject(REASON)],
    ['kept when it is closed', (source: CommandSource) => source.close()],
  ] as const) {
    it(`is ${title}, its last line without an end too, though somebody else holds its output`, async (test) => {
      const leaves = `sleep 1000 & echo $! >"$D/other"; printf '{"header":{"n":"7"}}'; echo $$ >"$D/pid"`;
      const { scene, source, left, numbers } = await reading(test, leaves);
      atEnd(test, async () => void process.kill(Number(scene.read('other')), 'SIGKILL'));
      await eventually(() => isGone(scene, 'pid'));
      await end(source);
      await eventually(() => numbers().length > 0);
      assert.deepEqual([numbers(), left.length], [[7], 1]);
    });
  }
});
