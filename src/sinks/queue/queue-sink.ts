import { type Clock, systemClock } from '../../base/clock.js';
import { diskThreads } from '../../base/disk-threads.js';
import { errnoOf, StompctlError } from '../../base/errors.js';
import { type FileSystem, systemFiles } from '../../base/file-system.js';
import { Bell, wait } from '../../base/wait.js';
import type { QueueKind, Staged } from '../../dirq/element-store.js';
import { recoverJournals } from '../../dirq/journal/journal-recovery.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import { NO_LIMITS, QueueGauge, type QueueLimits } from '../../dirq/queue-gauge.js';
import { foldersOf, queueKind } from '../../dirq/queue-kind.js';
import { type QueueOptions, resolveQueueOptions, type SyncMode } from '../../dirq/queue-options.js';
import { type StagedId, StoredIds } from '../../dirq/stored-ids.js';
import type { Sink } from '../../flow/sink.js';
import type { StoredElement } from '../../flow/stored-element.js';
import { duplicateId } from '../../message/duplicate-id.js';
import type { Message } from '../../message/message.js';
import type { DeduplicateOptions } from './deduplicate-options.js';
import { type Content, Staging, sizeOf } from './staging.js';

export interface QueueSinkOptions extends QueueOptions {
  /** batch: messages sent together are synced together; message: one by one; none: no fsync at all */
  readonly sync: SyncMode;
  /** what the queue may grow to; without it, until the disk is full */
  readonly limits?: QueueLimits | undefined;
  /** remember what was stored, and drop it when it comes again */
  readonly deduplicate?: DeduplicateOptions | undefined;
  readonly clock?: Clock;
  /** the queue has reached a limit: what is sent waits */
  readonly onFull?: (reason: string) => void;
  /** there is room again */
  readonly onRoom?: () => void;
}

/** elements of one batch: each has one file open, or three; processes are often allowed 1024 */
const MOST_MESSAGES = { DQS: 384, DQN: 64 } as const;
const MOST_BYTES = 16 * 1024 * 1024;
/** a full queue is looked at this often */
const FULL_MS = 1000;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (reason: StompctlError) => void;
  readonly content: Content;
  readonly size: number;
  /** by which it is remembered; undefined: not at all */
  readonly id: string | undefined;
}

interface Writing extends Pending {
  readonly staged: Staged;
}

/**
 * Writes messages into a queue. What is sent while a batch is on its way to the disk makes the next batch. Every failure
 * of the disk is a QUEUE_IO (wait, send again), with nothing half-written left.
 */
export class QueueSink implements Sink {
  readonly name: string;
  readonly #directory: QueueDirectory;
  readonly #kind: QueueKind;
  readonly #folders: readonly string[];
  readonly #staging: Staging;
  readonly #ids: StoredIds | undefined;
  readonly #options: QueueSinkOptions & { readonly clock: Clock };
  readonly #sync: QueueSinkOptions['sync'];
  readonly #gauge: QueueGauge | undefined;
  readonly #maxLock: number;
  #fullReason: string | undefined;
  /** rung when the sink is being closed, or gives up what waits */
  readonly #recalled = new Bell();
  #closing = false;
  #pending: Pending[] = [];
  #commits: Promise<void> | undefined;

  constructor(options: QueueSinkOptions, files: FileSystem = systemFiles) {
    const resolved = resolveQueueOptions(options);
    const { path } = resolved;
    this.#maxLock = resolved.maxLock;
    this.name = `queue ${path}`;
    this.#options = { clock: systemClock, ...options };
    this.#sync = options.sync;
    this.#directory = new QueueDirectory(path, files, resolved.umask);
    this.#kind = queueKind(this.#directory, resolved);
    this.#folders = foldersOf(resolved.type);
    const { limits } = options;
    if (limits !== undefined) this.#gauge = new QueueGauge(this.#directory, this.#kind.elements, limits);
    const { deduplicate } = options;
    const sync = options.sync !== 'none';
    if (deduplicate !== undefined) {
      const { size, onUnknown } = deduplicate;
      this.#ids = new StoredIds(this.#directory, { size, onUnknown, maxLock: resolved.maxLock, sync });
    }
    this.#staging = new Staging(this.#directory, this.#kind, this.#ids, sync);
  }

  /** Makes the queue's folder when it is missing, and removes the temporary files of dead processes of this machine. */
  async open(): Promise<void> {
    this.#directory.open(this.#folders);
    this.#staging.tidyAgain();
    const { path, files } = this.#directory;
    try {
      // what cannot be tidied up now is for the next process, or the purge
      recoverJournals(path, files, this.#kind.elements, { maxLock: this.#maxLock });
      await this.#ids?.open();
    } catch (error) {
      throw queueError('open queue', path, error);
    }
    if (this.#sync !== 'none') await this.#directory.syncParents();
  }

  send(message: Message, id?: string): Promise<void> {
    const { deduplicate } = this.#options;
    const known = deduplicate === undefined ? undefined : duplicateId(message.header, id, deduplicate.by);
    return this.#send(message, known);
  }

  /** Where neither the id nor another form of the message is wanted, nobody need look into it. */
  get moves(): boolean {
    const { type, format, deduplicate, compression } = this.#options;
    return type !== 'DQN' && format !== 'raw' && deduplicate === undefined && compression === undefined;
  }

  move(element: StoredElement): Promise<void> {
    return this.moves ? this.#send(element) : this.#sendRead(element);
  }

  /** Can elements be sent as they are? Not where an element is more than one file. */
  get takesRaw(): boolean {
    return this.#options.type !== 'DQN';
  }

  /** Sends an element as it is, byte for byte. Rejects as `send`, or with QUEUE_INVALID on a queue of type DQN. */
  sendRaw(bytes: Buffer): Promise<void> {
    return this.#send(bytes);
  }

  /** Why what was sent cannot be written now: the queue has reached a limit. Undefined: it has not, as far as anything waits for it. */
  get fullReason(): string | undefined {
    return this.#fullReason;
  }

  async flush(): Promise<void> {
    await this.#commits;
  }

  retract(): void {
    this.#rejectAll(new StompctlError('SESSION_CLOSED', 'write', this.#directory.path, 'given back before'));
    this.#recalled.ring();
  }

  async recall(): Promise<void> {
    this.retract();
    await this.flush();
  }

  /** Flushes and closes; on a full queue what waits is rejected with QUEUE_IO. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#recalled.ring();
    await this.flush();
    this.#closing = false;
    this.#ids?.close();
    this.#staging.close();
  }

  /** Rejects as `StoredElement.message` throws, too. */
  async #sendRead(element: StoredElement): Promise<void> {
    await this.send(element.message);
  }

  #send(content: Content, id?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ content, size: sizeOf(content), id, resolve, reject });
      this.#commits ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      // all that is sent in this turn belongs together
      await new Promise<void>((resolve) => setImmediate(resolve));
      const hasRoom = this.#gauge === undefined || (await this.#hasRoom(this.#gauge));
      if (hasRoom && this.#pending.length > 0) await this.#commit(this.#nextBatch());
    }
    // nothing waits for room any more
    this.#fullReason = undefined;
    this.#commits = undefined;
  }

  /** Resolves false after a wait when the queue is full; what is sent waits too, until the queue is closed. */
  async #hasRoom(gauge: QueueGauge): Promise<boolean> {
    let reason: string | undefined;
    try {
      reason = await gauge.whyFull();
    } catch (error) {
      this.#rejectAll(error);
      return false;
    }
    if (reason === undefined) {
      if (this.#fullReason !== undefined) this.#options.onRoom?.();
      this.#fullReason = undefined;
      return true;
    }
    if (this.#fullReason === undefined) this.#options.onFull?.(reason);
    this.#fullReason = reason;
    if (this.#closing) this.#rejectAll(new StompctlError('QUEUE_IO', 'write', this.#directory.path, reason));
    else await wait(this.#options.clock, FULL_MS, { bell: this.#recalled });
    return false;
  }

  #rejectAll(error: unknown): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const one of pending) one.reject(queueError('write', this.#directory.path, error));
  }

  #nextBatch(): Pending[] {
    const { elements, bytes: bytesLeft } = this.#gauge?.room ?? NO_LIMITS;
    const most = this.#sync === 'message' ? 1 : Math.min(MOST_MESSAGES[this.#options.type ?? 'DQS'], elements);
    const mostBytes = Math.min(MOST_BYTES, bytesLeft);
    let bytes = 0;
    let count = 0;
    for (; count < most && count < this.#pending.length; count += 1) {
      bytes += this.#pending[count]?.size ?? 0;
      if (count > 0 && bytes > mostBytes) break;
    }
    const batch = this.#pending.slice(0, count);
    this.#pending = this.#pending.slice(count);
    return batch;
  }

  /**
   * Write the temporary files, fdatasync each, link each, fsync the touched folders, and the queue's folder when one of
   * them was new, resolve, unlink the temporary files. Never rejects: each message's promise tells. What is remembered by
   * its id is announced before the links, and said to be stored after the last sync.
   */
  async #commit(batch: readonly Pending[]): Promise<void> {
    const bytes = batch.reduce((sum, one) => sum + one.size, 0);
    const written = this.#stageAll(await this.#withoutDuplicates(batch));
    const durable = this.#sync === 'none' ? written : await this.#syncData(written);
    const published = this.#publishAll(await this.#announce(durable));
    const safe = this.#sync === 'none' ? published : await this.#syncFolders(published);
    await this.#ids?.stored(stagedIds(safe));
    for (const one of safe) one.resolve();
    this.#gauge?.added(safe.length, bytes);
    // the others have gone with their ids
    const { writer } = this.#kind;
    for (const { id, staged } of safe) if (id === undefined) this.#staging.tidy(staged, () => writer.finish(staged));
    this.#staging.compact();
  }

  /** Those that are not stored yet. One that comes twice in a batch waits for what becomes of the first. */
  async #withoutDuplicates(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const ids = this.#ids;
    if (ids === undefined || batch.every(({ id }) => id === undefined)) return batch;
    const fresh: Pending[] = [];
    const again: Pending[] = [];
    const duplicates: Pending[] = [];
    const seen = new Set<string>();
    try {
      ids.refresh();
      for (const one of batch) {
        if (one.id !== undefined && ids.has(one.id)) duplicates.push(one);
        else if (one.id !== undefined && seen.has(one.id)) again.push(one);
        else fresh.push(one);
        if (one.id !== undefined) seen.add(one.id);
      }
      await ids.syncFound();
    } catch (error) {
      for (const one of batch) one.reject(queueError('read ids', this.#directory.path, error));
      return [];
    }
    for (const one of duplicates) {
      one.resolve();
      this.#options.deduplicate?.onDuplicate?.(this.name);
    }
    this.#pending = again.concat(this.#pending);
    return fresh;
  }

  async #announce(durable: readonly Writing[]): Promise<readonly Writing[]> {
    try {
      await this.#ids?.intend(stagedIds(durable));
      return durable;
    } catch (error) {
      for (const one of durable) this.#giveUp(one, 'write id', error);
      return [];
    }
  }

  #stageAll(batch: readonly Pending[]): Writing[] {
    const written: Writing[] = [];
    let names: readonly (string | undefined)[] = [];
    for (const [index, one] of batch.entries()) {
      try {
        if (index === 0) names = this.#staging.names(batch);
        written.push({ ...one, staged: this.#staging.stage(one.content, names[index]) });
      } catch (error) {
        // with some files open already, the rest can wait until they are closed
        if (errnoOf(error) === 'EMFILE' && written.length > 0) {
          this.#pending = batch.slice(index).concat(this.#pending);
          return written;
        }
        one.reject(queueError('write', this.#directory.path, error));
        // order: what comes after must not overtake; a message that is itself at fault stops nobody
        if (error instanceof StompctlError && error.action === 'reject') continue;
        for (const later of batch.slice(index + 1)) later.reject(queueError('write', this.#directory.path, error));
        return written;
      }
    }
    return written;
  }

  /** A file whose sync failed is dropped: the kernel may have thrown its pages away and would call the next sync good. */
  async #syncData(written: readonly Writing[]): Promise<Writing[]> {
    const failures = new Map<Writing, unknown>();
    await diskThreads.each(written, (one, done) => {
      this.#kind.writer.syncData(one.staged, (error) => {
        if (error !== null) failures.set(one, error);
        done();
      });
    });
    for (const [one, error] of failures) if (!this.#copies([one], error)) this.#giveUp(one, 'fdatasync', error);
    return written.filter((one) => !failures.has(one));
  }

  #publishAll(durable: readonly Writing[]): Writing[] {
    for (const [index, one] of durable.entries()) {
      try {
        this.#kind.writer.publish(one.staged);
      } catch (error) {
        const rest = durable.slice(index);
        if (!this.#copies(rest, error)) for (const later of rest) this.#giveUp(later, 'link', error);
        return durable.slice(0, index);
      }
    }
    return [...durable];
  }

  async #syncFolders(published: readonly Writing[]): Promise<Writing[]> {
    const folders = new Set(published.map((one) => one.staged.folder));
    let safe = [...published];
    for (const folder of folders) {
      try {
        await this.#kind.writer.syncFolder(folder);
      } catch (error) {
        for (const one of safe) if (one.staged.folder === folder) this.#giveUp(one, 'fsync', error);
        safe = safe.filter((one) => one.staged.folder !== folder);
      }
    }
    return safe;
  }

  /** The first of these could not be moved: true when all of them are staged again, and that one is copied. */
  #copies(rest: readonly Writing[], error: unknown): boolean {
    const [first] = rest;
    if (first === undefined || !this.#staging.copies(first.content, first.staged, error)) return false;
    for (const { staged } of rest) this.#staging.tidy(staged, () => this.#kind.writer.discard(staged));
    this.#pending = [...rest, ...this.#pending];
    return true;
  }

  #giveUp(one: Writing, operation: string, error: unknown): void {
    this.#staging.tidy(one.staged, () => this.#kind.writer.discard(one.staged));
    one.reject(queueError(operation, this.#directory.path, error));
  }
}

function stagedIds(list: readonly Writing[]): StagedId[] {
  return list.flatMap(({ id, staged: { temporary } }) => (id === undefined ? [] : [{ id, temporary }]));
}
