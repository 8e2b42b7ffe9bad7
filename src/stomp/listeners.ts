import { AckOrder } from './ack-order.js';
import type { Frame, FrameHeader, StompVersion } from './frame.js';

export interface Listener {
  readonly id: string;
  readonly destination: string | undefined;
  readonly ack: string;
  readonly onMessage: (frame: Frame) => void;
}

interface Entry extends Listener {
  /** of a subscription whose acknowledgements are cumulative */
  readonly order: AckOrder | undefined;
}

/** Who gets the messages of one session, and how they are acknowledged. */
export class Listeners {
  readonly #version: StompVersion;
  readonly #entries = new Map<string, Entry>();
  #lastId = 0;

  constructor(version: StompVersion) {
    this.#version = version;
  }

  add(listener: Listener): void {
    this.#entries.set(listener.id, { ...listener, order: listener.ack === 'client' ? new AckOrder() : undefined });
  }

  remove(id: string): void {
    this.#entries.delete(id);
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  destinationOf(id: string): string | undefined {
    return this.#entries.get(id)?.destination;
  }

  /** An id that no subscription of this session has. */
  freeId(): string {
    do this.#lastId += 1;
    while (this.#entries.has(String(this.#lastId)));
    return String(this.#lastId);
  }

  /** Hands a MESSAGE to its subscription; one for none is dropped: that subscription was ended. */
  deliver(frame: Frame): void {
    const entry = this.#entryOf(frame);
    if (entry === undefined) return;
    entry.order?.delivered(idOf(frame), this.#ackName(frame));
    entry.onMessage(frame);
  }

  /** The header of the ACK or NACK to write now; undefined: none, because none is asked for, or an earlier one must come first. */
  settling(command: 'ACK' | 'NACK', frame: Frame): FrameHeader | undefined {
    const entry = this.#entryOf(frame);
    if (entry === undefined || entry.ack === 'auto') return undefined;
    const named = this.#ackName(frame);
    const last = entry.order === undefined || command === 'NACK' ? named : entry.order.settled(idOf(frame));
    if (last === undefined) return undefined;
    if (this.#version === '1.2') return { id: last };
    if (this.#version === '1.1') return { subscription: entry.id, 'message-id': last };
    return { 'message-id': last };
  }

  /** By version, and never by what else a frame may carry: brokers hand back stale `ack` headers on 1.0 and 1.1. */
  #ackName(frame: Frame): string {
    return this.#version === '1.2' ? (frame.header.ack ?? idOf(frame)) : idOf(frame);
  }

  /** STOMP 1.0: `subscription` may be missing. */
  #entryOf(frame: Frame): Entry | undefined {
    const id = frame.header.subscription;
    if (id !== undefined) return this.#entries.get(id);
    const all = [...this.#entries.values()];
    return all.find(({ destination }) => destination === frame.header.destination) ?? all[0];
  }
}

function idOf(frame: Frame): string {
  return frame.header['message-id'] ?? '';
}
