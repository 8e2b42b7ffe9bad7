import { StompctlError } from '../../base/errors.js';
import { unless } from '../../base/file-system.js';
import type { ElementStore } from '../../dirq/element-store.js';
import { type QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import type { Message } from '../../message/message.js';

/** Reads elements that were locked and handed over unread; what is thrown is said at `StoredElement`. */
export class LateReader {
  readonly #directory: QueueDirectory;
  readonly #elements: ElementStore;
  readonly #maxMessageSize: number;

  constructor(directory: QueueDirectory, elements: ElementStore, maxMessageSize: number) {
    this.#directory = directory;
    this.#elements = elements;
    this.#maxMessageSize = maxMessageSize;
  }

  path(name: string): string {
    return `${this.#directory.path}/${name}`;
  }

  message(name: string): Message {
    return this.#read(name, () => this.#elements.readMessage(name, this.#maxMessageSize));
  }

  bytes(name: string): Buffer {
    return this.#read(name, () => this.#elements.readRaw(name, this.#elements.largest(this.#maxMessageSize)));
  }

  #read<T>(name: string, read: () => T | undefined): T {
    try {
      let content: T | undefined;
      unless('ENOENT', () => {
        content = read();
      });
      if (content !== undefined) return content;
      // it comes back with its queue
      this.#directory.files.statSync(this.#directory.path);
    } catch (error) {
      throw queueError('read', this.path(name), error);
    }
    // RACE: another process thought our lock dead
    const reason = 'another process took it, or emptied its file, while it was locked here: it is out of our hands';
    throw new StompctlError('ELEMENT_UNREADABLE', 'read', this.path(name), reason);
  }
}
