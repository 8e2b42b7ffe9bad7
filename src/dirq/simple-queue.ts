import type { FileSystem } from '../base/file-system.js';
import { checkName, DirectoryQueue, type LibraryQueueOptions } from './directory-queue.js';
import { simpleKind } from './queue-kind.js';
import { LOCK_SUFFIX, type SimpleElements } from './simple-elements.js';
import type { SimpleWriter } from './simple-writer.js';

export type SimpleQueueOptions = LibraryQueueOptions;

/**
 * A simple directory queue (DQS): one file an element, shared with any number of processes, and with the Perl, Python, Java
 * and C libraries.
 */
export class SimpleQueue extends DirectoryQueue<SimpleElements, SimpleWriter> {
  constructor(options: SimpleQueueOptions, files?: FileSystem) {
    super('DQS', options, simpleKind, files);
  }

  /** Adds an element with these bytes (a string: its UTF-8) and resolves to its name. */
  add(data: Buffer | string): Promise<string> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return this.addStaged((temporary) => this.kind.writer.stageBytes(bytes, temporary));
  }

  /** The bytes of a locked element. Rejects with ELEMENT_NOT_LOCKED. */
  async get(name: string): Promise<Buffer> {
    this.mustBeLocked('get', name);
    return this.attempt('get', name, () => Buffer.from(this.kind.elements.read(name, Number.MAX_SAFE_INTEGER)));
  }

  /** The file of a locked element; it may be read, not removed. Throws USAGE. */
  getPath(name: string): string {
    return `${this.path}/${checkName('get path', name)}${LOCK_SUFFIX}`;
  }
}
