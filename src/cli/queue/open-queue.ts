import { constants } from 'node:fs';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { systemFiles } from '../../base/file-system.js';
import { elementNames } from '../../dirq/element-cursor.js';
import { ELEMENT_NAME } from '../../dirq/element-name.js';
import type { QueueKind } from '../../dirq/element-store.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import { foldersOf, queueKind } from '../../dirq/queue-kind.js';
import { type QueueType, resolveQueueOptions } from '../../dirq/queue-options.js';
import { detectQueueType } from '../../dirq/queue-type.js';
import type { Message } from '../../message/message.js';

const { R_OK, W_OK, X_OK } = constants;
/** bytes; the most that the program ever takes: a larger body does not fit into a JSON string */
export const LARGEST_MESSAGE = 350 * 1024 * 1024;

/** A queue that is there, made by whomever. Nothing in it is touched by opening it. */
export class OpenQueue {
  readonly path: string;
  readonly type: QueueType;
  readonly directory: QueueDirectory;
  readonly kind: QueueKind;

  /** Throws QUEUE_MISSING, QUEUE_INVALID, QUEUE_PERMISSION; `forWriting`: elements are to be locked or removed. */
  constructor(given: string, type: QueueType | undefined, forWriting: boolean) {
    const { path } = resolveQueueOptions({ path: given });
    checkFolder(path, forWriting);
    this.path = path;
    this.type = type ?? detectQueueType(path) ?? 'DQS';
    this.directory = new QueueDirectory(path, systemFiles, undefined);
    this.kind = queueKind(this.directory, resolveQueueOptions({ path, type: this.type }));
    if (forWriting) this.directory.open(foldersOf(this.type));
  }

  /** The names of the elements, oldest first, locked ones too. Rejects with QUEUE_IO. */
  names(): AsyncGenerator<string, void, undefined> {
    return elementNames(this.directory);
  }

  async count(): Promise<number> {
    let count = 0;
    for await (const _name of this.names()) count += 1;
    return count;
  }

  /**
   * The message in an element, locked or not; undefined when there is no such element (any more). Throws
   * ELEMENT_UNDECODABLE, ELEMENT_UNREADABLE, MESSAGE_TOO_LARGE.
   */
  message(name: string): Message | undefined {
    return this.look(name, () => {
      const message = this.kind.elements.readMessage(name, LARGEST_MESSAGE);
      if (message === undefined) throw new StompctlError('ELEMENT_UNDECODABLE', 'decode', name, 'the file is empty');
      return message;
    });
  }

  /** Looks into an element that nobody keeps from vanishing. Undefined: it is not there. Throws as `message`. */
  look<Result>(name: string, read: () => Result): Result | undefined {
    const info = this.attempt('read', name, () => this.kind.elements.inspect(name));
    if (info === undefined) return undefined;
    if (!info.regular) {
      const reason = `is not an element of a queue of type ${this.type}: see --type`;
      throw new StompctlError('ELEMENT_UNREADABLE', 'read', name, reason);
    }
    try {
      return read();
    } catch (error) {
      // RACE: removed, in whole or in part, while it was read
      if (this.kind.elements.inspect(name) === undefined) return undefined;
      if (error instanceof StompctlError) throw error;
      throw new StompctlError('ELEMENT_UNREADABLE', 'read', name, reasonOf(error), error);
    }
  }

  /** Runs system calls on one element; what they throw becomes QUEUE_IO. */
  attempt<Result>(operation: string, name: string, run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      throw queueError(operation, `${this.path}/${name}`, error);
    }
  }
}

/** Throws USAGE for operands that are no element names. */
export function checkNames(names: readonly string[]): void {
  const wrong = names.find((name) => !ELEMENT_NAME.test(name));
  if (wrong === undefined) return;
  const reason = 'is not the name of an element: 8 and 14 hex digits, as in 6a0b1c00/6a0b1c2d012345';
  throw new StompctlError('USAGE', 'argument', wrong, reason);
}

function checkFolder(path: string, forWriting: boolean): void {
  try {
    if (!systemFiles.statSync(path).isDirectory()) {
      throw new StompctlError('QUEUE_INVALID', 'open queue', path, 'is not a directory');
    }
    systemFiles.accessSync(path, R_OK | X_OK | (forWriting ? W_OK : 0));
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT')
      throw new StompctlError('QUEUE_MISSING', 'open queue', path, 'there is no such folder', error);
    const code = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS' ? 'QUEUE_PERMISSION' : 'QUEUE_INVALID';
    const needed = forWriting ? 'reading, writing and searching' : 'reading and searching';
    const next = code === 'QUEUE_PERMISSION' ? `: ${needed} must be permitted` : '';
    throw new StompctlError(code, 'open queue', path, `${reasonOf(error)}${next}`, error);
  }
}
