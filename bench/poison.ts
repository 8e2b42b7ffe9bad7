/**
 * What poison costs the healthy: the built command moves messages from a queue (tmpfs) to a broker, once with healthy ones only
 * and once with one poisoned in a hundred besides them, in turn, several rounds in one run. Figures are healthy messages a second,
 * medians, and the ratio of the two. `callback`: the callback throws; `element`: it is no JSON; `named`: the broker refuses it and
 * names it; `closing`: the broker refuses it, names none, and closes, as RabbitMQ does.
 * Run: npm run bench -- poison [healthy messages, default 10000] [rounds, default 5] [kinds, default all]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerRefusesMessage } from '../src/broker/faults.js';
import { InProcessBroker } from '../src/broker/in-process-broker.js';
import { STOMPCTL } from '../test/support/stompctl-process.js';
import { middle } from './measure/command-run.js';

const [healthy = 10_000, rounds = 5] = process.argv.slice(2, 4).map(Number);
const EVERY = 100;
const BODY = 'x'.repeat(1000);
const folder = mkdtempSync('/dev/shm/stompctl-poison-');

interface Kind {
  readonly spoilsFile?: boolean;
  /** how the broker refuses it; undefined: it does not */
  readonly refusal?: { readonly receiptId: boolean; readonly close: boolean };
}

const KINDS: Readonly<Record<string, Kind>> = {
  callback: {},
  element: { spoilsFile: true },
  named: { refusal: { receiptId: true, close: false } },
  closing: { refusal: { receiptId: false, close: true } },
};

function fill(kind: Kind, poisoned: boolean): void {
  const count = poisoned ? Math.floor((healthy * EVERY) / (EVERY - 1)) : healthy;
  for (let number = 0; number < count; number += 1) {
    const path = join(folder, 'in', (0x5f000000 + Math.floor(number / 2000)).toString(16));
    if (number % 2000 === 0) mkdirSync(path, { recursive: true });
    const bad = poisoned && number % EVERY === EVERY / 2;
    const header = { destination: '/queue/bench', ...(bad && { 'x-poison': 'yes' }) };
    const text = bad && kind.spoilsFile ? '{"body":' : JSON.stringify({ header, body: BODY });
    writeFileSync(join(path, `5f000000${number.toString(16).padStart(5, '0')}0`), text);
  }
}

/** Healthy messages a second, by the run's own statistics. */
async function run(name: string, kind: Kind, failureQueue: boolean, poisoned: boolean): Promise<number> {
  fill(kind, poisoned);
  const { refusal } = kind;
  const when = ({ header }: { header: Readonly<Record<string, string>> }) => header['x-poison'] !== undefined;
  const faults = refusal === undefined ? [] : [brokerRefusesMessage({ when, ...refusal })];
  const broker = await InProcessBroker.start({ faults, heartBeat: [0, 0] });
  const ends = ['--incoming-queue', `path=${folder}/in`, '--remove', '--outgoing-broker-uri', broker.uri];
  const callback = ['--callback-code', 'if (hdr["x-poison"]) throw new Error("no")'];
  const args = [
    ...ends,
    ...['--statistics', '--log-level', 'error', '--max-attempts', '2', '--reconnect-delay', '0.01'],
    ...(name === 'callback' ? callback : []),
    ...(failureQueue ? ['--failure-queue', `path=${folder}/failed`] : []),
  ];
  const child = spawn(process.execPath, [STOMPCTL, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await once(child, 'close');
  await broker.kill();
  for (const queue of ['in', 'failed']) rmSync(join(folder, queue), { recursive: true, force: true });
  const seconds = Number(/in ([\d.]+) seconds/.exec(printed)?.[1]);
  if (!(seconds > 0)) throw new Error(`stompctl ${args.join(' ')}: ${printed}`);
  return healthy / seconds;
}

async function compare(name: string, kind: Kind, failureQueue: boolean): Promise<void> {
  const speeds = { healthy: [] as number[], poisoned: [] as number[] };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = { healthy: 0, poisoned: 0 };
    // now the one first, now the other
    for (const which of round % 2 === 0 ? (['healthy', 'poisoned'] as const) : (['poisoned', 'healthy'] as const)) {
      pair[which] = await run(name, kind, failureQueue, which === 'poisoned');
      speeds[which].push(pair[which]);
    }
    ratios.push(pair.poisoned / pair.healthy);
  }
  const speed = (values: readonly number[]) => `${middle(values).toFixed(0).padStart(6)} msg/s`;
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  process.stdout.write(
    `${name.padEnd(9)} ${failureQueue ? 'with a failure queue   ' : 'without a failure queue'}  healthy ${speed(speeds.healthy)}` +
      `  1 poison in ${EVERY} ${speed(speeds.poisoned)}  ratio ${middle(ratios).toFixed(2)} (${spread})\n`,
  );
}

try {
  const wanted = process.argv.slice(4);
  for (const [name, kind] of Object.entries(KINDS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const failureQueue of [true, false]) await compare(name, kind, failureQueue);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
