import type { StompctlError } from '../../base/errors.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Message } from '../../message/message.js';
import type { Wish } from '../queue/rejected-deliveries.js';
import type { CommandFeed } from './command-feed.js';

/** A line that a command has written, on its way. */
export class CommandDelivery implements Delivery {
  readonly message: Message;
  readonly size: number;
  readonly feed: CommandFeed;
  /** the first line of a run of the command is 1 */
  readonly line: number;
  readonly #settle: (delivery: CommandDelivery, wish: Wish) => void;

  constructor(
    feed: CommandFeed,
    line: number,
    message: Message,
    settle: (delivery: CommandDelivery, wish: Wish) => void,
  ) {
    this.feed = feed;
    this.line = line;
    this.message = message;
    this.size = message.size;
    this.#settle = settle;
  }

  get name(): string {
    return `line ${this.line}`;
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
