/**
 * The share of garbage collection: its pauses, of all threads together, as V8 tells them, of the time that messages of 1 kB took;
 * in front of the in-process broker in a process of its own, queues in memory, synced.
 * Run: npm run bench -- gc [messages, default 20000] [rounds, default 3]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openBenchBroker } from './measure/bench-brokers.js';
import { login } from './measure/cases.js';
import { type Figures, fill, median, OURS, runCommand } from './measure/command-run.js';
import { rawReceive } from './raw/raw-receive.js';

const [messages = 20_000, rounds = 3] = process.argv.slice(2).map(Number);
const BODY_BYTES = 1000;
const [node = '', program = ''] = OURS;
const broker = await openBenchBroker('in-process');
const folder = mkdtempSync('/dev/shm/stompctl-bench-');
const path = (name: string): string => `path=${join(folder, name)}`;
const subscription = ['--subscribe', 'destination=/queue/bench', '--count', `${messages}`, '--prefetch', '1000'];

function traced(args: readonly string[]): Promise<Figures> {
  return runCommand([node, '--trace-gc', program, ...args, '--log-format', 'json'], messages);
}

/** A full queue, then one path after the other: each leaves what the next one takes. */
const PATHS: Record<string, () => Promise<Figures>> = {
  'queue to queue': () => traced(['--incoming-queue', path('in'), '--remove', '--outgoing-queue', path('between')]),
  'queue to broker': () => traced(['--incoming-queue', path('between'), '--remove', ...login('outgoing', broker)]),
  'broker to queue': () => traced([...login('incoming', broker), ...subscription, '--outgoing-queue', path('out')]),
  'queue to broker, Perl': () =>
    traced([
      ...['--callback-code', '$hdr{persistent} = "true";'],
      ...['--incoming-queue', path('out'), '--remove', ...login('outgoing', broker)],
    ]),
};
const all = new Map<string, Figures[]>(Object.keys(PATHS).map((name) => [name, []]));
try {
  for (let round = 0; round < rounds; round += 1) {
    fill(join(folder, 'in'), messages, BODY_BYTES);
    for (const [name, run] of Object.entries(PATHS)) all.get(name)?.push(await run());
    await rawReceive(broker, { destination: '/queue/bench', messages });
    for (const name of ['in', 'between', 'out']) rmSync(join(folder, name), { recursive: true, force: true });
  }
} finally {
  await broker.stop();
  rmSync(folder, { recursive: true });
}
for (const [name, runs] of all) {
  const { perSecond, gcMs = 0 } = median(runs);
  const share = (gcMs * perSecond) / messages / 10;
  process.stdout.write(`${name.padEnd(24)} ${gcMs.toFixed(0).padStart(5)} ms, ${share.toFixed(1)} % of the time\n`);
}
