import { constants, type Stats } from 'node:fs';
import { closeQuietly, type FileSystem } from '../../base/file-system.js';
import {
  hostName,
  isAlive,
  isOther,
  isSame,
  ownIdentity,
  type ProcessIdentity,
  readIdentity,
} from './process-identity.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** the sign of life of a process that cannot be seen: it touches its journal at least every 60 s */
const SILENT_MS = 120_000;
/** ten times the journal of a process that holds a million elements */
const LARGEST_BYTES = 256 * 1024 * 1024;

/** A journal as it was at one instant. */
export interface JournalFile {
  readonly host: string;
  readonly pid: number;
  readonly text: string;
  /** undefined: its first line is not whole */
  readonly identity: ProcessIdentity | undefined;
  /** how long nobody has written to it */
  readonly silentMs: number;
}

/** A journal, and which file it is, whatever its name is now. */
export interface OneJournalFile extends JournalFile {
  readonly key: string;
}

/** Tells a file that is open from every other one, by whatever path. */
export function fileKey({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/**
 * Reads a journal; `match` has host and process number of its name. Undefined: what has this name is no journal. It never
 * waits (a pipe), follows a link, or reads without end. Throws the system's error.
 */
export function readJournalFile(path: string, match: RegExpExecArray, files: FileSystem): OneJournalFile | undefined {
  const fd = files.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = files.fstatSync(fd);
    if (!stats.isFile() || stats.size > LARGEST_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(stats.size);
    let length = 0;
    for (let count = 1; length < bytes.length && count > 0; length += count) {
      count = files.readSync(fd, bytes, length, bytes.length - length, length);
    }
    const text = bytes.toString('latin1', 0, length);
    const [, host = '', pid] = match;
    const silentMs = Date.now() - stats.mtimeMs;
    return { host, pid: Number(pid), text, identity: readIdentity(text), silentMs, key: fileKey(stats) };
  } finally {
    closeQuietly(files, fd);
  }
}

/** Did this very process write it? False where that is not known for certain. */
export function isOurs({ pid, identity }: Pick<JournalFile, 'pid' | 'identity'>): boolean {
  const own = ownIdentity();
  const isOwn = (what: 'boot' | 'started' | 'namespace') => isSame(identity?.[what] ?? '-', own[what]);
  return pid === process.pid && isOwn('boot') && isOwn('started') && isOwn('namespace');
}

/**
 * What became of the process that wrote a journal. `dead`: its locks can be taken away now. `forgotten`: nothing is known of it,
 * and it has been silent for longer than `maxLock` seconds (0: never), after which its locks are the purge's.
 */
export function fateOf(journal: JournalFile, maxLock: number): 'alive' | 'dead' | 'forgotten' {
  const { host, pid, identity, silentMs } = journal;
  const own = ownIdentity();
  const isOurName = host === hostName();
  const forgotten = maxLock > 0 && silentMs > Math.max(maxLock * 1000, SILENT_MS) ? 'forgotten' : 'alive';
  // RACE: a journal is empty for an instant after it was made
  if (identity === undefined) return isOurName ? deadUnless(isAlive(pid, '-')) : forgotten;
  const { boot, started, namespace, machine } = identity;
  // one kernel, whatever name and machine-id a container has been given
  if (isSame(boot, own.boot) || (isOurName && boot === own.boot && !isOther(machine, own.machine))) {
    return deadUnless(namespace === own.namespace ? isAlive(pid, started) : silentMs <= SILENT_MS);
  }
  if (!isOurName || isOther(machine, own.machine)) return forgotten;
  // this machine before its last start; without a machine-id it may as well be another one of the same name
  return deadUnless(!isSame(machine, own.machine) && silentMs <= SILENT_MS);
}

function deadUnless(alive: boolean): 'alive' | 'dead' {
  return alive ? 'alive' : 'dead';
}
