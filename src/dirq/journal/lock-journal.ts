import { constants } from 'node:fs';
import { errnoOf } from '../../base/errors.js';
import { closeQuietly, type FileSystem, quietly, unless } from '../../base/file-system.js';
import { fileKey } from './journal-file.js';
import { hostName, identityLine } from './process-identity.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** a journal over this size, and four times what it was when last compacted, holds mostly what is no longer held */
const COMPACT_AT_BYTES = 256 * 1024;
/** one process may have several queues open on one path */
const MOST_JOURNALS = 1000;

/** the files that journals of this process have open: what else is of this process was left by one that is closed */
const inUse = new Set<string>();

/** Does a journal of this process have the file open? `key`: see `fileKey`. */
export function isOpenJournal(key: string): boolean {
  return inUse.has(key);
}

/** `stompctl.HOST.PID.locks`; a second one of the same process has `.2`; `.new` is one being compacted */
export function journalPath(queue: string, pid: number, number: number): string {
  return `${queue}/stompctl.${hostName()}.${pid}${number === 1 ? '' : `.${number}`}.locks`;
}

/** Seconds with microseconds, as they are written in a journal and set on locks: both must be the same number. */
export function journalTime(time: number): string {
  return time.toFixed(6);
}

/** What the process holds: names, and the time (seconds) of each one's lock. */
export type HeldLocks = Iterable<readonly [name: string, time: number]>;

/** A journal that is open. Whoever closes its descriptor lets go of the whole of it, so that no number is used again. */
interface OpenJournal {
  readonly fd: number;
  readonly key: string;
  readonly path: string;
  /** whole lines */
  bytes: number;
  /** after those bytes stands half a line, which could not be cut off */
  torn: boolean;
}

/**
 * The record of the locks and temporary files that this process is about to make in a queue, so that after a SIGKILL the
 * next process knows them for its dead predecessor's. First line: who the process is (`identityLine`); then `@TIME`
 * lines, each followed by the names locked as of that time. It outlives the process, not the machine: after a power loss
 * the boot id differs, so it is written without fsync.
 */
export class LockJournal {
  readonly #queue: string;
  readonly #files: FileSystem;
  #open: OpenJournal | undefined;
  #compacted = 0;

  constructor(queue: string, files: FileSystem) {
    this.#queue = queue;
    this.#files = files;
  }

  /** the journal has grown enough to be compacted */
  get isLarge(): boolean {
    const bytes = this.#open?.bytes ?? 0;
    return bytes > COMPACT_AT_BYTES && bytes > 4 * this.#compacted;
  }

  /**
   * Writes down names that are about to be locked as of `time`, or touched again. To be called before the first of them
   * is. On a full disk nothing is written and nothing thrown: a consumer must go on, it is what makes room again; only
   * the recovery after a kill then waits for `maxlock`. Throws the system's error otherwise; called again it tries again.
   */
  append(names: readonly string[], time: number): void {
    if (names.length === 0) return;
    try {
      // RACE: a process that could not see this one (it was stopped for minutes, say) took the journal for a dead one's
      if (this.#open !== undefined && this.#isRemoved(this.#open)) this.#letGo();
      this.#open ??= this.#create();
      this.#write(this.#open, `@${journalTime(time)}\n${names.join('\n')}\n`);
    } catch (error) {
      // the file is gone on its server: no later call on this descriptor can work
      if (errnoOf(error) === 'ESTALE') this.#letGo();
      if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') throw error;
    }
  }

  /**
   * Writes the journal anew with only what is held. The old one stands, and stays in use, until the new one is whole and
   * in its place; when that fails, until it has grown again. Never throws for what a disk does.
   */
  compact(held: HeldLocks): void {
    const old = this.#open;
    if (old === undefined) return;
    const byTime = new Map<number, string[]>();
    for (const [name, time] of held) {
      const names = byTime.get(time);
      if (names === undefined) byTime.set(time, [name]);
      else names.push(name);
    }
    let lines = '';
    for (const [time, names] of byTime) lines += `@${journalTime(time)}\n${names.join('\n')}\n`;
    const path = `${old.path}.new`;
    quietly(() => {
      if (byTime.size === 0) {
        this.drop();
        return;
      }
      // a process that had our number may have left one; whatever else is there, a pipe say, is not opened
      quietly(() => this.#files.unlinkSync(path));
      const begun = this.#begin(path, lines);
      try {
        this.#files.renameSync(path, old.path);
      } catch (error) {
        this.#remove(begun.fd, path);
        throw error;
      }
      this.#letGo();
      inUse.add(begun.key);
      this.#open = { ...begun, path: old.path, torn: false };
    });
    this.#compacted = this.#open?.bytes ?? 0;
  }

  /**
   * Nothing is held: the file goes, if the queue is where it was. The next `append` makes another. Throws the system's error when the file cannot be
   * removed: the journal is then as it was.
   */
  drop(): void {
    const open = this.#open;
    if (open === undefined) return;
    const unlinked = unless('ENOENT', () => this.#files.unlinkSync(open.path));
    // RACE: someone cleaned up by hand; or the queue was moved away: then the file is to go when both are back
    if (unlinked || this.#isRemoved(open)) this.#letGo();
  }

  #isRemoved({ fd }: OpenJournal): boolean {
    return this.#files.fstatSync(fd).nlink === 0;
  }

  /** Ends the journal. `keep`: locks of ours are left; the next process is to find them in the file. Throws as `drop`. */
  close(keep = false): void {
    try {
      if (!keep) this.drop();
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    inUse.delete(open.key);
    closeQuietly(this.#files, open.fd);
  }

  #create(): OpenJournal {
    for (let number = 1; ; number += 1) {
      const path = journalPath(this.#queue, process.pid, number);
      try {
        const begun = this.#begin(path);
        inUse.add(begun.key);
        return { path, torn: false, ...begun };
      } catch (error) {
        // another queue of this process has it: those of the dead were claimed before this one was opened
        if (errnoOf(error) !== 'EEXIST' || number === MOST_JOURNALS) throw error;
      }
    }
  }

  /** A file that says whose it is, with these lines; or none at all. */
  #begin(path: string, lines = ''): Pick<OpenJournal, 'fd' | 'key' | 'bytes'> {
    const fd = this.#files.openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_EXCL, 0o644);
    try {
      const key = fileKey(this.#files.fstatSync(fd));
      return { fd, key, bytes: this.#writeAll(fd, identityLine() + lines) };
    } catch (error) {
      this.#remove(fd, path);
      throw error;
    }
  }

  #remove(fd: number, path: string): void {
    closeQuietly(this.#files, fd);
    // what cannot be removed now is taken for a dead process's once this one is
    quietly(() => this.#files.unlinkSync(path));
  }

  #write(open: OpenJournal, lines: string): void {
    try {
      // the end of half a line: alone it names nothing
      open.bytes += this.#writeAll(open.fd, open.torn ? `\n${lines}` : lines);
      open.torn = false;
    } catch (error) {
      open.torn = true;
      quietly(() => {
        this.#files.ftruncateSync(open.fd, open.bytes);
        open.torn = false;
      });
      throw error;
    }
  }

  #writeAll(fd: number, lines: string): number {
    const bytes = Buffer.from(lines, 'latin1');
    let written = 0;
    while (written < bytes.length) written += this.#files.writeSync(fd, bytes, written);
    return bytes.length;
  }
}
