import { errnoOf, StompctlError } from '../base/errors.js';
import { type FileSystem, quietly, systemFiles } from '../base/file-system.js';
import type { Message } from '../message/message.js';
import { elementNames } from './element-cursor.js';
import { readNames } from './element-list.js';
import { ELEMENT_FILE, ELEMENT_NAME } from './element-name.js';
import type { ElementStore, ElementWriter, QueueKind, Staged } from './element-store.js';
import type { PurgeReport } from './purge.js';
import { QueueDirectory, queueError } from './queue-directory.js';
import { foldersOf } from './queue-kind.js';
import { type QueueOptions, type QueueType, type ResolvedQueueOptions, resolveQueueOptions } from './queue-options.js';

export interface LibraryQueueOptions extends Omit<QueueOptions, 'type'> {
  /** `add` resolves only when the element would survive a power loss; false, as in Perl's and Python's libraries */
  readonly sync?: boolean;
  /** bytes a message may have; 64 MiB */
  readonly maxMessageSize?: number;
}

/** What `list` tells of an element. */
export interface ElementSummary {
  readonly name: string;
  /** bytes on disk, or a few more */
  readonly size: number;
  /** when it was added, as its name says; milliseconds since the epoch */
  readonly addedMs: number;
  /** when it was locked, or last touched since; undefined: not locked */
  readonly lockedMs: number | undefined;
}

const DEFAULT_MAX_MESSAGE_SIZE = 64 * 1024 * 1024;

/**
 * What both types of directory queues have. Element names read `folder/file`. The queue's folder is made at the first use.
 * Every method rejects with a StompctlError: QUEUE_INVALID, QUEUE_CANNOT_CREATE, QUEUE_PERMISSION, QUEUE_IO, USAGE (a name
 * that is none), and those it names.
 */
export abstract class DirectoryQueue<
  Elements extends ElementStore = ElementStore,
  Writer extends ElementWriter = ElementWriter,
> implements AsyncIterable<string>
{
  protected readonly directory: QueueDirectory;
  protected readonly kind: QueueKind<Elements, Writer>;
  readonly #options: ResolvedQueueOptions;
  readonly #sync: boolean;
  readonly #maxMessageSize: number;
  #opened = false;

  protected constructor(
    type: QueueType,
    options: LibraryQueueOptions,
    kind: (directory: QueueDirectory, options: ResolvedQueueOptions) => QueueKind<Elements, Writer>,
    files: FileSystem = systemFiles,
  ) {
    this.#options = resolveQueueOptions({ ...options, type });
    this.#sync = options.sync ?? false;
    this.#maxMessageSize = options.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
    this.directory = new QueueDirectory(this.#options.path, files, this.#options.umask);
    this.kind = kind(this.directory, this.#options);
  }

  get path(): string {
    return this.#options.path;
  }

  /** Adds a message and resolves to its element's name. */
  addMessage(message: Message): Promise<string> {
    return this.addStaged((temporary) => this.kind.writer.stage(message, temporary));
  }

  /** The message in a locked element. Rejects with ELEMENT_NOT_LOCKED, ELEMENT_UNDECODABLE, or MESSAGE_TOO_LARGE. */
  async getMessage(name: string): Promise<Message> {
    this.mustBeLocked('get', name);
    const message = this.attempt('get', name, () => this.kind.elements.readMessage(name, this.#maxMessageSize));
    if (message === undefined) throw new StompctlError('ELEMENT_UNDECODABLE', 'get', name, 'the file is empty');
    return message;
  }

  /** Resolves true when the element is ours, false when another process has it or it is gone. */
  async lock(name: string): Promise<boolean> {
    return this.attempt('lock', name, () => this.kind.elements.lock(name, Date.now() / 1000));
  }

  /** Gives a locked element back; false when it was not locked. */
  async unlock(name: string): Promise<boolean> {
    return this.attempt('unlock', name, () => this.kind.elements.unlock(name));
  }

  /** Says that a locked element is still in use, so that no purge takes its lock away. */
  async touch(name: string): Promise<void> {
    this.attempt('touch', name, () => this.kind.elements.touch(name, Date.now() / 1000));
  }

  /** Removes a locked element; with `sync` no power loss brings back half of it. Rejects with ELEMENT_NOT_LOCKED. */
  async remove(name: string): Promise<void> {
    this.mustBeLocked('remove', name);
    const { aside } = this.attempt('remove', name, () => this.kind.elements.remove(name));
    if (aside === undefined) return;
    if (this.#sync) await this.directory.syncFolder(`${this.path}/${name.slice(0, 8)}`);
    this.attempt('remove', name, () => this.kind.elements.discard(aside));
  }

  /** How many elements there are, locked or not. */
  async count(): Promise<number> {
    this.open();
    let count = 0;
    for (const folder of this.directory.folders()) {
      await readNames(this.directory.files, `${this.path}/${folder}`, (name) => {
        if (ELEMENT_FILE.test(name)) count += 1;
      });
    }
    return count;
  }

  /**
   * Removes what processes that died left behind: temporary elements older than `maxTemp`, locks older than `maxLock`
   * (seconds; 0: keep; by default the queue's options), empty intermediate folders but the last.
   */
  async purge(options: { readonly maxTemp?: number; readonly maxLock?: number } = {}): Promise<PurgeReport> {
    this.open();
    const { maxTemp = this.#options.maxTemp, maxLock = this.#options.maxLock } = options;
    return this.kind.purge({ maxTemp, maxLock });
  }

  /** The names of the elements, oldest first, locked ones too. Reads one folder at a time. */
  async *names(): AsyncGenerator<string, void, undefined> {
    this.open();
    yield* elementNames(this.directory);
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.names();
  }

  /** The elements with their size, age and lock, oldest first. */
  async *list(): AsyncGenerator<ElementSummary, void, undefined> {
    for await (const name of this.names()) {
      const [info, lock] = this.attempt('list', name, () => [
        this.kind.elements.inspect(name),
        this.kind.elements.lockInfo(name),
      ]);
      // RACE: another process took it after the folder was read
      if (info === undefined) continue;
      const addedMs = Number.parseInt(name.slice(9, 17), 16) * 1000 + Number.parseInt(name.slice(17, 22), 16) / 1000;
      yield { name, size: info.size, addedMs, lockedMs: lock?.modifiedMs };
    }
  }

  protected open(): void {
    if (this.#opened) return;
    this.directory.open(foldersOf(this.#options.type));
    this.#opened = true;
  }

  /** Carries a new element through all steps; `stage` makes it under a temporary name. */
  protected async addStaged(stage: (temporary: string) => Staged): Promise<string> {
    this.open();
    const { writer } = this.kind;
    let staged: Staged | undefined;
    try {
      const element = this.#stage(stage);
      staged = element;
      if (this.#sync) {
        await new Promise<void>((resolve, reject) => {
          writer.syncData(element, (error) => (error === null ? resolve() : reject(error)));
        });
      }
      const name = writer.publish(element);
      if (this.#sync) await writer.syncFolder(element.folder);
      // the element is there: a temporary name that stays is the purge's
      quietly(() => writer.finish(element));
      return name;
    } catch (error) {
      const element = staged;
      if (element !== undefined) quietly(() => writer.discard(element));
      throw queueError('add', this.path, error);
    }
  }

  protected mustBeLocked(operation: string, name: string): void {
    const lock = this.attempt(operation, name, () => this.kind.elements.lockInfo(name));
    if (lock !== undefined) return;
    throw new StompctlError('ELEMENT_NOT_LOCKED', operation, name, 'is not locked: lock it first');
  }

  protected attempt<Result>(operation: string, name: string, run: () => Result): Result {
    this.open();
    checkName(operation, name);
    try {
      return run();
    } catch (error) {
      throw queueError(operation, `${this.path}/${name}`, error);
    }
  }

  #stage(stage: (temporary: string) => Staged): Staged {
    for (;;) {
      try {
        return stage(this.kind.writer.temporaryName());
      } catch (error) {
        // RACE: another process took the same name in the same microsecond
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  }
}

/** Throws USAGE for what is no element name: nothing else must reach the file system. */
export function checkName(operation: string, name: string): string {
  if (ELEMENT_NAME.test(name)) return name;
  throw new StompctlError('USAGE', operation, name, 'is not the name of an element: 8 and 14 hex digits, folder/file');
}
