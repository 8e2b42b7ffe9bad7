import type { Amqp1Delivery, ReceiverLink } from '../../amqp1/amqp1-receiver.js';
import type { Amqp1Session } from '../../amqp1/amqp1-session.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import type { Frame } from '../../stomp/codec/frame.js';
import type { EpochSession } from '../broker/broker-epoch.js';

type Library = typeof import('../../amqp1/amqp1-library.js');

/** A message as the epoch takes it, and why it cannot be handed over, if so. */
export interface ReadDelivery {
  readonly frame: Frame;
  readonly fault: StompctlError | undefined;
}

/** Which subscription a delivery is of. */
export interface Subscribed {
  readonly id: string;
  readonly destination: string;
  readonly link: () => ReceiverLink | undefined;
}

/** An AMQP 1.0 session as the epoch of a source sees it: deliveries are MESSAGE frames, which it acknowledges. */
export class Amqp1Side implements EpochSession {
  /** nothing names a message by itself: what is redelivered cannot be told from what is new */
  readonly dialect = { stableIds: false };
  readonly amqp: Amqp1Session;
  readonly #library: Library;
  readonly #maxMessageSize: number;
  readonly #accepts = new WeakMap<Frame, () => void>();

  constructor(session: Amqp1Session, library: Library, maxMessageSize: number) {
    this.amqp = session;
    this.#library = library;
    this.#maxMessageSize = maxMessageSize;
  }

  get over(): StompctlError | undefined {
    return this.amqp.over;
  }

  get ended(): Promise<StompctlError | undefined> {
    return this.amqp.ended;
  }

  read(delivery: Amqp1Delivery, subscribed: Subscribed): ReadDelivery {
    const { frame, fault } = this.#frameOf(delivery, subscribed);
    this.#accepts.set(frame, () => subscribed.link()?.accept(delivery));
    return { frame, fault };
  }

  ack(frame: Frame): void {
    this.#accepts.get(frame)?.();
  }

  pause(): void {
    this.amqp.pause();
  }

  resume(): void {
    this.amqp.resume();
  }

  flush(): Promise<void> {
    return this.amqp.flush();
  }

  #frameOf({ payload, skippedBytes, id: deliveryId }: Amqp1Delivery, { id, destination }: Subscribed): ReadDelivery {
    const { readSections, headerFromSections } = this.#library;
    const received = { broker: this.amqp.broker, subscribed: destination, subscription: id, deliveryId };
    try {
      const sections = readSections(payload, skippedBytes !== undefined);
      const header = headerFromSections(sections, received);
      const { body } = sections;
      const over = skippedBytes ?? (body.length > this.#maxMessageSize ? body.length : undefined);
      const frame = { command: 'MESSAGE', header };
      if (over === undefined) return { frame: { ...frame, body }, fault: undefined };
      return { frame: { ...frame, body: Buffer.alloc(0), skippedBytes: over }, fault: undefined };
    } catch (error) {
      const nothing = { header: [], properties: [], applicationProperties: new Map(), body: payload };
      if (skippedBytes !== undefined) {
        const frame = { command: 'MESSAGE', header: headerFromSections(nothing, received), body: Buffer.alloc(0) };
        return { frame: { ...frame, skippedBytes }, fault: undefined };
      }
      // its bytes as they came: nothing of it is lost
      const reason = `the message cannot be read: ${reasonOf(error)}; its bytes are kept as they came, see its producer`;
      const fault = new StompctlError('ELEMENT_UNDECODABLE', 'receive', destination, reason, error);
      return { frame: { command: 'MESSAGE', header: headerFromSections(nothing, received), body: payload }, fault };
    }
  }
}
