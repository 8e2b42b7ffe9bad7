/**
 * What a sender costs that has nothing to do, in front of the in-process broker, with no callback and with the Perl callback of the
 * reference sender: a run over an empty queue (`loop = false`), from start to end; then one that waits at an empty queue, CPU and
 * memory. STOMPCLT='command of stompclt 1.8' puts it beside ours. In turns, medians.
 * Run: npm run bench -- standing [seconds that it waits, default 10] [rounds, default 3]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InProcessBroker } from '../src/broker/in-process-broker.js';
import { middle, OURS, usageOf } from './measure/command-run.js';

const [waitSeconds = 10, rounds = 3] = process.argv.slice(2).map(Number);
const PERL = ['--callback-code', '$hdr{persistent} = "true";'];
/** what one needs to be open, and at rest */
const SETTLE_MS = 3000;

interface Standing {
  readonly wholeRunMs: number;
  readonly cpuMsPerMinute: number;
  readonly residentMb: number;
}

async function wholeRun([file = '', ...args]: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const [code] = await once(spawn(file, args, { stdio: 'ignore' }), 'close');
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit ${code}`);
  return performance.now() - startedMs;
}

async function waiting([file = '', ...args]: readonly string[]): Promise<Omit<Standing, 'wholeRunMs'>> {
  const child = spawn(file, [...args, '--loop'], { stdio: 'ignore' });
  const closed = once(child, 'close');
  const { pid = 0 } = child;
  try {
    await pause(SETTLE_MS);
    const before = usageOf(pid);
    await pause(waitSeconds * 1000);
    const { cpuMicros, residentMb } = usageOf(pid);
    return { cpuMsPerMinute: ((cpuMicros - before.cpuMicros) * 60) / 1000 / waitSeconds, residentMb };
  } finally {
    child.kill();
    await closed;
  }
}

async function measure(command: readonly string[]): Promise<Standing> {
  const folder = mkdtempSync(join(tmpdir(), 'stompctl-bench-'));
  const queue = join(folder, 'in');
  mkdirSync(queue);
  const broker = await InProcessBroker.start({});
  const ends = ['--incoming-queue', `path=${queue}`, '--remove', '--outgoing-broker-uri', broker.uri];
  try {
    const wholeRunMs = await wholeRun([...command, ...ends]);
    return { wholeRunMs, ...(await waiting([...command, ...ends])) };
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
}

const stompclt = process.env.STOMPCLT?.split(' ');
const commands: readonly (readonly [string, readonly string[]])[] = [
  ['stompctl', OURS],
  ['stompctl, Perl', [...OURS, ...PERL]],
  ...(stompclt === undefined
    ? []
    : ([
        ['stompclt', stompclt],
        ['stompclt, Perl', [...stompclt, ...PERL]],
      ] as const)),
];
const all = new Map<string, Standing[]>(commands.map(([name]) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, command] of round % 2 === 0 ? commands : commands.toReversed())
    all.get(name)?.push(await measure(command));
}
process.stdout.write(`load ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds\n`);
for (const [name, figures] of all) {
  const of = (value: (each: Standing) => number): string => middle(figures.map(value)).toFixed(0).padStart(5);
  process.stdout.write(
    `${name.padEnd(16)} a run over nothing ${of(({ wholeRunMs }) => wholeRunMs)} ms   waiting ${of(({ cpuMsPerMinute }) => cpuMsPerMinute)} ms of CPU a minute   ${of(({ residentMb }) => residentMb)} MB\n`,
  );
}
