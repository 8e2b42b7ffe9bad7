import { promisify } from 'node:util';
import { errnoOf, StompctlError } from '../base/errors.js';
import { encodeMessage } from '../message/json.js';
import type { Message } from '../message/message.js';
import { ElementCursor } from './element-cursor.js';
import { readElements } from './element-list.js';
import { ELEMENT_NAME, ElementNames } from './element-name.js';
import type { Staged } from './element-store.js';
import { type FileSystem, systemFiles } from './file-system.js';
import type { PurgeReport } from './purge.js';
import { QueueDirectory, queueError } from './queue-directory.js';
import { type QueueOptions, type ResolvedQueueOptions, resolveQueueOptions } from './queue-options.js';
import { LOCK_SUFFIX, SimpleElements } from './simple-elements.js';
import { purgeSimple } from './simple-purge.js';
import { SimpleWriter } from './simple-writer.js';
import { TimeSlice } from './time-slice.js';

export interface SimpleQueueOptions extends QueueOptions {
  /** `add` resolves only when the element would survive a power loss; false, as in Perl's and Python's libraries */
  readonly sync?: boolean;
  /** bytes a message may have; 64 MiB */
  readonly maxMessageSize?: number;
}

const DEFAULT_MAX_MESSAGE_SIZE = 64 * 1024 * 1024;

/**
 * A simple directory queue (DQS): one file an element, shared with any number of processes, and with the Perl, Python,
 * Java and C libraries. Element names read `folder/file`. The queue's folder is made at the first use. Every method
 * rejects with a StompctlError: QUEUE_INVALID, QUEUE_CANNOT_CREATE, QUEUE_PERMISSION, QUEUE_IO, and those it names.
 */
export class SimpleQueue implements AsyncIterable<string> {
  readonly #options: ResolvedQueueOptions;
  readonly #sync: boolean;
  readonly #maxMessageSize: number;
  readonly #directory: QueueDirectory;
  readonly #elements: SimpleElements;
  readonly #writer: SimpleWriter;
  #opened = false;

  constructor(options: SimpleQueueOptions, files: FileSystem = systemFiles) {
    this.#options = resolveQueueOptions(options);
    this.#sync = options.sync ?? false;
    this.#maxMessageSize = options.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
    this.#directory = new QueueDirectory(this.#options.path, files, this.#options.umask);
    this.#elements = new SimpleElements(this.#directory);
    this.#writer = new SimpleWriter(this.#directory, new ElementNames(this.#options.granularity, this.#options.rndhex));
  }

  get path(): string {
    return this.#options.path;
  }

  /** Adds an element with these bytes (a string: its UTF-8) and resolves to its name. */
  async add(data: Buffer | string): Promise<string> {
    this.#open();
    const staged = this.#attempt('add', '', () => this.#stage(typeof data === 'string' ? Buffer.from(data) : data));
    try {
      if (this.#sync) await promisify(this.#writer.syncData.bind(this.#writer))(staged);
      const name = this.#writer.publish(staged);
      if (this.#sync) await this.#writer.syncFolder(staged.folder);
      this.#writer.finish(staged);
      return name;
    } catch (error) {
      this.#writer.discard(staged);
      throw queueError('add', this.path, error);
    }
  }

  /** Adds a message, written as JSON, and resolves to its element's name. */
  async addMessage(message: Message): Promise<string> {
    return this.add(encodeMessage(message));
  }

  /** Resolves true when the element is ours, false when another process has it or it is gone. */
  async lock(name: string): Promise<boolean> {
    this.#open();
    return this.#attempt('lock', name, () => this.#elements.lock(name, Date.now() / 1000));
  }

  /** Gives a locked element back; false when it was not locked. */
  async unlock(name: string): Promise<boolean> {
    return this.#attempt('unlock', name, () => this.#elements.unlock(name));
  }

  /** Says that a locked element is still in use, so that no purge takes its lock away. */
  async touch(name: string): Promise<void> {
    this.#attempt('touch', name, () => this.#elements.touch(name, Date.now() / 1000));
  }

  /** Removes a locked element. Rejects with ELEMENT_NOT_LOCKED. */
  async remove(name: string): Promise<void> {
    this.#mustBeLocked('remove', name);
    this.#attempt('remove', name, () => this.#elements.remove(name));
  }

  /** The bytes of a locked element. Rejects with ELEMENT_NOT_LOCKED, or MESSAGE_TOO_LARGE. */
  async get(name: string): Promise<Buffer> {
    this.#mustBeLocked('get', name);
    return this.#attempt('get', name, () => Buffer.from(this.#elements.read(name, Number.MAX_SAFE_INTEGER)));
  }

  /** The message in a locked element. Rejects with ELEMENT_NOT_LOCKED, ELEMENT_UNDECODABLE, or MESSAGE_TOO_LARGE. */
  async getMessage(name: string): Promise<Message> {
    this.#mustBeLocked('get', name);
    const message = this.#attempt('get', name, () => this.#elements.readMessage(name, this.#maxMessageSize));
    if (message === undefined) throw new StompctlError('ELEMENT_UNDECODABLE', 'get', name, 'the file is empty');
    return message;
  }

  /** The file of a locked element; it may be read, not removed. */
  getPath(name: string): string {
    return `${this.path}/${checkName('get path', name)}${LOCK_SUFFIX}`;
  }

  /** How many elements there are, locked or not. */
  async count(): Promise<number> {
    this.#open();
    let count = 0;
    for (const folder of this.#directory.folders()) {
      count += (await readElements(this.#directory.files, `${this.path}/${folder}`)).length;
    }
    return count;
  }

  /**
   * Removes what processes that died left behind: temporary files older than `maxTemp`, locks older than `maxLock`
   * (seconds; 0: keep; by default the queue's options), empty intermediate folders but the last.
   */
  async purge(options: { readonly maxTemp?: number; readonly maxLock?: number } = {}): Promise<PurgeReport> {
    this.#open();
    const { maxTemp = this.#options.maxTemp, maxLock = this.#options.maxLock } = options;
    return purgeSimple(this.#directory, { maxTemp, maxLock });
  }

  /** The names of the elements, oldest first, locked ones too. Reads one folder at a time. */
  async *names(): AsyncGenerator<string, void, undefined> {
    this.#open();
    const cursor = new ElementCursor(this.#directory);
    const slice = new TimeSlice();
    while (await cursor.advance()) {
      for (let name = cursor.take(); name !== undefined; name = cursor.take()) {
        yield name;
        if (slice.over()) await slice.rest();
      }
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.names();
  }

  #open(): void {
    if (this.#opened) return;
    this.#directory.open();
    this.#opened = true;
  }

  #stage(bytes: Buffer): Staged {
    for (;;) {
      try {
        return this.#writer.stageBytes(bytes);
      } catch (error) {
        // RACE: another process took the same name in the same microsecond
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  }

  #mustBeLocked(operation: string, name: string): void {
    const lock = this.#attempt(operation, name, () => this.#elements.lockInfo(name));
    if (lock === undefined)
      throw new StompctlError('ELEMENT_NOT_LOCKED', operation, name, 'is not locked: lock it first');
  }

  #attempt<Result>(operation: string, name: string, run: () => Result): Result {
    if (name !== '') checkName(operation, name);
    try {
      return run();
    } catch (error) {
      throw queueError(operation, name === '' ? this.path : `${this.path}/${name}`, error);
    }
  }
}

function checkName(operation: string, name: string): string {
  if (ELEMENT_NAME.test(name)) return name;
  throw new StompctlError('USAGE', operation, name, 'is not the name of an element: 8 and 14 hex digits, folder/file');
}
