import { errnoOf } from '../../base/errors.js';
import { type FileSystem, unless } from '../../base/file-system.js';
import { fateOf, isOurs, type OneJournalFile, readJournalFile } from './journal-file.js';
import { isOpenJournal } from './lock-journal.js';
import { isAlive, ownIdentity } from './process-identity.js';

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
/** the kernel stamps files with a clock that ticks every 1 to 10 ms */
const CLOCK_TICK_MS = 20;
/** a lock without its time that is older than this has been left so */
const SETTLED_MS = 100;
/** times pass through floating point on their way to the disk and back */
const SAME_TIME_MS = 0.003;
const DEFAULT_MAX_LOCK = 600;

/** As `fateOf`; what an end of this process that is closed could not give back is nobody's. */
function fateOfHolder(journal: OneJournalFile, maxLock: number): ReturnType<typeof fateOf> {
  return isOurs(journal) && !isOpenJournal(journal.key) ? 'dead' : fateOf(journal, maxLock);
}

/**
 * Gives back what processes that are gone, and ends of this one that are closed, had locked, as their journals say, and removes
 * their temporary files and journals. A journal that no longer says anything (another machine's, older than `maxLock` seconds)
 * is removed alone: its locks are as old, and the purge's. What cannot be read or renamed is not ours; one journal that cannot be worked on
 * keeps nobody from the others. Throws the system's error when the queue itself cannot be read.
 */
export function recoverJournals(
  queue: string,
  files: FileSystem,
  leftovers: Leftovers,
  { maxLock = DEFAULT_MAX_LOCK, failed = () => undefined }: RecoveryOptions = {},
): Recovery {
  const recovery: Recovery = { journals: 0, locks: 0 };
  for (const name of files.readdirSync(queue)) {
    const match = JOURNAL.exec(name);
    if (match === null) continue;
    try {
      recoverOne(queue, name, match, { files, leftovers, maxLock, failed, recovery });
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // RACE: another process claimed it, or its owner dropped it. Otherwise it is another user's, or no file at all
      if (!['ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO'].includes(errno)) failed(error);
    }
  }
  return recovery;
}

export interface RecoveryOptions {
  /** seconds; 0: journals of which nothing is known stay for ever */
  readonly maxLock?: number;
  /** told of a journal that could not be worked on, or not to its end: it stays, to be tried again */
  readonly failed?: (error: unknown) => void;
}

interface RecoveryContext extends Required<RecoveryOptions> {
  readonly files: FileSystem;
  readonly leftovers: Leftovers;
  readonly recovery: Recovery;
}

function recoverOne(queue: string, name: string, match: RegExpExecArray, context: RecoveryContext): void {
  const { files, leftovers, maxLock, recovery } = context;
  const path = `${queue}/${name}`;
  const journal = readJournalFile(path, match, files);
  if (journal === undefined) return;
  const fate = fateOfHolder(journal, maxLock);
  if (fate === 'alive') return;
  const own = ownIdentity();
  const [, , , claimer, claimerStarted = '-'] = match;
  const isOurClaim = Number(claimer) === process.pid && claimerStarted === own.started;
  // a claim of our own is one that an error interrupted: nobody works on it
  if (claimer !== undefined && !isOurClaim && isAlive(Number(claimer), claimerStarted)) return;
  if (fate === 'forgotten') {
    unlinkIfThere(files, path);
    return;
  }
  // renamed, so that one process alone works on it
  const claimed = `${queue}/${name.replace(/\.claimed\..*/, '')}.claimed.${process.pid}.${own.started}`;
  if (claimed !== path) files.renameSync(path, claimed);
  recovery.journals += 1;
  // read again: its owner may have written until it died
  const { text } = readJournalFile(claimed, match, files) ?? journal;
  const undone = undo(text, leftovers, new LivingHolders(queue, files, maxLock), new OwnFolders(queue, files));
  recovery.locks += undone.locks;
  // it stays while something is left to do, for the next purge
  if (undone.failure === undefined) unlinkIfThere(files, claimed);
  else context.failed(undone.failure);
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
  readonly #files: FileSystem;
  readonly #maxLock: number;
  #journals: Map<string, number[]>[] | undefined;

  constructor(queue: string, files: FileSystem, maxLock: number) {
    this.#queue = queue;
    this.#files = files;
    this.#maxLock = maxLock;
  }

  /** Is this the lock of a process that lives? It has written down the time that it set. */
  hold(name: string, lock: LockInfo): boolean {
    this.#journals ??= this.#read();
    return this.#journals.some((times) => hasTime(times.get(name), lock));
  }

  #read(): Map<string, number[]>[] {
    return this.#files.readdirSync(this.#queue).flatMap((name) => {
      const match = JOURNAL.exec(name);
      if (match === null || match[3] !== undefined) return [];
      try {
        const journal = readJournalFile(`${this.#queue}/${name}`, match, this.#files);
        return journal === undefined || fateOfHolder(journal, this.#maxLock) !== 'alive'
          ? []
          : [readJournal(journal.text).times];
      } catch (error) {
        // RACE: its owner dropped it: then it holds nothing. What another user's says cannot be known
        if (['ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return [];
        throw error;
      }
    });
  }
}

/** The folders of a queue, links excepted: they may lead out of it, wherever who wrote the journal wants. */
class OwnFolders {
  readonly #queue: string;
  readonly #files: FileSystem;
  readonly #known = new Map<string, boolean>();

  constructor(queue: string, files: FileSystem) {
    this.#queue = queue;
    this.#files = files;
  }

  has(name: string): boolean {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = this.#files.lstatSync(`${this.#queue}/${name}`, { throwIfNoEntry: false })?.isSymbolicLink() !== true;
      this.#known.set(name, known);
    }
    return known;
  }
}

function hasTime(times: readonly number[] | undefined, { modifiedMs }: LockInfo): boolean {
  return times?.some((time) => Math.abs(time - modifiedMs) < SAME_TIME_MS) ?? false;
}

/** How far it got, and the first error that kept it from the rest. */
function undo(
  text: string,
  leftovers: Leftovers,
  living: LivingHolders,
  folders: OwnFolders,
): { locks: number; failure: unknown } {
  const { times, last, lastMs } = readJournal(text);
  let locks = 0;
  let failure: unknown;
  const others = new Map<string, LockInfo>();
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      failure ??= error;
    }
  };
  for (const [name, known] of times) {
    attempt(() => {
      if (!folders.has(name.slice(0, name.indexOf('/')))) return;
      if (name.endsWith('.tmp') || name.startsWith('temporary/')) {
        leftovers.discard(name);
        return;
      }
      const lock = leftovers.lockInfo(name);
      if (lock === undefined) leftovers.finishRemoval(name);
      // a lock with a time that is not in the journal is another process's, which took the element later
      else if (!hasTime(known, lock)) others.set(name, lock);
      else if (leftovers.unlock(name)) locks += 1;
    });
  }
  attempt(() => {
    if (undoHalfTaken(halfTaken(last, lastMs, others), others, leftovers, living)) locks += 1;
  });
  return { locks, failure };
}

function undoHalfTaken(
  name: string | undefined,
  others: ReadonlyMap<string, LockInfo>,
  leftovers: Leftovers,
  living: LivingHolders,
): boolean {
  const lock = name === undefined ? undefined : others.get(name);
  if (name === undefined || lock === undefined || living.hold(name, lock)) return false;
  // RACE: a process that lives may be between the same two system calls: it is given time for the second
  const youngMs = lock.changedMs + SETTLED_MS - Date.now();
  if (youngMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(youngMs, SETTLED_MS));
  const now = leftovers.lockInfo(name);
  if (now === undefined || now.changedMs !== lock.changedMs || now.modifiedMs !== lock.modifiedMs) return false;
  return leftovers.unlock(name);
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
  // RACE: someone cleaned up by hand
  unless('ENOENT', () => files.unlinkSync(path));
}
