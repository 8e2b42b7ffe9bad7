import { ReadyList } from './ready-list.js';
import type { StoredMessage } from './stored-message.js';

/** Who takes messages from a queue: one subscription. */
export interface Consumer {
  /** whether it can take one more now */
  hasCredit(): boolean;
  /** Takes it. False: taken for good (`auto`); true: unacknowledged until `settled` or `giveBack`. */
  deliver(message: StoredMessage): boolean;
}

/** What has happened at a destination since the broker was made, restarts included. */
export interface DestinationCounters {
  /** messages sent to it */
  readonly received: number;
  readonly receivedBytes: number;
  /** messages handed to consumers, repeats included */
  readonly delivered: number;
  /** of those, the ones marked `redelivered` */
  readonly redelivered: number;
  /** messages that consumers are done with */
  readonly acknowledged: number;
}

export type MutableCounters = { -readonly [name in keyof DestinationCounters]: number };

export function newCounters(): MutableCounters {
  return { received: 0, receivedBytes: 0, delivered: 0, redelivered: 0, acknowledged: 0 };
}

/** The bytes of every message in the store, unacknowledged ones included. */
export interface StoreUsage {
  bytes: number;
}

/** Point to point: each message goes to one consumer, in turn among those with credit. */
export class BrokerQueue {
  readonly name: string;
  readonly counters: MutableCounters;
  readonly #usage: StoreUsage;
  readonly #ready = new ReadyList();
  readonly #consumers: Consumer[] = [];
  #turn = 0;
  #unacknowledged = 0;
  #dispatching = false;

  constructor(name: string, counters: MutableCounters, usage: StoreUsage) {
    this.name = name;
    this.counters = counters;
    this.#usage = usage;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  /** Adds a message that has just arrived and hands out what can be handed out. */
  push(message: StoredMessage): void {
    this.#usage.bytes += message.size;
    this.#ready.push(message);
    this.dispatch();
  }

  attach(consumer: Consumer): void {
    this.#consumers.push(consumer);
    this.dispatch();
  }

  detach(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index === -1) return;
    this.#consumers.splice(index, 1);
    if (this.#turn > index) this.#turn -= 1;
  }

  /** An unacknowledged message is done with. */
  settled(message: StoredMessage): void {
    this.#unacknowledged -= 1;
    this.#forget(message);
  }

  /** Unacknowledged messages come back to where they stood, marked as redelivered. */
  giveBack(messages: readonly StoredMessage[]): void {
    if (messages.length === 0) return;
    this.#unacknowledged -= messages.length;
    for (const message of messages) message.redelivered = true;
    this.#ready.restore(messages);
    this.dispatch();
  }

  /** The first waiting messages, which stay. */
  first(most: number): readonly StoredMessage[] {
    return this.#ready.toArray().slice(0, most);
  }

  /** Takes every waiting message out of the store. */
  takeAll(): StoredMessage[] {
    const messages = this.#ready.take();
    for (const message of messages) this.#usage.bytes -= message.size;
    return messages;
  }

  /** Drops the waiting messages that `keep` refuses. */
  retain(keep: (message: StoredMessage) => boolean): void {
    const messages = this.#ready.take();
    for (const message of messages) {
      if (keep(message)) this.#ready.push(message);
      else this.#usage.bytes -= message.size;
    }
  }

  /** Hands waiting messages to consumers with credit. To be called whenever credit may have appeared. */
  dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      while (this.#ready.length > 0) {
        const consumer = this.#nextConsumer();
        if (consumer === undefined) return;
        const message = this.#ready.shift();
        if (message === undefined) return;
        this.counters.delivered += 1;
        if (message.redelivered) this.counters.redelivered += 1;
        this.#unacknowledged += 1;
        if (!consumer.deliver(message)) this.settled(message);
      }
    } finally {
      this.#dispatching = false;
    }
  }

  #forget(message: StoredMessage): void {
    this.#usage.bytes -= message.size;
    this.counters.acknowledged += 1;
  }

  #nextConsumer(): Consumer | undefined {
    const count = this.#consumers.length;
    for (let tried = 0; tried < count; tried += 1) {
      if (this.#turn >= count) this.#turn = 0;
      const consumer = this.#consumers[this.#turn];
      this.#turn += 1;
      if (consumer?.hasCredit()) return consumer;
    }
    return undefined;
  }
}
