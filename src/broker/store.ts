import { randomUUID } from 'node:crypto';
import { type Header, newHeader } from '../message/message.js';
import {
  BrokerQueue,
  type DestinationCounters,
  type MutableCounters,
  newCounters,
  type StoreUsage,
} from './broker-queue.js';
import { Refusal } from './broker-refusal.js';
import type { StoredMessage } from './stored-message.js';

export interface StoreLimits {
  /** bytes of all messages together */
  readonly maxBytes: number;
  readonly maxDestinations: number;
}

/** A message on its way into the store. */
export interface Incoming {
  readonly destination: string;
  readonly header: Readonly<Header>;
  readonly repeated?: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** dropped unless its queue is there */
  readonly makesNoQueue?: boolean;
}

const NOTHING_REPEATED: readonly (readonly [string, string])[] = [];

/** Every destination of the broker. Topics keep nothing: each of their subscriptions has a private queue. */
export class Store {
  readonly #limits: StoreLimits;
  readonly #usage: StoreUsage = { bytes: 0 };
  readonly #queues = new Map<string, BrokerQueue>();
  readonly #topics = new Map<string, Set<BrokerQueue>>();
  /** names of queues that go with their one subscription */
  readonly #private = new Set<string>();
  readonly #counters = new Map<string, MutableCounters>();
  #seq = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#usage.bytes;
  }

  /**
   * Stores a message, or hands a copy to each subscription of a topic. Throws a Refusal when a limit is reached, or when
   * the message could not be delivered.
   */
  publish(incoming: Incoming): void {
    if (incoming.header[''] !== undefined) throw new Refusal('A header has no name');
    const size = sizeOf(incoming);
    this.requireRoom(size);
    if (isTopic(incoming.destination)) {
      const counters = this.#countersOf(incoming.destination);
      counters.received += 1;
      counters.receivedBytes += incoming.body.length;
      for (const queue of this.#topics.get(incoming.destination) ?? []) queue.push(this.#stored(incoming, size));
      return;
    }
    if (incoming.makesNoQueue && !this.#queues.has(incoming.destination)) return;
    const queue = this.#queueOf(incoming.destination);
    queue.counters.received += 1;
    queue.counters.receivedBytes += incoming.body.length;
    queue.push(this.#stored(incoming, size));
  }

  /** Throws a Refusal when the store cannot take so many bytes more. */
  requireRoom(bytes: number): void {
    if (this.#usage.bytes + bytes <= this.#limits.maxBytes) return;
    throw new Refusal('The store is full', `${this.#usage.bytes} of ${this.#limits.maxBytes} bytes are taken`);
  }

  /** The queue that a new subscription of `destination` consumes; for a topic, one of its own. */
  queueFor(destination: string): BrokerQueue {
    if (!isTopic(destination)) return this.#queueOf(destination);
    const queue = new BrokerQueue(destination, this.#countersOf(destination), this.#usage);
    const others = this.#topics.get(destination);
    if (others === undefined) this.#topics.set(destination, new Set([queue]));
    else others.add(queue);
    return queue;
  }

  /** A queue with a name of its own, for one subscription. */
  privateQueue(): BrokerQueue {
    const queue = this.#queueOf(`/queue/amq.gen-${randomUUID()}`);
    this.#private.add(queue.name);
    return queue;
  }

  /** A subscription has gone: its private queue, or that of a topic, goes with it. */
  release(queue: BrokerQueue): void {
    const own = this.#private.delete(queue.name);
    if (!own && !isTopic(queue.name)) return;
    queue.takeAll();
    if (own) {
      this.#queues.delete(queue.name);
      this.#counters.delete(queue.name);
      return;
    }
    const others = this.#topics.get(queue.name);
    others?.delete(queue);
    if (others?.size === 0) this.#topics.delete(queue.name);
  }

  /** Queues by name. */
  queues(): ReadonlyMap<string, BrokerQueue> {
    return this.#queues;
  }

  counters(destination: string): DestinationCounters {
    return { ...(this.#counters.get(destination) ?? newCounters()) };
  }

  /** What a real broker loses when its process ends. Only for when no session is left. */
  forgetTransient(): void {
    for (const queue of this.#queues.values()) queue.retain((message) => message.persistent);
  }

  #stored(incoming: Incoming, size: number): StoredMessage {
    this.#seq += 1;
    return {
      seq: this.#seq,
      destination: incoming.destination,
      header: incoming.header,
      repeated: incoming.repeated ?? NOTHING_REPEATED,
      body: incoming.body,
      persistent: incoming.header.persistent === 'true',
      size,
      redelivered: false,
    };
  }

  #queueOf(destination: string): BrokerQueue {
    let queue = this.#queues.get(destination);
    if (queue === undefined) {
      queue = new BrokerQueue(destination, this.#countersOf(destination), this.#usage);
      this.#queues.set(destination, queue);
    }
    return queue;
  }

  #countersOf(destination: string): MutableCounters {
    let counters = this.#counters.get(destination);
    if (counters === undefined) {
      if (this.#counters.size >= this.#limits.maxDestinations) {
        throw new Refusal('Too many destinations', `no more than ${this.#limits.maxDestinations} are kept`);
      }
      counters = newCounters();
      this.#counters.set(destination, counters);
    }
    return counters;
  }
}

/** Fan-out instead of point to point. */
export function isTopic(destination: string): boolean {
  return destination.startsWith('/topic/');
}

/** An incoming message made by a program instead of a SEND. */
export function incomingOf(destination: string, header: Readonly<Header>, body: Buffer | string): Incoming {
  return { destination, header: newHeader(header), body: typeof body === 'string' ? Buffer.from(body) : body };
}

function sizeOf(incoming: Incoming): number {
  let size = incoming.body.length + incoming.destination.length;
  for (const name in incoming.header) size += name.length + (incoming.header[name] ?? '').length;
  return size;
}
