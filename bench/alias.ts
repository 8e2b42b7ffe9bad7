/**
 * A sender in front of an alias with three members that fail in turn, each of which takes so many messages a second at most:
 * what share of the throughput remains, and is anything lost? The members are in-process brokers that read no faster.
 * Run: npm run bench -- alias [messages a second of a member, default 800] [milliseconds of a phase, default 2000]
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../src/broker/fault.js';
import { AliasScene, membersUp } from '../test/support/alias-scene.js';
import { eventually } from '../test/support/eventually.js';
import type { ReloadScene } from '../test/support/reload-scene.js';

const [perSecond = 800, phaseMs = 2000] = process.argv.slice(2).map(Number);
const TICK_MS = 25;
const MEMBERS = 3;
/** all up, then each down and up again */
const PHASES = 1 + 2 * MEMBERS;
const GIVE_UP_MS = 120_000;

/** A broker that reads so many messages a second: what it was sent beyond that waits in its socket. */
function reading(most: number): Fault {
  let taken = 0;
  const isOver = () => taken > (most * TICK_MS) / 1000;
  return new Fault(
    'reading',
    { after: 0, times: Number.POSITIVE_INFINITY },
    {
      accepted: (peer) => {
        const tick = setInterval(() => {
          taken = Math.max(0, taken - (most * TICK_MS) / 1000);
          if (!peer.open) clearInterval(tick);
          else if (!isOver()) peer.resumeReading();
        }, TICK_MS);
      },
      received: (peer, { command }) => {
        if (command === 'SEND') taken += 1;
        if (isOver()) peer.stopReading();
        return false;
      },
    },
  );
}

/** Messages a second in a phase that has settled. */
async function rateOf(scene: ReloadScene): Promise<number> {
  await pause(phaseMs / 4);
  const [before, startedMs] = [scene.built.statistics.snapshot().sent, performance.now()];
  await pause((phaseMs * 3) / 4);
  return ((scene.built.statistics.snapshot().sent - before) * 1000) / (performance.now() - startedMs);
}

const cleanings: (() => Promise<void>)[] = [];
const cleaning = { after: (run: () => Promise<void>) => void cleanings.push(run) };
try {
  const options = () => ({ faults: [reading(perSecond)] });
  const alias = await AliasScene.set(cleaning, options(), options(), options());
  const messages = Math.ceil((perSecond * MEMBERS * PHASES * phaseMs) / 1000);
  alias.fill(messages);
  const scene = await alias.run(alias.sender);
  await membersUp(scene, MEMBERS);
  const whole = await rateOf(scene);
  process.stdout.write(`three members up: ${whole.toFixed(0)} messages/s\n`);
  for (const [index, broker] of alias.brokers.entries()) {
    await broker.kill();
    const rate = await rateOf(scene);
    process.stdout.write(
      `member ${index + 1} away: ${rate.toFixed(0)} messages/s, ${(rate / whole).toFixed(2)} of it\n`,
    );
    await broker.restart();
    await membersUp(scene, MEMBERS);
    const again = await rateOf(scene);
    process.stdout.write(
      `member ${index + 1} back: ${again.toFixed(0)} messages/s, ${(again / whole).toFixed(2)} of it\n`,
    );
  }
  await eventually(() => scene.built.statistics.snapshot().sent >= messages, {
    what: 'all are sent',
    deadlineMs: GIVE_UP_MS,
  });
  await scene.stop();
  const sent = alias.sent();
  const lost = messages - new Set(sent).size;
  process.stdout.write(`${messages} messages: ${lost} lost, ${sent.length - messages + lost} twice after 3 faults\n`);
  if (lost > 0) process.exitCode = 1;
} finally {
  for (const clean of cleanings.reverse()) await clean();
}
