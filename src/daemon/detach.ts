import { type ChildProcess, spawn } from 'node:child_process';
import { type Clock, systemClock } from '../base/clock.js';
import { reasonOf, StompctlError, unreachable } from '../base/errors.js';
import { Bell, wait, withDeadline } from '../base/wait.js';
import type { Signals } from './signals.js';

/** Tells the child that it is the one: its command line is the parent's, `--daemon` included. */
const CHILD_MARK = 'STOMPCTL_DAEMON_CHILD';
const STARTED = 'stompctl-started';
/** For the child to read its configuration and take its pidfile. */
const START_MS = 60_000;
/** For a child that is told to stop before it runs. */
const STOP_MS = 5000;

export interface DaemonizeOptions {
  /** the script and its arguments: `process.argv.slice(1)` */
  readonly argv: readonly string[];
  readonly out: { write(text: string): unknown };
  /** where what the child writes to standard error goes until it runs */
  readonly err: { write(text: string | Uint8Array): unknown };
  /** a stop signal of the parent is passed on to the child */
  readonly signals: Pick<Signals, 'onStop'>;
  readonly clock?: Clock;
}

/**
 * `--daemon`, in the parent: starts the same command line again in a session of its own, without terminal, and waits
 * until it calls `reportStarted`. Resolves to the exit code for the parent: 0 after printing `stompctl (pid N) started`;
 * the child's own code when it ends before, its error text then being on `err` already. DAEMON_FAILED when the child
 * cannot be started, is killed, or does not run within a minute. The child keeps the working folder, so that relative
 * paths mean the same.
 */
export async function daemonize(options: DaemonizeOptions): Promise<number> {
  const { argv, out, err, signals, clock = systemClock } = options;
  const child = spawn(process.execPath, [...process.execArgv, ...argv], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [CHILD_MARK]: '1' },
  });
  child.stderr?.on('data', (chunk: Buffer) => err.write(chunk));
  signals.onStop((signal) => child.kill(signal));
  const end = await firstOf(child, clock);
  switch (end.kind) {
    case 'started':
      out.write(`stompctl (pid ${child.pid}) started\n`);
      letGo(child);
      return 0;
    case 'exit':
      return end.code ?? failWith(child, `it was killed by ${end.signal}`);
    case 'error':
      return failWith(child, reasonOf(end.error), end.error);
    case 'late':
      await stopLate(child, clock);
      return failWith(child, `it did not run within ${START_MS / 1000} s and was stopped; see syslog`);
    default:
      return unreachable(end);
  }
}

let daemonChild = false;

/** Is this process the child of `daemonize`? Answered once for all: the mark is not handed on to further children. */
export function isDaemonChild(): boolean {
  if (process.env[CHILD_MARK] === '1' && process.send !== undefined) {
    delete process.env[CHILD_MARK];
    daemonChild = true;
    // the parent goes away once we run: from then on nobody reads what is written to standard error
    process.stderr.on('error', () => undefined);
  }
  return daemonChild;
}

/** In the child: says to the parent that it may exit 0. Nothing happens in any other process, or when the parent is gone. */
export function reportStarted(): void {
  if (!isDaemonChild() || !process.connected) return;
  process.send?.(STARTED, undefined, undefined, () => {
    // an error here means that the parent died meanwhile: the daemon runs all the same
    if (process.connected) process.disconnect();
  });
}

type StartEnd =
  | { readonly kind: 'started' }
  | { readonly kind: 'exit'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'error'; readonly error: Error }
  | { readonly kind: 'late' };

function firstOf(started: ChildProcess, clock: Clock): Promise<StartEnd> {
  const first = new Promise<StartEnd>((resolve) => {
    started.on('message', (message) => {
      if (message === STARTED) resolve({ kind: 'started' });
    });
    started.once('error', (error) => resolve({ kind: 'error', error }));
    // `close`, not `exit`: by then everything that it wrote to standard error has been passed on
    started.once('close', (code, signal) => resolve({ kind: 'exit', code, signal }));
  });
  return withDeadline(clock, START_MS, first, () => ({ kind: 'late' }));
}

/** Lets the parent end while the child goes on. */
function letGo(started: ChildProcess): void {
  started.removeAllListeners();
  if (started.connected) started.disconnect();
  started.stderr?.destroy();
  started.unref();
}

async function stopLate(late: ChildProcess, clock: Clock): Promise<void> {
  const ended = new Bell();
  late.once('exit', () => ended.ring());
  late.kill('SIGTERM');
  await wait(clock, STOP_MS, { bell: ended });
  if (late.exitCode === null && late.signalCode === null) late.kill('SIGKILL');
  letGo(late);
}

function failWith(failed: ChildProcess, reason: string, cause?: unknown): never {
  throw new StompctlError('DAEMON_FAILED', 'daemon', `pid ${failed.pid ?? 'none'}`, reason, cause);
}
