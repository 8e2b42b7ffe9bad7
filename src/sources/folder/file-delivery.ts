import { basename } from 'node:path';
import type { StompctlError } from '../../base/errors.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Message } from '../../message/message.js';
import type { Wish } from '../queue/rejected-deliveries.js';
import type { ReadStamp } from './file-content.js';

/** A file on its way. Settling notes the wish; the source carries it out. */
export class FileDelivery implements Delivery {
  readonly name: string;
  readonly message: Message;
  readonly size: number;
  readonly stamp: ReadStamp;
  /** the path it was read from: its claim, or where it is left */
  readonly at: string;
  readonly rejectedBefore: boolean;
  readonly #settle: (delivery: FileDelivery, wish: Wish) => void;

  constructor(
    at: string,
    message: Message,
    stamp: ReadStamp,
    rejectedBefore: boolean,
    settle: (delivery: FileDelivery, wish: Wish) => void,
  ) {
    this.name = basename(at);
    this.at = at;
    this.message = message;
    this.size = message.size;
    this.stamp = stamp;
    this.rejectedBefore = rejectedBefore;
    this.#settle = settle;
  }

  /**
   * The same file with the same content, at each of its deliveries: also after a kill, and under the other name of a claim. Another one
   * for what only looks like it: a second hard link, or an inode that is used again.
   */
  get id(): string {
    const { dev, ino, size, mtimeNs, bornNs } = this.stamp;
    return `file ${dev} ${ino} ${size} ${mtimeNs} ${bornNs} ${this.name}`;
  }

  ack(): void {
    this.#settle(this, { kind: 'ack' });
  }

  release(): void {
    this.#settle(this, { kind: 'release' });
  }

  reject(reason: StompctlError): void {
    this.#settle(this, { kind: 'reject', reason });
  }
}
