import { closeSync, fsyncSync, linkSync, lutimesSync, openSync, writeSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { mayBeOwner } from '../base/liveness.js';
import { removeLeftTemporaries, temporaryOf } from '../base/replace-file.js';
import { wait } from '../base/wait.js';
import { readPidfile } from './pidfile-content.js';
import { isForeign } from './process-program.js';
import { moveAside, unlinkIfThere } from './takeover.js';

export interface AcquireOptions {
  readonly clock: Clock;
  /** told when the file of a dead process was taken over; `pid` is undefined when that file was empty */
  readonly onTakenOver?: (pid: number | undefined) => void;
}

export interface WatchHandlers {
  /** somebody asked the process to stop: called once */
  onQuit(): void;
  /** the file is no longer ours: called once, with PIDFILE_LOST; the watch has ended */
  onLost(error: StompctlError): void;
}

/** Between two looks of `watch`: the owner shows that it lives at least once a second. */
const WATCH_MS = 500;
/** An empty or unreadable file is another program's rewrite, or a passing fault of the disk, for this long. */
const UNSURE_MS = 10_000;
/** How long a starting process waits for an empty file to be filled before it counts as a left-over. */
const EMPTY_GRACE_MS = 2000;
const ACQUIRE_RETRY_MS = 20;
/** The longest `acquire` goes on while others come and go. */
const ACQUIRE_MS = 15_000;
const NEVER_FREE = 'other processes keep making and removing it';

/**
 * The pidfile of this process: `PID LF`, whose modification time is the sign of life. It appears complete, by a hard
 * link from a temporary file, and never over another one.
 */
export class Pidfile {
  readonly path: string;
  readonly #clock: Clock;
  #unsureSince: number | undefined;
  #released = false;

  private constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /**
   * Makes the pidfile; resolves when it is ours. A file of a dead process, or of one that is certainly no stompctl, is taken over.
   * ALREADY_RUNNING when the process in it lives, PIDFILE_INVALID when something else is at `path`, PIDFILE_CANNOT_CREATE when it cannot be made.
   */
  static async acquire(path: string, options: AcquireOptions): Promise<Pidfile> {
    const { clock, onTakenOver } = options;
    const temporary = writeTemporary(path);
    try {
      const deadline = clock.monotonicMs() + ACQUIRE_MS;
      let emptyUntil: number | undefined;
      let takenOver: { readonly pid: number | undefined } | undefined;
      while (!tryLink(temporary, path)) {
        const now = clock.monotonicMs();
        if (now > deadline) throw cannotCreate(path, new Error(NEVER_FREE));
        const found = readPidfile(path);
        if (found?.kind === 'owned' && mayBeOwner(found.pid, found.touchedMs) && !isForeign(found.pid)) {
          throw running(path, found.pid);
        }
        emptyUntil = found?.kind === 'empty' ? (emptyUntil ?? now + EMPTY_GRACE_MS) : undefined;
        if (found !== undefined && (emptyUntil === undefined || now >= emptyUntil)) {
          const result = moveAside(path, found);
          if (result === 'moved') takenOver = { pid: found.kind === 'owned' ? found.pid : undefined };
          if (result !== 'busy') continue;
        }
        await wait(clock, ACQUIRE_RETRY_MS);
      }
      if (takenOver !== undefined) onTakenOver?.(takenOver.pid);
      removeLeftTemporaries(path);
      return new Pidfile(path, clock);
    } catch (error) {
      throw error instanceof StompctlError ? error : cannotCreate(path, error);
    } finally {
      unlinkIfThere(temporary);
    }
  }

  /**
   * Looks at the file and touches it. `quit`: somebody asked us to stop. Throws PIDFILE_LOST when it is gone, holds
   * another pid, or could not be made sense of for ten seconds.
   */
  check(): 'run' | 'quit' {
    let doubt: unknown;
    try {
      const found = readPidfile(this.path);
      if (found === undefined) throw this.#lost('it is gone');
      if (found.kind === 'owned') {
        if (found.pid !== process.pid) throw this.#lost(`it now belongs to pid ${found.pid}`);
        this.#touch();
        this.#unsureSince = undefined;
        return found.quit ? 'quit' : 'run';
      }
      doubt = new Error('it is empty');
    } catch (error) {
      if (error instanceof StompctlError && error.code === 'PIDFILE_LOST') throw error;
      doubt = error;
    }
    const now = this.#clock.monotonicMs();
    this.#unsureSince ??= now;
    if (now - this.#unsureSince >= UNSURE_MS) throw this.#lost(reasonOf(doubt), doubt);
    return 'run';
  }

  /** Checks twice a second until the file is lost or the returned function is called. Does not keep the process alive. */
  watch(handlers: WatchHandlers): () => void {
    let timer: Timer | undefined;
    let told = false;
    const look = () => {
      let wish: 'run' | 'quit';
      try {
        wish = this.check();
      } catch (error) {
        if (!(error instanceof StompctlError)) throw error;
        handlers.onLost(error);
        return;
      }
      timer = this.#clock.after(WATCH_MS, look, false);
      if (wish === 'run' || told) return;
      told = true;
      handlers.onQuit();
    };
    timer = this.#clock.after(WATCH_MS, look, false);
    return () => timer?.cancel();
  }

  /**
   * Removes the file if it is still ours. Synchronous, so that an `exit` listener may call it. Returns what stood in the
   * way, if anything: the file then names a pid that will soon be dead, and the next start takes it over.
   */
  release(): unknown {
    if (this.#released) return undefined;
    this.#released = true;
    try {
      const found = readPidfile(this.path);
      // RACE: between the look and the removal only a process that takes us for dead could put its own file there, and
      // we are not dead.
      if (found?.kind === 'owned' && found.pid === process.pid) unlinkIfThere(this.path);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #touch(): void {
    const seconds = this.#clock.wallMs() / 1000;
    // RACE: replaced since the look: one touch of another process's file (of a link, not of what it leads to), and the next
    // look finds its pid.
    lutimesSync(this.path, seconds, seconds);
  }

  #lost(reason: string, cause?: unknown): StompctlError {
    const next = 'stopping, since another process may be running in our place';
    return new StompctlError('PIDFILE_LOST', 'pidfile', this.path, `${reason}; ${next}`, cause);
  }
}

/** Writes `PID LF` to `PATH.PID.tmp`, synced: after a power loss a pidfile is whole or not there. */
function writeTemporary(path: string): string {
  const temporary = temporaryOf(path);
  try {
    // left by a process that had our pid and was killed right here
    unlinkIfThere(temporary);
    const file = openSync(temporary, 'wx', 0o644);
    try {
      writeSync(file, `${process.pid}\n`);
      fsyncSync(file);
    } catch (error) {
      unlinkIfThere(temporary);
      throw error;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw cannotCreate(path, error);
  }
  return temporary;
}

function tryLink(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function running(path: string, pid: number): StompctlError {
  const reason = `stompctl is already running as pid ${pid}; stop it first (stompctl quit --pidfile ${path})`;
  return new StompctlError('ALREADY_RUNNING', 'pidfile', path, reason);
}

function cannotCreate(path: string, cause: unknown): StompctlError {
  const missing = errnoOf(cause) === 'ENOENT';
  const next = 'let the user that runs stompctl write into its folder, or name another one';
  const reason = missing
    ? 'its folder is not there: make it, for the user that runs stompctl'
    : `${reasonOf(cause)}; ${next}`;
  return new StompctlError('PIDFILE_CANNOT_CREATE', 'pidfile', path, reason, cause);
}
