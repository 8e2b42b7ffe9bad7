import type { StompctlError } from '../../base/errors.js';
import type { ElementInfo } from '../../dirq/element-store.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Message } from '../../message/message.js';

export type Settling = 'ack' | 'release' | 'reject';

/** Whoever carries out what a delivery asks for. */
export interface Settler {
  settle(delivery: QueueDelivery, how: Settling): void;
  settledInVain(delivery: QueueDelivery): void;
}

/** A locked element on its way. Settling notes the wish; the source carries it out. */
export class QueueDelivery implements Delivery {
  readonly message: Message;
  readonly name: string;
  readonly size: number;
  readonly info: ElementInfo;
  /** seconds since the epoch: the time set on the lock */
  lockTime: number;
  reason: StompctlError | undefined;
  /** the bytes of an element that could not be decoded; it is never handed over, only rejected */
  raw: Buffer | undefined;
  readonly #settler: Settler;
  #settled = false;

  constructor(settler: Settler, name: string, message: Message, info: ElementInfo, lockTime: number) {
    this.#settler = settler;
    this.name = name;
    this.message = message;
    this.size = message.size;
    this.info = info;
    this.lockTime = lockTime;
  }

  ack(): void {
    this.#settle('ack');
  }

  release(): void {
    this.#settle('release');
  }

  reject(reason: StompctlError): void {
    if (!this.#settled) this.reason = reason;
    this.#settle('reject');
  }

  #settle(how: Settling): void {
    if (this.#settled) {
      this.#settler.settledInVain(this);
      return;
    }
    this.#settled = true;
    this.#settler.settle(this, how);
  }
}
