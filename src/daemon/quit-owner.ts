import { type Clock, systemClock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { mayBeOwner } from '../base/liveness.js';
import { wait } from '../base/wait.js';
import { type PidfileContent, readPidfile, requestQuit } from './pidfile-content.js';
import { programOf } from './process-program.js';
import { readStatus, statusPath } from './status-file.js';
import { unlinkIfThere } from './takeover.js';

export interface QuitOptions {
  /** `timeout-linger` of the command that asks, in milliseconds */
  readonly lingerMs: number;
  /** `timeout-flush`, in milliseconds */
  readonly flushMs: number;
  /** called with each line for the user, without the program's name */
  readonly say: (text: string) => void;
  readonly clock?: Clock;
  /** sends a signal; a test may watch it */
  readonly kill?: (pid: number, signal: 'SIGTERM' | 'SIGKILL') => void;
}

/** What an owner may take beyond linger and flush: to notice the request, disconnect and exit. */
const MARGIN_MS = 10_000;
const LOOK_MS = 100;
/** After TERM, before KILL. */
const TERM_MS = 5000;
/** After KILL: a process in an uninterruptible system call outlives even that for a while. */
const KILL_MS = 5000;

/**
 * Stops the owner of a pidfile: asks through the file, waits linger + flush + 10 s, then TERM, then KILL, and removes
 * the file if it is still that owner's. Resolves when nothing runs any more, also when nothing ran. A process that is no
 * stompctl of the file's owner is never signalled: the file counts as left behind. One that is the pidfile of a transfer in a process
 * with others has ended when the file goes; that process is never signalled either. PIDFILE_INVALID when
 * the file is not a pidfile or stays empty; QUIT_FAILED when the process cannot be signalled, outlives KILL, or may be no
 * stompctl, for all this system tells.
 */
export async function quitOwner(path: string, options: QuitOptions): Promise<void> {
  const { say, clock = systemClock } = options;
  const found = await readFilled(path, clock);
  if (found === undefined) {
    say('does not seem to be running (no pid file)');
    return;
  }
  // a pid that was given again to another program must not be signalled
  const runs = () => mayBeOwner(found.pid, found.touchedMs) && programOf(found.pid, found.uid) !== 'other';
  const transfer = transferOf(path, found.pid);
  const lives = transfer === undefined ? runs : () => holds(path, found.pid) && runs();
  // said in any case, as stompclt does, for the scripts that look for it
  say(`(pid ${found.pid}) is being told to quit...`);
  if (lives()) requestQuit(path);
  if (await gone(lives, options.lingerMs + options.flushMs + MARGIN_MS, clock)) {
    say('does not seem to be running anymore');
  } else if (transfer !== undefined) {
    const reason = `the transfer ${transfer} does not end; process ${found.pid} runs others too and is not signalled: end it by its own pidfile`;
    throw new StompctlError('QUIT_FAILED', 'quit', path, reason);
  } else {
    say(`(pid ${found.pid}) is still running, killing it now...`);
    await kill(found, path, options, lives, clock);
    say(`(pid ${found.pid}) has been successfully killed`);
  }
  removeStale(path, found.pid, say);
}

type Owned = Extract<PidfileContent, { kind: 'owned' }>;

/** The content of a pidfile; an empty one is read again for a second, since it may be being written. */
async function readFilled(path: string, clock: Clock): Promise<Owned | undefined> {
  const deadline = clock.monotonicMs() + 1000;
  while (true) {
    const found = readPidfile(path);
    if (found === undefined || found.kind === 'owned') return found;
    if (clock.monotonicMs() >= deadline) break;
    await wait(clock, LOOK_MS);
  }
  const reason = 'it stays empty, so there is no process to ask; remove it if nothing runs';
  throw new StompctlError('PIDFILE_INVALID', 'quit', path, reason);
}

async function kill({ pid, uid }: Owned, path: string, options: QuitOptions, lives: () => boolean, clock: Clock) {
  const send = options.kill ?? ((to, signal) => process.kill(to, signal));
  for (const [signal, waitMs] of [['SIGTERM', TERM_MS] as const, ['SIGKILL', KILL_MS] as const]) {
    if (!lives()) return;
    if (programOf(pid, uid) !== 'ours') {
      const reason = `process ${pid} does not end, and this system does not tell whether it is a stompctl: end it by hand`;
      throw new StompctlError('QUIT_FAILED', 'quit', path, reason);
    }
    try {
      send(pid, signal);
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') return;
      throw new StompctlError(
        'QUIT_FAILED',
        'quit',
        path,
        `cannot send ${signal} to ${pid}: ${reasonOf(error)}`,
        error,
      );
    }
    if (await gone(lives, waitMs, clock)) return;
  }
  throw new StompctlError('QUIT_FAILED', 'quit', path, `process ${pid} outlives SIGKILL; is its disk stuck?`);
}

async function gone(lives: () => boolean, waitMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonicMs() + waitMs;
  while (lives()) {
    if (clock.monotonicMs() >= deadline) return false;
    await wait(clock, LOOK_MS);
  }
  return true;
}

/** The transfer that this pidfile is of, when its process runs others too. */
function transferOf(path: string, pid: number): string | undefined {
  try {
    const record = readStatus(statusPath(path));
    return record?.pid === pid && typeof record.transfer === 'string' ? record.transfer : undefined;
  } catch {
    // what cannot be read says nothing
    return undefined;
  }
}

function holds(path: string, pid: number): boolean {
  const content = readPidfile(path);
  return content?.kind === 'owned' && content.pid === pid;
}

/** Removes the pidfile if it still holds `pid`. */
function removeStale(path: string, pid: number, say: (text: string) => void): void {
  // RACE: a new owner may take the dead one's file over between this look and the removal; it finds its pidfile gone
  // within a second and stops, with the message that says so. Only a start at the very moment of a quit can meet this.
  if (!holds(path, pid)) return;
  say(`removing stale pid file: ${path}`);
  unlinkIfThere(path);
}
