import { constants } from 'node:fs';
import { errnoOf } from '../base/errors.js';
import type { FileSystem } from './file-system.js';
import { hostName, ownIdentity } from './process-identity.js';

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;
/** a journal over this size, and four times what it was when last compacted, holds mostly what is no longer held */
const COMPACT_AT_BYTES = 256 * 1024;
/** one process may have several queues open on one path */
const MOST_JOURNALS = 1000;

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

/**
 * The record of the locks and temporary files that this process is about to make in a queue, so that after a SIGKILL the
 * next process knows them for its dead predecessor's. First line: `BOOT STARTED NAMESPACE`; then `@TIME` lines, each
 * followed by the names locked as of that time. It outlives the process, not the machine: after a power loss the boot id
 * differs, so it is written without fsync.
 */
export class LockJournal {
  readonly #queue: string;
  readonly #files: FileSystem;
  #path: string | undefined;
  #fd = -1;
  #bytes = 0;
  #compacted = 0;

  constructor(queue: string, files: FileSystem) {
    this.#queue = queue;
    this.#files = files;
  }

  /** the journal has grown enough to be compacted */
  get isLarge(): boolean {
    return this.#bytes > COMPACT_AT_BYTES && this.#bytes > 4 * this.#compacted;
  }

  /**
   * Writes down names that are about to be locked as of `time`, or touched again. To be called before the first of them
   * is. On a full disk nothing is written and nothing thrown: a consumer must go on, it is what makes room again; only
   * the recovery after a kill then waits for `maxlock`. Throws the system's error otherwise.
   */
  append(names: readonly string[], time: number): void {
    if (names.length === 0) return;
    try {
      if (this.#fd < 0) this.#create();
      this.#write(`@${journalTime(time)}\n${names.join('\n')}\n`);
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') throw error;
      // half a line would spoil the next one
      if (this.#fd >= 0) this.#files.ftruncateSync(this.#fd, this.#bytes);
    }
  }

  /** Writes the journal anew with only what is held. The old one stands until the new one is whole. */
  compact(held: HeldLocks): void {
    if (this.#path === undefined) return;
    const byTime = new Map<number, string[]>();
    for (const [name, time] of held) {
      const names = byTime.get(time);
      if (names === undefined) byTime.set(time, [name]);
      else names.push(name);
    }
    if (byTime.size === 0) {
      this.drop();
      return;
    }
    const old = this.#fd;
    const path = this.#path;
    try {
      this.#open(`${path}.new`);
      for (const [time, names] of byTime) this.#write(`@${journalTime(time)}\n${names.join('\n')}\n`);
      this.#files.renameSync(`${path}.new`, path);
      this.#compacted = this.#bytes;
    } finally {
      this.#files.closeSync(old);
    }
  }

  /** Nothing is held: the file goes. The next `append` makes another. */
  drop(): void {
    if (this.#path === undefined) return;
    const path = this.#path;
    this.#files.closeSync(this.#fd);
    this.#fd = -1;
    this.#path = undefined;
    this.#bytes = 0;
    try {
      this.#files.unlinkSync(path);
    } catch (error) {
      // RACE: someone cleaned up by hand
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #create(): void {
    for (let number = 1; ; number += 1) {
      const path = journalPath(this.#queue, process.pid, number);
      try {
        this.#open(path);
        this.#path = path;
        return;
      } catch (error) {
        // another queue of this process has it: those of the dead were claimed before this one was opened
        if (errnoOf(error) !== 'EEXIST' || number === MOST_JOURNALS) throw error;
      }
    }
  }

  #open(path: string): void {
    this.#fd = this.#files.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o644);
    this.#bytes = 0;
    const { boot, started, namespace } = ownIdentity();
    this.#write(`${boot} ${started} ${namespace}\n`);
  }

  #write(lines: string): void {
    const bytes = Buffer.from(lines, 'latin1');
    let written = 0;
    while (written < bytes.length) written += this.#files.writeSync(this.#fd, bytes, written);
    this.#bytes += bytes.length;
  }
}
