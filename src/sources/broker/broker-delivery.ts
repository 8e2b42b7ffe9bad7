import type { StompctlError } from '../../base/errors.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Message } from '../../message/message.js';
import type { Frame } from '../../stomp/codec/frame.js';
import type { SubscriptionShare } from './subscription-share.js';

/** Who carries a settling out: the session's side of the source. */
export interface DeliveryOwner {
  ack(delivery: BrokerDelivery): void;
  release(delivery: BrokerDelivery): void;
  reject(delivery: BrokerDelivery, reason: StompctlError): void;
  settledTwice(delivery: BrokerDelivery): void;
}

/** One MESSAGE of one session. Settling it after the end of its session does nothing: the broker delivers it again. */
export class BrokerDelivery implements Delivery {
  readonly message: Message;
  readonly size: number;
  readonly id: string | undefined;
  readonly frame: Frame;
  readonly share: SubscriptionShare;
  readonly #owner: DeliveryOwner;
  #settled = false;

  constructor(owner: DeliveryOwner, frame: Frame, share: SubscriptionShare, message: Message, id?: string) {
    this.#owner = owner;
    this.frame = frame;
    this.share = share;
    this.message = message;
    this.id = id;
    this.size = message.size;
  }

  get name(): string {
    return this.frame.header['message-id'] ?? '(no message-id)';
  }

  ack(): void {
    if (this.#first()) this.#owner.ack(this);
  }

  release(): void {
    if (this.#first()) this.#owner.release(this);
  }

  reject(reason: StompctlError): void {
    if (this.#first()) this.#owner.reject(this, reason);
  }

  #first(): boolean {
    if (this.#settled) this.#owner.settledTwice(this);
    const first = !this.#settled;
    this.#settled = true;
    return first;
  }
}
