import { errnoOf } from '../base/errors.js';
import type { ElementNames } from './element-name.js';
import type { QueueDirectory } from './queue-directory.js';
import { queueError } from './queue-directory.js';
import { LOCK_SUFFIX } from './simple-elements.js';

export const TEMPORARY_SUFFIX = '.tmp';
const MOST_DURABLE = 1000;
/** a folder that vanishes again and again is not a purge's doing */
const MOST_ATTEMPTS = 100;

/** An element on its way into a queue: a temporary file, then an element under its final name as well. */
export interface Staged {
  readonly folder: string;
  /** `folder/file.tmp` */
  readonly temporary: string;
  /** the open temporary file; -1 once closed */
  fd: number;
  /** `folder/file`, once published */
  name: string | undefined;
}

/** The steps by which an element comes into a DQS queue. Whoever calls them puts them in order and syncs between. */
export class SimpleWriter {
  readonly #directory: QueueDirectory;
  readonly #names: ElementNames;
  /** intermediate folders whose own entry is known to be on the disk; emptied when there are many */
  readonly #durable = new Set<string>();

  constructor(directory: QueueDirectory, names: ElementNames) {
    this.#directory = directory;
    this.#names = names;
  }

  /** A fresh name for a temporary file, `folder/file.tmp`, to be written down before the file is made. */
  temporaryName(): string {
    return `${this.#names.folder()}/${this.#names.file()}${TEMPORARY_SUFFIX}`;
  }

  /** Creates and writes a temporary file, and leaves it open. Throws the system's error, with nothing left behind. */
  stage(bytes: Buffer, temporary = this.temporaryName()): Staged {
    const folder = temporary.slice(0, temporary.indexOf('/'));
    const staged: Staged = { folder, temporary, fd: this.#create(folder, temporary), name: undefined };
    try {
      let written = 0;
      while (written < bytes.length) written += this.#directory.files.writeSync(staged.fd, bytes, written);
    } catch (error) {
      this.discard(staged);
      throw error;
    }
    return staged;
  }

  /** Calls back when the bytes of a staged element are on the disk, or with the system's error. */
  syncData(staged: Staged, done: (error: Error | null) => void): void {
    this.#directory.files.fdatasync(staged.fd, done);
  }

  /**
   * Gives a staged element its final name, greater than every earlier one. `link`, not `rename`: nothing is ever
   * overwritten. Throws the system's error.
   */
  publish(staged: Staged): string {
    this.closeFile(staged);
    const { path, files } = this.#directory;
    for (;;) {
      const name = `${staged.folder}/${this.#names.file()}`;
      try {
        files.linkSync(`${path}/${staged.temporary}`, `${path}/${name}`);
        staged.name = name;
        return name;
      } catch (error) {
        // RACE: another process took the same name in the same microsecond
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** Resolves when the elements published in a folder, and the folder itself, are on the disk. Rejects with QUEUE_IO. */
  async syncFolder(folder: string): Promise<void> {
    const { path } = this.#directory;
    await this.#directory.syncFolder(`${path}/${folder}`);
    if (this.#durable.has(folder)) return;
    await this.#directory.syncFolder(path);
    if (this.#durable.size === MOST_DURABLE) this.#durable.clear();
    this.#durable.add(folder);
  }

  /** The element is there to stay: only its final name remains. */
  finish(staged: Staged): void {
    this.#unlink(staged.temporary);
  }

  /** Gives up a staged element, published or not. False: a consumer has it already. */
  discard(staged: Staged): boolean {
    this.closeFile(staged);
    this.#unlink(staged.temporary);
    return staged.name === undefined || this.#retract(staged.name);
  }

  closeFile(staged: Staged): void {
    if (staged.fd < 0) return;
    const { fd } = staged;
    staged.fd = -1;
    this.#directory.files.closeSync(fd);
  }

  #retract(name: string): boolean {
    const { path, files } = this.#directory;
    try {
      files.linkSync(`${path}/${name}`, `${path}/${name}${LOCK_SUFFIX}`);
    } catch (error) {
      // RACE: a consumer locked it, or took it: it is delivered, and will come twice
      if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    this.#unlink(name);
    this.#unlink(name + LOCK_SUFFIX);
    return true;
  }

  #create(folder: string, temporary: string): number {
    const { path } = this.#directory;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.#directory.createFile(`${path}/${temporary}`);
      } catch (error) {
        // RACE: the folder is not there yet, or a purge removed it while it was empty
        if (errnoOf(error) !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw error;
        this.#durable.delete(folder);
        this.#directory.makeFolder(`${path}/${folder}`);
      }
    }
  }

  #unlink(name: string): void {
    const path = `${this.#directory.path}/${name}`;
    try {
      this.#directory.files.unlinkSync(path);
    } catch (error) {
      // RACE: a purge thought it too old
      if (errnoOf(error) !== 'ENOENT') throw queueError('unlink', path, error);
    }
  }
}
