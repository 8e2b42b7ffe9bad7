import type { AmqpSession } from '../../amqp/amqp-session.js';
import type { AmqpDelivery } from '../../amqp/delivery-reader.js';
import { headerOf } from '../../amqp/header-table.js';
import type { StompctlError } from '../../base/errors.js';
import type { Frame } from '../../stomp/codec/frame.js';
import type { EpochSession } from '../broker/broker-epoch.js';

/** An AMQP session as the epoch of a source sees it: deliveries are MESSAGE frames, which it acknowledges. */
export class EpochSide implements EpochSession {
  /** AMQP names no message by itself: what is redelivered cannot be told from what is new */
  readonly dialect = { stableIds: false };
  readonly amqp: AmqpSession;
  readonly #tags = new WeakMap<Frame, number>();

  constructor(session: AmqpSession) {
    this.amqp = session;
  }

  get over(): StompctlError | undefined {
    return this.amqp.over;
  }

  get ended(): Promise<StompctlError | undefined> {
    return this.amqp.ended;
  }

  /** `wantsAck`: the broker waits for the acknowledgement. */
  frameOf(delivery: AmqpDelivery, subscription: string, wantsAck: boolean): Frame {
    const { body, skippedBytes } = delivery;
    const header = headerOf(delivery, subscription);
    const frame = { command: 'MESSAGE', header, body, ...(skippedBytes !== undefined && { skippedBytes }) };
    if (wantsAck) this.#tags.set(frame, delivery.deliveryTag);
    return frame;
  }

  ack(frame: Frame): void {
    const tag = this.#tags.get(frame);
    if (tag !== undefined) this.amqp.ack(tag);
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
}
