import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { errnoOf, StompctlError } from '../base/errors.js';
import { closeQuietly, lstatIfThere, unless } from '../base/file-system.js';
import { decodeMessage, largestFile } from '../message/json.js';
import { Message, newHeader } from '../message/message.js';
import { type ElementInfo, type ElementStore, type Removal, undoLock } from './element-store.js';
import type { LockInfo } from './journal/journal-recovery.js';
import type { QueueDirectory } from './queue-directory.js';
import type { ElementFormat } from './queue-options.js';

const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
/** enough for most messages with one read, and no allocation */
const SCRATCH_BYTES = 65536;
export const LOCK_SUFFIX = '.lck';
/** what is said of an element that is something else */
const NO_MESSAGE = 'it is no message; format = raw takes an element as a body (docs/queues.md)';

/**
 * The elements of a DQS queue, one system call after the other: lock by hard link, read, unlock, remove. Names are
 * `folder/file`. Every race with another process ends in an answer; what is thrown is the system's own error.
 */
export class SimpleElements implements ElementStore {
  readonly #directory: QueueDirectory;
  readonly #prefix: string;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  readonly #raw: boolean;
  readonly #rawText: boolean;

  /** `rawText`: a raw body that is UTF-8 is text */
  constructor(directory: QueueDirectory, format: ElementFormat = 'message', rawText = false) {
    this.#raw = format === 'raw';
    this.#rawText = rawText;
    this.#directory = directory;
    this.#prefix = `${directory.path}/`;
  }

  /** undefined: there is no such element */
  inspect(name: string): ElementInfo | undefined {
    const stats = this.#lstat(this.#prefix + name);
    if (stats === undefined) return undefined;
    const { size, ino, mtimeMs: modifiedMs, uid, gid, mode } = stats;
    return { size, ino, modifiedMs, regular: stats.isFile(), uid, gid, mode: mode & 0o7777 };
  }

  /** undefined: not locked */
  lockInfo(name: string): LockInfo | undefined {
    const stats = this.#lstat(this.#prefix + name + LOCK_SUFFIX);
    return stats === undefined ? undefined : { modifiedMs: stats.mtimeMs, changedMs: stats.ctimeMs };
  }

  lock(name: string, time: number): boolean {
    const path = this.#prefix + name;
    const { files } = this.#directory;
    try {
      files.linkSync(path, path + LOCK_SUFFIX);
    } catch (error) {
      // RACE: another process locked it (EEXIST), or took and removed it (ENOENT)
      if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    try {
      this.touch(name, time);
    } catch (error) {
      undoLock(() => this.unlock(name), error);
      // RACE: another process removed it while our link was being made
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    return true;
  }

  /** False: there was no lock. */
  unlock(name: string): boolean {
    return this.#unlink(this.#prefix + name + LOCK_SUFFIX);
  }

  /** An element that comes back without its lock is whole. */
  remove(name: string): Removal {
    const path = this.#prefix + name;
    const removed = this.#unlink(path);
    return { done: this.#unlink(path + LOCK_SUFFIX) && removed };
  }

  /** Sets the times of an element, which are those of its lock. Throws ENOENT when it is gone. */
  touch(name: string, time: number): void {
    const path = this.#prefix + name;
    const { files } = this.#directory;
    try {
      files.lutimesSync(path, time, time);
    } catch (error) {
      if (errnoOf(error) !== 'EPERM') throw error;
      // only the owner may set a time; whoever may write can still make it "now"
      const fd = files.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
      try {
        files.ftruncateSync(fd, files.fstatSync(fd).size);
      } finally {
        closeQuietly(files, fd);
      }
    }
  }

  /**
   * The bytes of an element, at most `limit`. They are valid until the next call: a small element is read into a buffer
   * that is used again. Throws MESSAGE_TOO_LARGE, or the system's error.
   */
  read(name: string, limit: number): Buffer {
    const { files } = this.#directory;
    const fd = files.openSync(this.#prefix + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      let length = files.readSync(fd, this.#scratch, 0, SCRATCH_BYTES, 0);
      if (length < SCRATCH_BYTES) return this.#scratch.subarray(0, length);
      const { size } = files.fstatSync(fd);
      if (size > limit) throw tooLarge(name, size, limit);
      const bytes = Buffer.allocUnsafeSlow(size);
      this.#scratch.copy(bytes, 0, 0, length);
      for (let count = 1; length < size && count > 0; length += count) {
        count = files.readSync(fd, bytes, length, size - length, length);
      }
      return bytes.subarray(0, length);
    } finally {
      closeQuietly(files, fd);
    }
  }

  /** The message in an element that we locked; undefined when the file is empty. Throws as `read` and `decodeMessage`. */
  readMessage(name: string, maxMessageSize: number): Message | undefined {
    const bytes = this.read(name, this.largest(maxMessageSize));
    if (this.#raw && bytes.length > maxMessageSize) throw tooLarge(name, bytes.length, maxMessageSize);
    // a copy: the buffer is used again
    if (this.#raw) return new Message(newHeader(), Buffer.from(bytes), this.#rawText && isUtf8(bytes));
    return bytes.length === 0 ? undefined : decodeMessage(bytes, { maxMessageSize }, name, NO_MESSAGE);
  }

  largest(maxMessageSize: number): number {
    return this.#raw ? maxMessageSize : largestFile(maxMessageSize);
  }

  /** A body may have no bytes. */
  isLeftover({ regular, size }: ElementInfo): boolean {
    return !this.#raw && regular && size === 0;
  }

  readRaw(name: string, limit: number): Buffer | undefined {
    const size = this.inspect(name)?.size ?? limit + 1;
    return size > limit ? undefined : Buffer.from(this.read(name, limit));
  }

  /** Removes a temporary file (`folder/file.tmp`) that a dead process left. */
  discard(temporary: string): void {
    this.#unlink(this.#prefix + temporary);
  }

  /** A lock without its element is a lock: `unlock` is all there is to do. */
  finishRemoval(): void {}

  #lstat(path: string): Stats | undefined {
    return lstatIfThere(this.#directory.files, path);
  }

  #unlink(path: string): boolean {
    // RACE: a purge elsewhere thought the lock, or the process that held it, dead
    return unless('ENOENT', () => this.#directory.files.unlinkSync(path));
  }
}

function tooLarge(name: string, size: number, limit: number): StompctlError {
  return new StompctlError('MESSAGE_TOO_LARGE', 'read', name, `the file has ${size} bytes, more than ${limit}`);
}
