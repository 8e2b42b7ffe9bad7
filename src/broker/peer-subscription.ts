import type { BrokerQueue, Consumer } from './broker-queue.js';
import type { Credit } from './credit.js';
import type { StoredMessage } from './stored-message.js';

export type AckMode = 'auto' | 'client' | 'client-individual';

/** The session's side of a delivery: writes the MESSAGE and remembers what has to be acknowledged. */
export interface Deliverer {
  /** the connection has more waiting to be written than it should */
  readonly congested: boolean;
  deliver(message: StoredMessage, subscription: Subscription): void;
}

/** One SUBSCRIBE: a consumer of one queue, or of a private queue fed by a topic. */
export class Subscription implements Consumer {
  /** undefined: STOMP 1.0 lets a client subscribe without one */
  readonly id: string | undefined;
  readonly destination: string;
  readonly ack: AckMode;
  readonly queue: BrokerQueue;
  readonly #credit: Credit;
  readonly #deliverer: Deliverer;
  #messages = 0;
  #bytes = 0;

  constructor(
    asked: { id: string | undefined; destination: string; ack: AckMode; credit: Credit },
    queue: BrokerQueue,
    deliverer: Deliverer,
  ) {
    this.id = asked.id;
    this.destination = asked.destination;
    this.ack = asked.ack;
    this.queue = queue;
    this.#credit = asked.credit;
    this.#deliverer = deliverer;
  }

  hasCredit(): boolean {
    return this.#messages < this.#credit.messages && this.#bytes < this.#credit.bytes && !this.#deliverer.congested;
  }

  deliver(message: StoredMessage): boolean {
    const acknowledged = this.ack === 'auto';
    if (!acknowledged) {
      this.#messages += 1;
      this.#bytes += message.size;
    }
    this.#deliverer.deliver(message, this);
    return !acknowledged;
  }

  /** One that was outstanding no longer is; its queue is told by the caller. */
  regain(message: StoredMessage): void {
    this.#messages -= 1;
    this.#bytes -= message.size;
  }
}
