import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { systemFiles } from '../../base/file-system.js';
import { ElementCursor } from '../../dirq/element-cursor.js';
import type { ElementStore } from '../../dirq/element-store.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import { queueKind } from '../../dirq/queue-kind.js';
import { type QueueOptions, resolveQueueOptions } from '../../dirq/queue-options.js';
import { TimeSlice } from '../../dirq/time-slice.js';
import type { HeaderTemplates } from '../../message/header-templates.js';
import type { Message } from '../../message/message.js';
import { withHeaders } from './element-header.js';

export interface PreviewedElement {
  /** `folder/file` */
  readonly name: string;
  /** the message; or why a run would not get it */
  readonly content: Message | StompctlError;
}

/**
 * Reads the messages of a queue without taking them: nothing is locked, touched, purged or written, so that a run on the
 * same queue is not disturbed. Elements that are locked are another's, and left out.
 */
export class QueuePreview {
  readonly name: string;
  readonly #directory: QueueDirectory;
  readonly #elements: ElementStore;
  readonly #maxMessageSize: number;
  readonly #headers: HeaderTemplates | undefined;

  constructor(options: QueueOptions, maxMessageSize: number, headers?: HeaderTemplates) {
    this.#headers = headers;
    const resolved = resolveQueueOptions(options);
    this.name = `queue ${resolved.path}`;
    this.#directory = new QueueDirectory(resolved.path, systemFiles, resolved.umask);
    this.#elements = queueKind(this.#directory, resolved).elements;
    this.#maxMessageSize = maxMessageSize;
  }

  /** What is there now, oldest first. Throws QUEUE_MISSING, QUEUE_INVALID, QUEUE_PERMISSION, QUEUE_IO. */
  async *elements(): AsyncGenerator<PreviewedElement, void, undefined> {
    this.#mustExist();
    const cursor = new ElementCursor(this.#directory);
    const slice = new TimeSlice();
    while (await cursor.advance()) {
      for (let name = cursor.take(); name !== undefined; name = cursor.take()) {
        const content = this.#read(name);
        if (content !== undefined) yield { name, content };
        if (slice.over()) await slice.rest();
      }
    }
  }

  #mustExist(): void {
    const { path, files } = this.#directory;
    try {
      files.readdirSync(path);
    } catch (error) {
      const codes = { ENOENT: 'QUEUE_MISSING', ENOTDIR: 'QUEUE_INVALID', EACCES: 'QUEUE_PERMISSION' } as const;
      const code = codes[errnoOf(error) as keyof typeof codes];
      if (code === undefined) throw queueError('preview', path, error);
      const reason = code === 'QUEUE_MISSING' ? 'there is no such queue' : reasonOf(error);
      throw new StompctlError(code, 'preview', path, reason, error);
    }
  }

  /** Undefined: locked, gone, or the empty leftover of a crash. */
  #read(name: string): Message | StompctlError | undefined {
    try {
      const info = this.#elements.inspect(name);
      if (info === undefined || this.#elements.lockInfo(name) !== undefined) return undefined;
      if (!info.regular) return new StompctlError('ELEMENT_UNREADABLE', 'read', name, 'is not a regular file');
      if (info.size > this.#elements.largest(this.#maxMessageSize)) {
        const reason = `the file has ${info.size} bytes, too many for max-message-size (${this.#maxMessageSize})`;
        return new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason);
      }
      const read = this.#elements.readMessage(name, this.#maxMessageSize);
      const message = withHeaders(read, this.#headers, name, info);
      // RACE: another process may have been removing it, part by part, while it was read
      return this.#elements.inspect(name) === undefined ? undefined : message;
    } catch (error) {
      // RACE: another process took it meanwhile
      if (this.#isGone(name)) return undefined;
      if (error instanceof StompctlError) return error;
      return new StompctlError('ELEMENT_UNREADABLE', 'read', name, reasonOf(error), error);
    }
  }

  #isGone(name: string): boolean {
    try {
      return this.#elements.inspect(name) === undefined;
    } catch (error) {
      throw queueError('preview', `${this.#directory.path}/${name}`, error);
    }
  }
}
