import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STOMPCTL } from '../../test/support/stompctl-process.js';

/** What one run gave. */
export interface Figures {
  readonly perSecond: number;
  /** of its processes, user and system time, their start included */
  readonly cpuMicrosPerMessage: number;
  /** largest resident set, MB; undefined: it ran in this process */
  readonly peakMb?: number;
  /** pauses of garbage collection, of all threads, when it ran with `--trace-gc` */
  readonly gcMs?: number;
}

interface Usage {
  cpuMicros: number;
  peakMb: number;
}

interface Run extends Usage {
  readonly messages: number;
  readonly seconds: number;
  readonly gcMs: number;
}

/** of a run that takes half a minute at most */
const GIVE_UP_MS = 120_000;

/** The command that is built here. */
export const OURS: readonly string[] = [process.execPath, STOMPCTL];

/**
 * Puts elements of `bodyBytes` into a queue, 2,000 a folder, as no producer is measured. They are synced: or who syncs next would wait for
 * all of them, and who never syncs would not.
 */
export function fill(path: string, messages: number, bodyBytes: number): void {
  const body = 'x'.repeat(bodyBytes);
  for (let number = 0; number < messages; number += 1) {
    const folder = join(path, (0x5f000000 + Math.floor(number / 2000)).toString(16));
    if (number % 2000 === 0) mkdirSync(folder, { recursive: true });
    const name = `5f000000${number.toString(16).padStart(5, '0')}0`;
    const header = { destination: '/queue/bench', 'x-n': `${number}` };
    writeFileSync(join(folder, name), JSON.stringify({ header, body, text: true }));
  }
  if (messages > 0) execFileSync('sync', ['--file-system', path]);
}

/** How many elements there are in a queue. */
export function elementsIn(path: string): number {
  const all = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /^[0-9a-f]{8}\/[0-9a-f]{14}$/.test(name)).length;
}

/**
 * Runs a command that prints statistics as stompclt does, or a log as ours, in so many processes at once, to its end. The rate is that of all
 * of them, with their start left out; CPU and memory are read from /proc while they live, and are all of it. Rejects when one
 * fails, or all together have not moved `messages`.
 */
export async function runCommand(command: readonly string[], messages: number, processes = 1): Promise<Figures> {
  const runs = await Promise.all(Array.from({ length: processes }, () => runOne(command)));
  const moved = runs.reduce((sum, run) => sum + run.messages, 0);
  if (moved !== messages) throw new Error(`${command.join(' ')}: moved ${moved} of ${messages}`);
  return {
    perSecond: messages / Math.max(...runs.map(({ seconds }) => seconds)),
    cpuMicrosPerMessage: runs.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / messages,
    peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)),
    gcMs: runs.reduce((sum, { gcMs }) => sum + gcMs, 0),
  };
}

async function runOne([file = '', ...args]: readonly string[]): Promise<Run> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: GIVE_UP_MS });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  const usage = { cpuMicros: 0, peakMb: 0 };
  const sample = setInterval(() => readUsage(child.pid ?? 0, usage), 20);
  const [code] = await once(child, 'close');
  clearInterval(sample);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit ${code}: ${printed}`);
  return { ...usage, ...movedBy(file, printed), gcMs: pausedMs(printed) };
}

/** `[1:0x5]    31 ms: Scavenge 4.5 (5.1) -> 4.1 (6.1) MB, 0.6 / 0.0 ms  (average mu = 1.000, …` */
function pausedMs(printed: string): number {
  const pauses = printed.matchAll(/^\[\d+:0x[0-9a-f]+\] .* MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms/gm);
  return [...pauses].reduce((sum, [, ms]) => sum + Number(ms), 0);
}

function movedBy(file: string, printed: string): { messages: number; seconds: number } {
  const ended = printed.split('\n').find((line) => line.includes('"event":"end"'));
  if (ended !== undefined) {
    const { sent, elapsedSeconds } = JSON.parse(ended) as { sent: number; elapsedSeconds: number };
    return { messages: sent, seconds: elapsedSeconds };
  }
  const [, messages = '0', seconds = '0'] = /processed (\d+) messages in ([\d.]+) seconds/.exec(printed) ?? [];
  if (messages === '0' && !printed.includes('processed no messages')) throw new Error(`${file}: ${printed}`);
  return { messages: Number(messages), seconds: Number(seconds) };
}

function readUsage(pid: number, usage: Usage): void {
  try {
    const { cpuMicros, peakMb } = usageOf(pid);
    // of one that has ended and was not waited for yet, the memory is gone
    Object.assign(usage, { cpuMicros, peakMb: Math.max(usage.peakMb, peakMb) });
  } catch {
    // it has just ended: what was read last counts
  }
}

/** What a process that lives has used: CPU, user and system time; resident memory, now and at most. Throws the system's error. */
export function usageOf(pid: number): Usage & { readonly residentMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mbOf = (what: RegExp): number => Number(what.exec(status)?.[1] ?? 0) / 1000;
  // utime and stime, in clock ticks of 10 ms
  const cpuMicros = (Number(fields[11]) + Number(fields[12])) * 10_000;
  return { cpuMicros, peakMb: mbOf(/VmHWM:\s+(\d+) kB/), residentMb: mbOf(/VmRSS:\s+(\d+) kB/) };
}

/** The middle one, each figure by itself. */
export function median(runs: readonly Figures[]): Figures {
  return {
    perSecond: middle(runs.map(({ perSecond }) => perSecond)),
    cpuMicrosPerMessage: middle(runs.map(({ cpuMicrosPerMessage }) => cpuMicrosPerMessage)),
    peakMb: middle(runs.map(({ peakMb = 0 }) => peakMb)),
    gcMs: middle(runs.map(({ gcMs = 0 }) => gcMs)),
  };
}

/** The middle one of some figures; of an even number, between the two. */
export function middle(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}
