import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { wait } from '../base/wait.js';
import { SimpleQueue } from '../dirq/simple-queue.js';
import { Message, newHeader } from '../message/message.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import { startProgress } from './command-line/progress.js';
import { DEMO_ROLES, DemoProcess, type DemoScene, setDemoScene } from './demo-scene.js';

const MESSAGES = 1000;
/** the demo gives up after that long without a new message */
const PATIENCE_MS = 20_000;
const POLL_MS = 20;

interface Arrival {
  readonly messages: number;
  readonly bytes: number;
  readonly duplicates: number;
  readonly seconds: number;
}

/** `stompctl demo`: a sender and a receiver at work; resolves to 0 when every message arrived as it was sent. */
export async function demo(io: CommandIo): Promise<number> {
  const say = (text = '') => io.out.write(`${text}\n`);
  const scene = await setDemoScene();
  const processes: DemoProcess[] = [];
  let stopping: Promise<number[]> | undefined;
  const stop = () => {
    stopping ??= Promise.all(processes.map((one) => one.stop()));
    return stopping;
  };
  const interrupt = new AbortController();
  io.signals.onStop(() => interrupt.abort(new StompctlError('INTERNAL', 'demo', '', 'stopped by a signal')));
  try {
    describe(scene, say);
    say(`Writing ${MESSAGES} messages into ${scene.queues.sender}`);
    const sent = await produce(scene.queues.sender);
    const done = new AbortController();
    for (const role of DEMO_ROLES) processes.push(new DemoProcess(role, scene.configurations[role].path));
    say(`Started the sender (pid ${processes[0]?.pid}) and the receiver (pid ${processes[1]?.pid})`);
    const failed = processes.map((one) => one.failsEarly(done.signal));
    const arrival = await Promise.race([collect(scene.queues.receiver, sent, interrupt.signal), ...failed]);
    done.abort();
    const codes = await stop();
    tell(scene, arrival, processes, codes, say);
    return codes.every((code) => code === 0) ? EXIT_CODES.ok : EXIT_CODES.internal;
  } finally {
    await stop();
    await scene.remove();
    say(`Removed ${scene.folder}`);
  }
}

function describe(scene: DemoScene, say: (text?: string) => void): void {
  say(
    'stompctl demo: a sender moves messages from a queue on disk to a broker, a receiver from there to another queue.',
  );
  say(`The broker is a small one inside this process, at ${scene.broker.uri}; it is not for production.`);
  for (const role of DEMO_ROLES) {
    const { path, text } = scene.configurations[role];
    say(`\n--- ${path} (etc/${role}.conf with the paths and the URI of this demo)`);
    // without the comments, which are in etc/
    say(
      text
        .replace(/^#.*\n/gm, '')
        .replace(/\n{2,}/g, '\n')
        .trim(),
    );
  }
  say();
}

/** Puts the messages into a queue; resolves to a digest of each, by number. */
async function produce(path: string): Promise<string[]> {
  const queue = new SimpleQueue({ path });
  const digests: string[] = [];
  for (let number = 0; number < MESSAGES; number += 1) {
    const text = number % 2 === 0;
    const body = text
      ? Buffer.from(`message ${number}: žluťoučký kůň\n`.repeat(1 + (number % 50)))
      : randomBytes(number);
    const message = new Message(newHeader({ 'x-demo-number': String(number), 'x-demo': 'a:b\\c\nd' }), body, text);
    await queue.addMessage(message);
    digests.push(digest(message));
  }
  return digests;
}

/** Takes what arrives out of the receiver's queue and compares it, until all has come. */
async function collect(path: string, sent: readonly string[], interrupt: AbortSignal): Promise<Arrival> {
  const queue = new SimpleQueue({ path });
  const arrived = new Set<number>();
  let bytes = 0;
  let duplicates = 0;
  const startedMs = performance.now();
  let lastMs = startedMs;
  const progress = await startProgress({
    total: MESSAGES,
    done: () => arrived.size,
    label: 'arrived',
    stream: process.stdout,
  });
  try {
    while (arrived.size < MESSAGES) {
      interrupt.throwIfAborted();
      for await (const name of queue) {
        if (!(await queue.lock(name))) continue;
        const message = await queue.getMessage(name);
        const number = Number(message.header['x-demo-number']);
        if (digest(message) !== sent[number]) {
          throw new StompctlError('INTERNAL', 'demo', name, `message ${number} did not arrive as it was sent`);
        }
        await queue.remove(name);
        if (arrived.has(number)) duplicates += 1;
        arrived.add(number);
        bytes += message.body.length;
        lastMs = performance.now();
      }
      if (performance.now() - lastMs > PATIENCE_MS) {
        const reason = `${arrived.size} of ${MESSAGES} messages arrived, then none for ${PATIENCE_MS / 1000} s`;
        throw new StompctlError('INTERNAL', 'demo', path, reason);
      }
      await wait(systemClock, POLL_MS);
    }
  } finally {
    progress.stop();
  }
  return { messages: arrived.size, bytes, duplicates, seconds: (lastMs - startedMs) / 1000 };
}

/** Body, text flag, and the headers that the producer set. */
function digest({ header, body, text }: Message): string {
  const hash = createHash('sha256').update(`${text}\n${header['x-demo-number']}\n${header['x-demo']}\n`);
  return hash.update(body).digest('base64');
}

function tell(
  scene: DemoScene,
  { messages, bytes, duplicates, seconds }: Arrival,
  processes: readonly DemoProcess[],
  codes: readonly number[],
  say: (text?: string) => void,
): void {
  for (const one of processes) {
    say(`\n--- log of the ${one.role}`);
    for (const line of one.logLines()) say(line);
  }
  const twice = duplicates === 0 ? 'none twice' : `${duplicates} twice`;
  say(`\n${messages} of ${MESSAGES} messages arrived, each byte as it was sent, ${twice}.`);
  say(`${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s from the start of both processes.`);
  say(`The sender exited with ${codes[0]}, the receiver with ${codes[1]}.`);
  say(`Everything was in ${scene.folder}:`);
  say('  sender.conf receiver.conf   the configurations');
  say('  spool/sender                where a producer writes; the sender empties it');
  say('  spool/receiver              where a consumer reads; this demo emptied it');
}
