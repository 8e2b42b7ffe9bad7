import { type AckName, AckOrder, type SettleCommand } from './ack-order.js';
import type { Frame, FrameHeader, StompVersion } from './codec/frame.js';

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

/** An ACK or NACK to write. */
export interface SettlingFrame {
  readonly command: SettleCommand;
  readonly header: FrameHeader;
  /** the header has one character a byte */
  readonly binary: boolean;
}

/**
 * What became of a MESSAGE. `ended`: its subscription was ended, the broker delivers it again. `stray`: no subscription of this session
 * ever had that id, nor its destination. `nameless`: it would have to be acknowledged, and says not by what id.
 */
export type Fate = 'delivered' | 'ended' | 'stray' | 'nameless';

/** settled deliveries that may wait for an earlier one, where acknowledgements are cumulative */
const MOST_WAITING = 65_536;
/** ids of ended subscriptions that are remembered, beside those that were given by us */
const MOST_ENDED = 1000;

/** Who gets the messages of one session, and how they are acknowledged. */
export class Listeners {
  readonly #version: StompVersion;
  readonly #entries = new Map<string, Entry>();
  readonly #ended = new Set<string>();
  #lastId = 0;
  #overfull: string | undefined;

  constructor(version: StompVersion) {
    this.#version = version;
  }

  add(listener: Listener): void {
    this.#ended.delete(listener.id);
    this.#entries.set(listener.id, { ...listener, order: listener.ack === 'client' ? new AckOrder() : undefined });
  }

  remove(id: string): void {
    if (!this.#entries.delete(id)) return;
    this.#ended.add(id);
    const [oldest] = this.#ended;
    if (this.#ended.size > MOST_ENDED && oldest !== undefined) this.#ended.delete(oldest);
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

  /** Hands a MESSAGE to its subscription. */
  deliver(frame: Frame): Fate {
    const entry = this.#entryOf(frame);
    if (entry === undefined) return this.#wasOurs(frame.header.subscription) ? 'ended' : 'stray';
    if (entry.ack !== 'auto') {
      const name = this.#ackName(frame, entry);
      if (name === undefined) return 'nameless';
      entry.order?.delivered(idOf(frame), name);
    }
    entry.onMessage(frame);
    return 'delivered';
  }

  /** What to write now to settle `frame`; nothing, when nothing is asked for, or an earlier delivery must be settled first. */
  settling(command: SettleCommand, frame: Frame): readonly SettlingFrame[] {
    const entry = this.#entryOf(frame);
    if (entry === undefined || entry.ack === 'auto') return [];
    if (entry.order !== undefined) {
      const settlings = entry.order.settled(idOf(frame), command);
      if (entry.order.waiting > MOST_WAITING) this.#overfull = entry.destination ?? entry.id;
      return settlings.map((settling) => this.#frame(settling.command, settling.name));
    }
    const name = this.#ackName(frame, entry);
    return name === undefined ? [] : [this.#frame(command, name)];
  }

  /** The destination of a subscription where too many settled deliveries wait for one that is not; undefined: there is none. */
  get overfull(): string | undefined {
    return this.#overfull;
  }

  #frame(command: SettleCommand, { id, subscription, binary }: AckName): SettlingFrame {
    if (this.#version === '1.2') return { command, header: { id }, binary };
    if (this.#version === '1.1') return { command, header: { subscription, 'message-id': id }, binary };
    return { command, header: { 'message-id': id }, binary };
  }

  /**
   * The id by version, and never by what else a frame may carry: brokers hand back stale `ack` headers on 1.0 and 1.1. Undefined: the
   * frame has none.
   */
  #ackName({ header, binaryHeader }: Frame, entry: Entry): AckName | undefined {
    const from = binaryHeader ?? header;
    const id = this.#version === '1.2' ? (from.ack ?? from['message-id']) : from['message-id'];
    if (id === undefined) return undefined;
    const binary = binaryHeader !== undefined;
    const own = binary ? Buffer.from(entry.id).toString('latin1') : entry.id;
    return { id, subscription: from.subscription ?? own, binary };
  }

  /**
   * STOMP 1.0: `subscription` may be missing. From 1.1 on it must be there; where it is not, or unknown, the destination tells, if it
   * is that of a subscription.
   */
  #entryOf({ header }: Frame): Entry | undefined {
    const id = header.subscription;
    const named = id === undefined ? undefined : this.#entries.get(id);
    if (named !== undefined || this.#wasOurs(id)) return named;
    for (const entry of this.#entries.values()) if (entry.destination === header.destination) return entry;
    if (id !== undefined || (this.#version !== '1.0' && this.#entries.size > 1)) return undefined;
    return this.#entries.values().next().value;
  }

  /** Whether a subscription with this id was ended. */
  #wasOurs(id: string | undefined): boolean {
    return id !== undefined && (this.#ended.has(id) || (/^\d{1,15}$/.test(id) && Number(id) <= this.#lastId));
  }
}

function idOf(frame: Frame): string {
  return frame.header['message-id'] ?? '';
}
