import { constants } from 'node:fs';
import { errnoOf } from '../base/errors.js';
import { closeQuietly, type FileSystem, quietly } from '../base/file-system.js';
import { ElementNames } from './element-name.js';
import { headLine, IDS_FOLDER, intentLine, STAGED_FILE, storedLine } from './id-journal.js';
import { hostName, identityLine } from './journal/process-identity.js';
import { PeerIds, type PeerIdsOptions } from './peer-ids.js';
import type { QueueDirectory } from './queue-directory.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
/** a queue may be open several times in one process */
const MOST_JOURNALS = 1000;
/** `=ID` and the end of the line */
const ID_BYTES = 24;
/** a journal over this size, and over eight times what its ids need, is written anew */
const COMPACT_AT_BYTES = 256 * 1024;

export interface StoredIdsOptions extends PeerIdsOptions {
  /** how many ids are remembered */
  readonly size: number;
}

/** A message about to be published, by its id, with the temporary name under which it was staged. */
export interface StagedId {
  readonly id: string;
  readonly temporary: string;
}

interface OwnJournal {
  fd: number;
  readonly path: string;
  /** its name without the ending */
  readonly base: string;
  bytes: number;
  /** half a line, which could not be cut off, stands at its end; or a sync failed: it must be written anew */
  spoilt: boolean;
}

/**
 * Remembers the ids of the last messages stored in a queue, its own and those of every other process that writes there.
 *
 * Each process has a journal of its own. In it an *intent* is made safe before an element is published, and the id as
 * *stored* after, before the message is acknowledged. Killed between the two, the file under which the element was staged
 * tells what happened: it lies where no purge looks, and stays until the id is stored. It has a second link once published,
 * and, when the element was taken since, another time (whoever locks an element sets it). So an id never counts without its element.
 */
export class StoredIds {
  readonly #directory: QueueDirectory;
  readonly #folder: string;
  readonly #options: StoredIdsOptions;
  readonly #names = new ElementNames(1, undefined);
  /** oldest first */
  readonly #known = new Set<string>();
  readonly #peers: PeerIds;
  #own: OwnJournal | undefined;
  /** stored, and not written down yet: the staged files stay, and tell of them */
  #owed: StagedId[] = [];
  #compacted = 0;

  constructor(directory: QueueDirectory, options: StoredIdsOptions) {
    this.#directory = directory;
    this.#folder = `${directory.path}/${IDS_FOLDER}`;
    this.#options = options;
    this.#peers = new PeerIds(directory, options, (id) => this.#remember(id));
  }

  get #files(): FileSystem {
    return this.#directory.files;
  }

  /** Takes over what dead processes remembered. May be called again. Throws the system's error, or QUEUE_IO. */
  async open(): Promise<void> {
    // also when it was open: somebody may have removed the folder
    if (this.#directory.makeFolder(this.#folder) && this.#options.sync)
      await this.#directory.syncFolder(this.#directory.path);
    if (this.#own !== undefined) return;
    const dead = this.#peers.takeOver();
    await this.#peers.syncFound();
    const own = this.#create();
    try {
      await this.#sync(own.fd);
      if (this.#options.sync) await this.#directory.syncFolder(this.#folder);
    } catch (error) {
      closeQuietly(this.#files, own.fd);
      throw error;
    }
    this.#own = own;
    // what they knew is safe in ours; a process killed in between leaves both
    for (const name of dead) quietly(() => this.#files.unlinkSync(`${this.#folder}/${name}`));
    quietly(() => this.#removeOrphans());
  }

  /** A name, relative to the queue, under which a message with an id is to be staged. */
  temporaryName(): string {
    return `${IDS_FOLDER}/${this.#own?.base}-${this.#names.file()}.tmp`;
  }

  /** Reads what other processes have written since. Throws the system's error. */
  refresh(): void {
    this.#peers.read(this.#own && `${this.#own.base}.ids`);
  }

  /** Is this message stored already? To be asked after `refresh`, and believed after `syncFound`. */
  has(id: string): boolean {
    if (this.#known.has(id)) return true;
    const found = this.#peers.find(id);
    // RACE: its writer has finished it since
    if (found === 'gone') this.refresh();
    return found === 'stored' || this.#known.has(id);
  }

  /** Resolves when what `has` found is on the disk: before that it must not be acknowledged. Rejects with QUEUE_IO. */
  syncFound(): Promise<void> {
    return this.#peers.syncFound();
  }

  /** Announces what is about to be published. Rejects with the system's error, or QUEUE_IO: nothing may be published then. */
  async intend(staged: readonly StagedId[]): Promise<void> {
    if (staged.length === 0) return;
    const own = this.#usable();
    const lines = staged.map(({ id, temporary }) => {
      const { mtimeNs } = this.#files.lstatSync(`${this.#directory.path}/${temporary}`, { bigint: true });
      // where data is not synced, a file server may set the time later
      const modifiedNs = this.#options.sync ? mtimeNs : 0n;
      return intentLine(id, { staged: temporary.slice(IDS_FOLDER.length + 1), modifiedNs });
    });
    const owed = this.#owed;
    this.#append(own, owed.map(({ id }) => storedLine(id)).join('') + lines.join(''));
    await this.#sync(own.fd);
    this.#owed = [];
    this.#forget(owed);
    if (this.#options.sync) await this.#directory.syncFolder(this.#folder);
  }

  /** They are published, and safe. Resolves when that is written down, or, on a failing disk, to be told by the staged files. */
  async stored(staged: readonly StagedId[]): Promise<void> {
    if (staged.length === 0) return;
    for (const { id } of staged) this.#remember(id);
    try {
      const own = this.#usable();
      this.#append(own, staged.map(({ id }) => storedLine(id)).join(''));
      await this.#sync(own.fd);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.#owed.push(...staged);
      return;
    }
    this.#forget(staged);
    await this.#compactIfLarge();
  }

  /** What is remembered stays, for the next process. Never rejects for what a disk does. */
  close(): void {
    const own = this.#own;
    if (own === undefined) return;
    quietly(() => {
      if (this.#owed.length > 0) this.#append(own, this.#owed.map(({ id }) => storedLine(id)).join(''));
      this.#forget(this.#owed);
      this.#owed = [];
    });
    this.#own = undefined;
    closeQuietly(this.#files, own.fd);
    if (this.#known.size === 0) quietly(() => this.#files.unlinkSync(own.path));
  }

  #remember(id: string): void {
    // the last come last
    this.#known.delete(id);
    this.#known.add(id);
    if (this.#known.size <= this.#options.size) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      break;
    }
  }

  #create(): OwnJournal {
    for (let number = 1; ; number += 1) {
      const base = `${hostName()}.${process.pid}${number === 1 ? '' : `.${number}`}`;
      const path = `${this.#folder}/${base}.ids`;
      try {
        return { path, base, spoilt: false, ...this.#begin(path, O_EXCL) };
      } catch (error) {
        // another queue of this process has it, or a dead one's could not be read
        if (errnoOf(error) !== 'EEXIST' || number === MOST_JOURNALS) throw error;
      }
    }
  }

  /** A file with all that is remembered; or none at all. */
  #begin(path: string, flag: number): { fd: number; bytes: number } {
    const fd = this.#files.openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | flag, 0o644);
    try {
      const lines = [...this.#known].map(storedLine).join('');
      return { fd, bytes: this.#writeAll(fd, headLine(identityLine()) + lines) };
    } catch (error) {
      closeQuietly(this.#files, fd);
      quietly(() => this.#files.unlinkSync(path));
      throw error;
    }
  }

  /** The journal, in a state in which it can be written to. Throws the system's error. */
  #usable(): OwnJournal {
    const own = this.#own;
    if (own === undefined) throw Object.assign(new Error('ids: not open'), { code: 'EBADF' });
    // RACE: a process that could not see this one took the journal for a dead one's
    if (this.#files.fstatSync(own.fd).nlink === 0) own.spoilt = true;
    if (own.spoilt) this.#replace(own);
    return own;
  }

  /** Puts a new file in its place; until then the old one stands. Throws the system's error. */
  #replace(own: OwnJournal): void {
    const path = `${own.path}.new`;
    const { fd, bytes } = this.#begin(path, O_TRUNC);
    try {
      this.#files.renameSync(path, own.path);
    } catch (error) {
      closeQuietly(this.#files, fd);
      quietly(() => this.#files.unlinkSync(path));
      throw error;
    }
    const old = own.fd;
    own.fd = fd;
    own.bytes = bytes;
    own.spoilt = false;
    closeQuietly(this.#files, old);
  }

  /** Between batches: nothing is announced then that is not stored, but what is owed, which stays remembered. */
  async #compactIfLarge(): Promise<void> {
    const own = this.#own;
    const most = Math.max(COMPACT_AT_BYTES, 8 * ID_BYTES * this.#options.size);
    if (own === undefined || own.bytes < most + this.#compacted) return;
    this.#compacted = 0;
    try {
      this.#replace(own);
      await this.#sync(own.fd);
      if (this.#options.sync) await this.#directory.syncFolder(this.#folder);
    } catch (error) {
      if (errnoOf(error) === undefined && errnoOf((error as { cause?: unknown }).cause) === undefined) throw error;
      // it is tried again when the journal has grown as much once more
      this.#compacted = own.bytes;
    }
  }

  #append(own: OwnJournal, lines: string): void {
    try {
      own.bytes += this.#writeAll(own.fd, lines);
    } catch (error) {
      own.spoilt = true;
      quietly(() => {
        this.#files.ftruncateSync(own.fd, own.bytes);
        own.spoilt = false;
      });
      throw error;
    }
  }

  #writeAll(fd: number, text: string): number {
    const bytes = Buffer.from(text, 'latin1');
    let written = 0;
    while (written < bytes.length) written += this.#files.writeSync(fd, bytes, written);
    return bytes.length;
  }

  /** A failed sync is not tried again: the kernel may have thrown the pages away. The journal is written anew. */
  async #sync(fd: number): Promise<void> {
    if (!this.#options.sync) return;
    await new Promise<void>((resolve, reject) => {
      this.#files.fdatasync(fd, (error) => {
        if (error === null) return resolve();
        if (this.#own !== undefined) this.#own.spoilt = true;
        reject(error);
      });
    });
  }

  #forget(staged: readonly StagedId[]): void {
    for (const { temporary } of staged) quietly(() => this.#files.unlinkSync(`${this.#directory.path}/${temporary}`));
  }

  /** Staged files of processes that have no journal any more. */
  #removeOrphans(): void {
    for (const name of this.#files.readdirSync(this.#folder)) {
      const [, base] = STAGED_FILE.exec(name) ?? [];
      if (base === undefined || base === this.#own?.base) continue;
      // its journal is there before what it stages
      const stats = this.#files.lstatSync(`${this.#folder}/${base}.ids`, { throwIfNoEntry: false });
      if (stats === undefined) quietly(() => this.#files.unlinkSync(`${this.#folder}/${name}`));
    }
  }
}
