import { errnoOf } from '../base/errors.js';
import type { FileSystem } from './file-system.js';
import { hostName, isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** When a lock was taken. */
export interface LockInfo {
  /** the time that its holder set, which the journal knows */
  readonly modifiedMs: number;
  /** the time that the kernel noted */
  readonly changedMs: number;
  /** false: nobody has set its time since it was made; undefined: this type of queue cannot tell */
  readonly timed?: boolean;
}

/** How what a dead process left is found and undone, by type of queue. */
export interface Leftovers {
  /** undefined: not locked */
  lockInfo(name: string): LockInfo | undefined;
  unlock(name: string): boolean;
  /** Removes a temporary file or folder, when there. */
  discard(temporary: string): void;
  /** Carries on with the removal of an element that was begun. */
  finishRemoval(name: string): void;
}

export interface Recovery {
  /** journals of dead processes */
  journals: number;
  /** locks that were removed: their elements can be taken again */
  locks: number;
}

/** stompctl.HOST.PID[.NUMBER].locks[.claimed.PID.STARTED] */
const JOURNAL = /^stompctl\.([A-Za-z0-9_-]+)\.(\d+)(?:\.\d+)?\.locks(?:\.new)?(?:\.claimed\.(\d+)\.(\d+|-))?$/;
/** what a journal may name: nothing outside the queue, whoever wrote it */
const NAME = /^(?:temporary|[0-9a-f]{8})\/[0-9a-f]{14}(?:\.tmp)?$/;
/** the sign of life of a process that cannot be seen: it touches its journal at least every 60 s */
const SILENT_MS = 120_000;
/** the kernel stamps files with a clock that ticks every 1 to 10 ms */
const CLOCK_TICK_MS = 20;
/** a lock without its time that is older than this has been left so */
const SETTLED_MS = 100;
/** times pass through floating point on their way to the disk and back */
const SAME_TIME_MS = 0.003;

/**
 * Gives back what processes of this machine that are gone had locked, as their journals say, and removes their temporary
 * files and journals. Another machine's journals are left alone. Throws the system's error.
 */
export function recoverJournals(queue: string, files: FileSystem, leftovers: Leftovers): Recovery {
  const recovery: Recovery = { journals: 0, locks: 0 };
  const host = hostName();
  for (const name of files.readdirSync(queue)) {
    const match = JOURNAL.exec(name);
    if (match === null || match[1] !== host) continue;
    const claimer = match[3] === undefined ? undefined : { pid: Number(match[3]), started: match[4] ?? '-' };
    const claimed = claim(queue, name, Number(match[2]), claimer, files);
    if (claimed === undefined) continue;
    recovery.journals += 1;
    const living = new LivingHolders(queue, host, files);
    recovery.locks += undo(files.readFileSync(claimed, 'latin1'), leftovers, living);
    unlinkIfThere(files, claimed);
  }
  return recovery;
}

/** Renames a dead process's journal so that one process alone works on it. Undefined: it is not for us. */
function claim(
  queue: string,
  name: string,
  pid: number,
  claimer: { pid: number; started: string } | undefined,
  files: FileSystem,
): string | undefined {
  const path = `${queue}/${name}`;
  const own = ownIdentity();
  try {
    if (claimer !== undefined ? isAlive(claimer.pid, claimer.started) : !isDead(path, pid, own, files))
      return undefined;
    const claimed = `${queue}/${name.replace(/\.claimed\..*/, '')}.claimed.${process.pid}.${own.started}`;
    files.renameSync(path, claimed);
    return claimed;
  } catch (error) {
    // RACE: another process claimed it, or its owner dropped it
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isDead(path: string, pid: number, own: ProcessIdentity, files: FileSystem): boolean {
  const text = files.readFileSync(path, 'latin1');
  const [boot, started, namespace] = text.slice(0, Math.max(0, text.indexOf('\n'))).split(' ');
  // RACE: a journal is empty for an instant after it was made
  if (boot === undefined || started === undefined || namespace === undefined) return !isAlive(pid, '-');
  if (boot !== own.boot) return true;
  if (namespace !== own.namespace) return Date.now() - files.statSync(path).mtimeMs > SILENT_MS;
  return !isAlive(pid, started);
}

/** the names of a journal with every time at which their locks may have been set, in ms */
function readJournal(text: string): { times: Map<string, number[]>; last: string[]; lastMs: number } {
  const times = new Map<string, number[]>();
  let last: string[] = [];
  let lastMs = 0;
  const lines = text.split('\n');
  // after the last LF stands nothing, or half a line of an append that was cut off: its locks were not taken
  lines.pop();
  for (const line of lines.slice(1)) {
    if (line.startsWith('@')) {
      lastMs = Number(line.slice(1)) * 1000;
      last = [];
      continue;
    }
    if (!NAME.test(line)) continue;
    last.push(line);
    const known = times.get(line);
    if (known === undefined) times.set(line, [lastMs]);
    else known.push(lastMs);
  }
  return { times, last, lastMs };
}

/** What the journals of processes that live say, our own included; read when first asked. */
class LivingHolders {
  readonly #queue: string;
  readonly #host: string;
  readonly #files: FileSystem;
  #journals: Map<string, number[]>[] | undefined;

  constructor(queue: string, host: string, files: FileSystem) {
    this.#queue = queue;
    this.#host = host;
    this.#files = files;
  }

  /** Is this the lock of a process that lives? It has written down the time that it set. */
  hold(name: string, lock: LockInfo): boolean {
    this.#journals ??= this.#read();
    return this.#journals.some((times) => hasTime(times.get(name), lock));
  }

  #read(): Map<string, number[]>[] {
    const own = ownIdentity();
    return this.#files.readdirSync(this.#queue).flatMap((journal) => {
      const match = JOURNAL.exec(journal);
      if (match === null || match[1] !== this.#host || match[3] !== undefined) return [];
      const path = `${this.#queue}/${journal}`;
      try {
        if (isDead(path, Number(match[2]), own, this.#files)) return [];
        return [readJournal(this.#files.readFileSync(path, 'latin1')).times];
      } catch (error) {
        // RACE: its owner dropped it: then it holds nothing
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      }
    });
  }
}

function hasTime(times: readonly number[] | undefined, { modifiedMs }: LockInfo): boolean {
  return times?.some((time) => Math.abs(time - modifiedMs) < SAME_TIME_MS) ?? false;
}

function undo(text: string, leftovers: Leftovers, living: LivingHolders): number {
  const { times, last, lastMs } = readJournal(text);
  let locks = 0;
  const others = new Map<string, LockInfo>();
  for (const [name, known] of times) {
    if (name.endsWith('.tmp') || name.startsWith('temporary/')) {
      leftovers.discard(name);
      continue;
    }
    const lock = leftovers.lockInfo(name);
    if (lock === undefined) {
      leftovers.finishRemoval(name);
      continue;
    }
    // a lock with a time that is not in the journal is another process's, which took the element later
    if (!hasTime(known, lock)) others.set(name, lock);
    else if (leftovers.unlock(name)) locks += 1;
  }
  const name = halfTaken(last, lastMs, others);
  const lock = name === undefined ? undefined : others.get(name);
  if (name === undefined || lock === undefined || living.hold(name, lock)) return locks;
  // RACE: a process that lives may be between the same two system calls: it is given time for the second
  const youngMs = lock.changedMs + SETTLED_MS - Date.now();
  if (youngMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(youngMs, SETTLED_MS));
  const now = leftovers.lockInfo(name);
  if (now === undefined || now.changedMs !== lock.changedMs || now.modifiedMs !== lock.modifiedMs) return locks;
  return leftovers.unlock(name) ? locks + 1 : locks;
}

/**
 * The lock, one at most, that the process made and was killed before it could set its time: the kernel noted when it was
 * made, and that is after the batch was written down. In a DQN nobody has set its time since; in a DQS the element has a
 * time of its own, older than the batch or hardly younger. A lock that another process took at that very moment may look
 * the same, but for its time: when in doubt, it stays.
 */
function halfTaken(
  last: readonly string[],
  batchMs: number,
  others: ReadonlyMap<string, LockInfo>,
): string | undefined {
  const suspects = last.filter((name) => {
    const lock = others.get(name);
    if (lock === undefined || lock.changedMs <= batchMs - CLOCK_TICK_MS) return false;
    return lock.timed === undefined ? lock.modifiedMs < batchMs + CLOCK_TICK_MS : !lock.timed;
  });
  if (suspects.length === 1) return suspects[0];
  const older = suspects.filter((name) => (others.get(name)?.modifiedMs ?? batchMs) < batchMs - CLOCK_TICK_MS);
  return older.length === 1 ? older[0] : undefined;
}

function unlinkIfThere(files: FileSystem, path: string): void {
  try {
    files.unlinkSync(path);
  } catch (error) {
    // RACE: someone cleaned up by hand
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
