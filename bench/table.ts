/**
 * The table of docs/performance.md: paths × sizes × modes × brokers, beside whoever does the same, each figure a ratio in
 * one run. In pieces: --paths queue-queue,processes,queue-broker,broker-queue,consumers,broker-broker,callbacks
 * --sizes 100,1000,65536,1048576 --modes synced,unsynced,unreliable --brokers rabbitmq,activemq,in-process
 * --rounds 3 --messages 20000 (of 1 kB; fewer of larger ones) --place FOLDER (default: /var/tmp, a disk; the case names it)
 * --long: 60,000 messages, in which a start counts for little, and only ours, stompclt and the floors; cases of their own
 * STOMPCLT='command of stompclt 1.8' puts it beside ours, where Perl has JSON::XS. What was measured is kept in bench/results/table.json.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchBroker, type OpenBroker, openBenchBroker } from './measure/bench-brokers.js';
import * as cases from './measure/cases.js';
import { type Figures, median } from './measure/command-run.js';
import { keepResult, type Result } from './measure/results-page.js';

const ROOT = join(import.meta.dirname, '../..');
const QUEUE_PATHS = { 'queue-queue': cases.queueToQueue, processes: cases.processes } as const;
const BROKER_PATHS = {
  'queue-broker': cases.queueToBroker,
  'broker-queue': cases.brokerToQueue,
  consumers: cases.consumers,
  'broker-broker': cases.brokerToBroker,
  callbacks: cases.callbacks,
} as const;
const BROKERS: readonly BenchBroker[] = ['rabbitmq', 'activemq', 'in-process'];
const MODES = Object.keys(cases.MODES) as cases.Mode[];
const LONG = 60_000;
const SHORT = 20_000;
/** in a long run */
const FEW = new Set(['stompctl', 'stompclt', 'system calls, linked', 'socket and system calls']);
/** a larger message counts as so many of 1 kB */
const WHOLE_BYTES = 1000;
const FEWEST = 100;

const { values } = parseArgs({
  options: {
    paths: { type: 'string', default: [...Object.keys(QUEUE_PATHS), ...Object.keys(BROKER_PATHS)].join() },
    sizes: { type: 'string', default: '100,1000,65536,1048576' },
    modes: { type: 'string', default: MODES.join() },
    brokers: { type: 'string', default: BROKERS.join() },
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string' },
    long: { type: 'boolean', default: false },
    place: { type: 'string', default: '/var/tmp' },
  },
});

/** Those of a list, checked. */
function chosen<T extends string>(given: string, known: readonly T[]): T[] {
  return given.split(',').map((name) => {
    const one = known.find((candidate) => candidate === name);
    if (one === undefined) throw new Error(`table: "${name}" is none of ${known.join(', ')}`);
    return one;
  });
}

function settingOf(bytes: number, mode: cases.Mode): cases.Setting {
  const most = Number(values.messages ?? (values.long ? LONG : SHORT));
  const messages = Math.max(
    FEWEST,
    Math.floor(bytes <= WHOLE_BYTES ? most : most / Math.sqrt(bytes / WHOLE_BYTES) / 4),
  );
  return { mode, bytes, messages, place: values.place, stompclt: process.env.STOMPCLT?.split(' ') };
}

/** Everybody in turn, in alternating order. */
async function measure(name: string, { messages }: cases.Setting, all: readonly cases.Runner[]): Promise<Result> {
  const runners = all.filter((runner) => !values.long || FEW.has(runner.name));
  const figures = new Map<cases.Runner, Figures[]>(runners.map((runner) => [runner, []]));
  const before = loadavg()[0] ?? 0;
  const rounds = Number(values.rounds);
  for (let round = 0; round < rounds; round += 1) {
    for (const runner of round % 2 === 0 ? runners : [...runners].reverse()) {
      figures.get(runner)?.push(await runner.run());
    }
  }
  const commit = execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
  const runs = runners.map((runner) => ({ runner: runner.name, ...median(figures.get(runner) ?? []) }));
  const load = [before, loadavg()[0] ?? 0] as const;
  return { name, messages, rounds, commit, date: new Date().toISOString(), machine, load, runs };
}

/** Writes what is known after each case: a run that is ended keeps what it has. */
function keep(result: Result): void {
  keepResult(result);
  for (const { runner, perSecond, cpuMicrosPerMessage } of result.runs) {
    const [rate, cpu] = [perSecond.toFixed(0).padStart(8), cpuMicrosPerMessage.toFixed(0).padStart(6)];
    process.stdout.write(`${result.name.padEnd(50)} ${runner.padEnd(14)} ${rate}/s ${cpu} µs CPU\n`);
  }
}

/** Every size and mode of some paths, with names that say all of it. A case that fails is told, and the others are measured. */
async function each<P extends string>(
  paths: readonly P[],
  where: string,
  run: (path: P, of: cases.Setting, use: (runners: readonly cases.Runner[]) => Promise<void>) => Promise<void>,
) {
  const modes = chosen(values.modes, MODES);
  for (const path of paths) {
    for (const size of values.sizes.split(',').map(Number)) {
      for (const mode of modes) {
        const setting = settingOf(size, mode);
        const name = `${path}, ${where}${size} B, ${mode}, ${values.place}${values.long ? ', long' : ''}`;
        try {
          await run(path, setting, async (runners) => keep(await measure(name, setting, runners)));
        } catch (error) {
          process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
          process.exitCode = 1;
        }
      }
    }
  }
}

/** Of its own for each case: what one leaves there, the next does not find. */
async function withBroker(kind: BenchBroker, run: (broker: OpenBroker) => Promise<void>): Promise<void> {
  const broker = await openBenchBroker(kind);
  try {
    await run(broker);
  } finally {
    await broker.stop();
  }
}

/** Without its XS library, which Debian recommends and does not require, JSON takes stompclt twenty times as long, and says nothing. */
function mustHaveFastJson(): void {
  try {
    execFileSync('perl', ['-MJSON::XS', '-e1'], { stdio: 'ignore' });
  } catch {
    throw new Error('table: stompclt is not to be measured without JSON::XS: apt-get install libjson-xs-perl');
  }
}

if (process.env.STOMPCLT !== undefined) mustHaveFastJson();
const names = [...(Object.keys(QUEUE_PATHS) as (keyof typeof QUEUE_PATHS)[])];
const brokerNames = [...(Object.keys(BROKER_PATHS) as (keyof typeof BROKER_PATHS)[])];
const wanted = chosen(values.paths, [...names, ...brokerNames]);
await each(
  names.filter((name) => wanted.includes(name)),
  '',
  (path, setting, use) => use(QUEUE_PATHS[path](setting)),
);
const brokerPaths = brokerNames.filter((name) => wanted.includes(name));
for (const kind of brokerPaths.length > 0 ? chosen(values.brokers, BROKERS) : []) {
  await each(brokerPaths, `${kind}, `, (path, setting, use) =>
    withBroker(kind, (broker) => use(BROKER_PATHS[path](setting, broker))),
  );
}
