/**
 * The four combinations with the built command, reliable and synced as by default, beside what the same broker gives to a
 * bare socket in the same run. Queues lie on tmpfs and on the disk in turn; each figure is a process of its own, with its
 * start-up left out of the rate (its own statistics) and kept in the CPU.
 * Run: npm run bench -- transfer [messages, default 20000] [body bytes, default 1000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { brokerKinds, openBroker, type RealBroker } from '../test/support/real-brokers.js';
import { type Figures, fill, OURS, runCommand } from './measure/command-run.js';
import { rawSend } from './raw/raw-send.js';
import type { Floor } from './raw/raw-socket.js';

const [messages = 20_000, bodyBytes = 1000] = process.argv.slice(2).map(Number);
const places = { tmpfs: mkdtempSync('/dev/shm/stompctl-bench-'), disk: mkdtempSync('/var/tmp/stompctl-bench-') };

type Rate = Pick<Floor, 'perSecond' | 'cpuMicrosPerMessage'>;

function stompctl(args: readonly string[]): Promise<Figures> {
  return runCommand([...OURS, ...args, '--statistics', '--log-level', 'warn'], messages);
}

function show(name: string, figures: Rate & { peakMb?: number }, floor?: Rate): void {
  const { perSecond, cpuMicrosPerMessage, peakMb } = figures;
  const parts = [
    name.padEnd(46),
    `${perSecond.toFixed(0).padStart(7)} msg/s`,
    `${cpuMicrosPerMessage.toFixed(0).padStart(5)} µs CPU/msg`,
    peakMb === undefined ? '' : `${peakMb.toFixed(0).padStart(5)} MB`,
    floor === undefined ? '' : `${(perSecond / floor.perSecond).toFixed(2)} of the floor`,
  ];
  process.stdout.write(`${parts.join('  ').trimEnd()}\n`);
}

async function overBroker(broker: RealBroker): Promise<void> {
  const { kind, uri, user, pass } = broker;
  const login = (direction: string) => [
    `--${direction}-broker-uri`,
    uri,
    `--${direction}-broker-auth`,
    `plain name=${user} pass=${pass}`,
  ];
  for (const [place, folder] of Object.entries(places)) {
    fill(join(folder, 'in'), messages, bodyBytes);
    const floor = await rawSend(broker, { destination: '/queue/bench-floor', messages, bodyBytes, window: 1000 });
    show(`${kind}: floor, a receipt each`, floor);
    const queue = ['--incoming-queue', `path=${folder}/in`, '--remove'];
    show(`${kind}: queue (${place}) to broker`, await stompctl([...queue, ...login('outgoing')]), floor);
    const subscribe = ['--subscribe', 'destination=/queue/bench', '--count', String(messages), '--prefetch', '1000'];
    const out = ['--outgoing-queue', `path=${folder}/out`];
    show(`${kind}: broker to queue (${place})`, await stompctl([...login('incoming'), ...subscribe, ...out]), floor);
    for (const name of ['in', 'out']) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

try {
  for (const [place, folder] of Object.entries(places)) {
    fill(join(folder, 'in'), messages, bodyBytes);
    const ends = ['--incoming-queue', `path=${folder}/in`, '--remove', '--outgoing-queue', `path=${folder}/out`];
    show(`queue to queue (${place})`, await stompctl(ends));
    for (const name of ['in', 'out']) rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (const kind of brokerKinds()) {
    const broker = await openBroker(kind);
    try {
      await overBroker(broker);
    } finally {
      await broker.stop();
    }
  }
} finally {
  for (const folder of Object.values(places)) rmSync(folder, { recursive: true, force: true });
}
