import { constants, type Stats } from 'node:fs';
import { errnoOf, StompctlError } from '../base/errors.js';
import { closeQuietly, lstatIfThere, unless } from '../base/file-system.js';
import { DecodeError, tooLarge, undecodable } from '../message/decode-error.js';
import { largestFile } from '../message/json.js';
import type { Message } from '../message/message.js';
import type { ElementNames } from './element-name.js';
import { type ElementInfo, type ElementStore, type Removal, undoLock } from './element-store.js';
import { messageOf } from './fields/message-fields.js';
import type { MessageFields } from './fields/schema.js';
import type { LockInfo } from './journal/journal-recovery.js';
import type { QueueDirectory } from './queue-directory.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
export const TEMPORARY_FOLDER = 'temporary';
export const OBSOLETE_FOLDER = 'obsolete';
export const LOCKED_FOLDER = 'locked';
/** who locks an element as it is being removed puts the lock's folder back */
const MOST_ATTEMPTS = 100;

/** The elements of a DQN queue: one folder each, locked by a folder inside. */
export class NormalElements implements ElementStore {
  readonly #directory: QueueDirectory;
  readonly #names: ElementNames;
  readonly #prefix: string;
  readonly #fields: MessageFields;
  readonly #files: readonly string[];

  constructor(directory: QueueDirectory, names: ElementNames, fields: MessageFields) {
    this.#fields = fields;
    this.#files = fields.map(({ file }) => file);
    this.#directory = directory;
    this.#names = names;
    this.#prefix = `${directory.path}/`;
  }

  inspect(name: string): ElementInfo | undefined {
    const path = this.#prefix + name;
    const stats = this.#lstat(path);
    if (stats === undefined) return undefined;
    let size = 1;
    for (const file of this.#files) size += this.#lstat(`${path}/${file}`)?.size ?? 0;
    return { size, ino: stats.ino, modifiedMs: stats.mtimeMs, regular: stats.isDirectory() };
  }

  /** The time of a lock is that of the element's folder. */
  lockInfo(name: string): LockInfo | undefined {
    const locked = this.#lstat(`${this.#prefix + name}/${LOCKED_FOLDER}`);
    const stats = this.#lstat(this.#prefix + name);
    if (locked === undefined || stats === undefined) return undefined;
    // mkdir gives both the same time
    return { modifiedMs: stats.mtimeMs, changedMs: stats.ctimeMs, timed: stats.mtimeMs !== locked.mtimeMs };
  }

  lock(name: string, time: number): boolean {
    try {
      if (!this.#directory.makeFolder(`${this.#prefix + name}/${LOCKED_FOLDER}`)) return false;
    } catch (error) {
      // RACE: another process took and removed it
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    try {
      this.touch(name, time);
      return true;
    } catch (error) {
      // RACE: another process, moving it away, took our lock with it
      if (errnoOf(error) === 'ENOENT') return false;
      undoLock(() => this.unlock(name), error);
      throw error;
    }
  }

  unlock(name: string): boolean {
    // RACE: another process unlocked it, or removed it
    return unless('ENOENT', () => this.#directory.files.rmdirSync(`${this.#prefix + name}/${LOCKED_FOLDER}`));
  }

  touch(name: string, time: number): void {
    try {
      this.#directory.files.lutimesSync(this.#prefix + name, time, time);
    } catch (error) {
      // only the owner may set a time; making the lock set it already
      if (errnoOf(error) !== 'EPERM') throw error;
    }
  }

  /** Moves it away; its files are still to be discarded. */
  remove(name: string): Removal {
    let aside = obsoleteOf(name);
    for (;;) {
      try {
        this.#directory.files.renameSync(this.#prefix + name, this.#prefix + aside);
        return { done: true, aside };
      } catch (error) {
        const errno = errnoOf(error);
        // RACE: a purge elsewhere thought the lock dead, and another process took it; or it was moved away before, by us
        if (errno === 'ENOENT') return { done: false, aside };
        if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST') throw error;
        aside = `${OBSOLETE_FOLDER}/${this.#names.file()}`;
      }
    }
  }

  finishRemoval(name: string): void {
    const aside = obsoleteOf(name);
    if (this.#lstat(this.#prefix + aside) === undefined) return;
    this.#directory.syncFolderNow(this.#prefix + name.slice(0, 8));
    this.discard(aside);
  }

  discard(temporary: string): void {
    this.removeFolder(this.#prefix + temporary);
  }

  /** Removes the folder of an element, with its files, once it is out of the way; when it is there. */
  removeFolder(path: string): void {
    const { files } = this.#directory;
    // a link may lead out of the queue, and the files behind it are another's
    if (this.#lstat(path)?.isDirectory() !== true) return;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      try {
        for (const name of files.readdirSync(path)) {
          const file = `${path}/${name}`;
          // RACE: another process removes it as well
          if (name === LOCKED_FOLDER) unless('ENOENT', () => files.rmdirSync(file));
          else if (this.#lstat(file)?.isDirectory() === true) this.removeFolder(file);
          else unless('ENOENT', () => files.unlinkSync(file));
        }
        files.rmdirSync(path);
        return;
      } catch (error) {
        const errno = errnoOf(error);
        // RACE: another process is removing it as well
        if (errno === 'ENOENT') return;
        // RACE: another process locked it meanwhile
        if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST') throw error;
      }
    }
  }

  /** The empty message is a folder with an empty header: nothing is ever an empty leftover. */
  readMessage(name: string, maxMessageSize: number): Message {
    try {
      this.#refuseForeign(name);
      return messageOf(this.#fields, maxMessageSize, (file, limit) => this.read(`${name}/${file}`, limit));
    } catch (error) {
      if (error instanceof DecodeError) throw new StompctlError(error.code, 'decode', name, error.message);
      throw error;
    }
  }

  /** What no message has would vanish with the element: it is another schema's, and stays. NFS keeps a removed file that is open as `.nfs…` */
  #refuseForeign(name: string): void {
    const { files } = this.#directory;
    const known = [...this.#files, LOCKED_FOLDER];
    const foreign = files
      .readdirSync(this.#prefix + name)
      .find((file) => !known.includes(file) && !file.startsWith('.nfs'));
    if (foreign === undefined) return;
    const shown = JSON.stringify(foreign.slice(0, 80));
    throw undecodable(`it holds ${shown}, and a message has only ${this.#files.join(', ')}`);
  }

  largest(maxMessageSize: number): number {
    return largestFile(maxMessageSize);
  }

  isLeftover({ regular, size }: ElementInfo): boolean {
    return regular && size === 0;
  }

  readRaw(): undefined {
    return undefined;
  }

  /** The bytes of a file of an element; undefined: no such file. Throws a DecodeError over `limit`, or the system's error. */
  read(name: string, limit: number): Buffer | undefined {
    const { files } = this.#directory;
    const path = this.#prefix + name;
    const stats = this.#lstat(path);
    if (stats === undefined) return undefined;
    if (stats.size > limit) throw tooLarge(`the body has ${stats.size} bytes`, { maxMessageSize: limit });
    const fd = files.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const bytes = Buffer.allocUnsafe(stats.size);
      let length = 0;
      for (let count = 1; length < bytes.length && count > 0; length += count) {
        count = files.readSync(fd, bytes, length, bytes.length - length, length);
      }
      return bytes.subarray(0, length);
    } finally {
      closeQuietly(files, fd);
    }
  }

  #lstat(path: string): Stats | undefined {
    return lstatIfThere(this.#directory.files, path);
  }
}

/** Where an element goes that is being removed. */
function obsoleteOf(name: string): string {
  return `${OBSOLETE_FOLDER}/${name.slice(9)}`;
}
