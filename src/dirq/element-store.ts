import { errnoOf, reasonOf } from '../base/errors.js';
import type { Message } from '../message/message.js';
import type { Leftovers } from './journal/journal-recovery.js';
import type { PurgeOptions, PurgeReport } from './purge.js';

/** What is known of an element without reading it. */
export interface ElementInfo {
  /** bytes on disk, or a few more */
  readonly size: number;
  readonly ino: number;
  readonly modifiedMs: number;
  /** false: something that no producer puts there (another type of queue's, a pipe, a symbolic link) */
  readonly regular: boolean;
  /** of an element that is one file: whose it is, and its permissions */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

/** How the removal of an element went. */
export interface Removal {
  /** false: it, or its lock, was gone: someone purged a lock that grew too old */
  readonly done: boolean;
  /**
   * What is left of it out of the way, relative to the queue: to be discarded once the element's folder was synced. If that
   * came first, a power loss could bring back the element without what was in it.
   */
  readonly aside?: string;
}

/** An element could not be locked for good, and the lock that was begun could not be taken away: it is ours, and stays. */
export class LockLeft extends Error {
  override readonly name = 'LockLeft';
  /** the errno name */
  readonly code: string;

  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
    this.code = errnoOf(cause) ?? 'EIO';
  }
}

/**
 * The elements of a queue, one system call after the other. Names are `folder/file`. Every race with another process ends
 * in an answer; what is thrown is the system's own error, unless said otherwise.
 */
export interface ElementStore extends Leftovers {
  /** undefined: there is no such element */
  inspect(name: string): ElementInfo | undefined;
  /**
   * True: it is ours now, as of `time` (seconds since the epoch); false: it is another's, or gone. What it throws has left
   * no lock, unless it is a LockLeft.
   */
  lock(name: string, time: number): boolean;
  /** Removes an element that we locked. */
  remove(name: string): Removal;
  /** Sets the time of a lock. Throws ENOENT when the element is gone. */
  touch(name: string, time: number): void;
  /**
   * The message in an element that we locked; undefined when it is the empty leftover of a crash. Throws
   * ELEMENT_UNDECODABLE, MESSAGE_TOO_LARGE, or the system's error.
   */
  readMessage(name: string, maxMessageSize: number): Message | undefined;
  /** Bytes on disk: what is larger holds more than a message of so many, and need not be read. */
  largest(maxMessageSize: number): number;
  /** Is it what a crash left, since it has nothing in it? */
  isLeftover(info: ElementInfo): boolean;
  /** The bytes of an element that we locked, a copy; undefined where it is more than one file, or over `limit`. */
  readRaw(name: string, limit: number): Buffer | undefined;
}

/** An element on its way into a queue: temporary, then under its final name as well. */
export interface Staged {
  /** the intermediate folder that it was, or will be, published in */
  folder: string;
  /** its temporary file or folder, relative to the queue; of what is `moved` there is none, and this is empty */
  readonly temporary: string;
  /** the element of another queue, a path, that gets a name here */
  readonly moved?: string;
  /** open descriptors that are to be synced */
  fds: number[];
  /** `folder/file`, once published */
  name: string | undefined;
}

/** Undoes a lock that was begun, because of `error`. Throws a LockLeft when that fails too. */
export function undoLock(unlock: () => void, error: unknown): void {
  try {
    unlock();
  } catch (second) {
    if (errnoOf(second) === undefined) throw second;
    throw new LockLeft(error);
  }
}

/** Calls each, also when one throws; then throws what the first one threw. */
export function inTurn(steps: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** The steps by which an element comes into a queue. Whoever calls them puts them in order and syncs between. */
export interface ElementWriter {
  /** A fresh temporary name, to be written down before it is used. */
  temporaryName(): string;
  /**
   * Writes a message under its temporary name. Throws the system's error, or an error whose action is `reject` for a message that no element can
   * hold, with nothing left behind.
   */
  stage(message: Message, temporary: string): Staged;
  /** The same with the bytes of an element as they are. Throws QUEUE_INVALID where an element is more than one file. */
  stageBytes(bytes: Buffer, temporary: string): Staged;
  /**
   * Are files of this user and group, with this mode, like those that are written here? undefined: none was written yet, so
   * it is not known.
   */
  isLike(file: { readonly uid: number; readonly gid: number; readonly mode: number }): boolean | undefined;
  /**
   * The file of another queue's element is to get a name here. `sync`: its bytes are to be synced, whoever wrote them. Throws
   * the system's error, QUEUE_IO, or QUEUE_INVALID where an element is more than one file.
   */
  stageFile(path: string, sync: boolean): Staged;
  /** Calls back once, when the bytes of a staged element are on the disk, or with the system's error. */
  syncData(staged: Staged, done: (error: Error | null) => void): void;
  /** Gives a staged element its final name, greater than every earlier one. Throws the system's error. */
  publish(staged: Staged): string;
  /** Resolves when the elements published in a folder, and the folder itself, are on the disk. Rejects with QUEUE_IO. */
  syncFolder(folder: string): Promise<void>;
  /** The element is there to stay: nothing temporary remains. What it throws, the element is there. */
  finish(staged: Staged): void;
  /** Gives up a staged element, published or not. False: a consumer has it already, or it cannot be taken back. */
  discard(staged: Staged): boolean;
}

/** One type of queue. */
export interface QueueKind<Elements = ElementStore, Writer = ElementWriter> {
  readonly elements: Elements;
  readonly writer: Writer;
  purge(options: PurgeOptions): Promise<PurgeReport>;
}
