import type { StompctlError } from '../../base/errors.js';
import type { ElementInfo } from '../../dirq/element-store.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Demand } from '../../flow/source.js';
import type { StoredElement } from '../../flow/stored-element.js';
import type { Message } from '../../message/message.js';
import type { LateReader } from './late-reader.js';

export type Settling = 'ack' | 'release' | 'reject';

/** Whoever carries out what a delivery asks for. */
export interface Settler {
  settle(delivery: QueueDelivery, how: Settling): void;
  settledInVain(delivery: QueueDelivery): void;
  /** of what was handed over unread */
  readonly late: LateReader;
}

/** A locked element on its way. Settling notes the wish; the source carries it out. */
export class QueueDelivery implements Delivery, StoredElement {
  readonly name: string;
  readonly size: number;
  readonly info: ElementInfo;
  /** seconds since the epoch: the time set on the lock */
  lockTime: number;
  reason: StompctlError | undefined;
  /** the bytes of an element that could not be decoded; it is never handed over, only rejected */
  raw: Buffer | undefined;
  rejectedBefore = false;
  readonly #settler: Settler;
  readonly #unread: boolean;
  #message: Message | undefined;
  #settled = false;

  /** `message`: undefined when nobody has read it yet */
  constructor(settler: Settler, name: string, message: Message | undefined, info: ElementInfo, lockTime: number) {
    this.#settler = settler;
    this.#unread = message === undefined;
    this.#message = message;
    this.name = name;
    this.size = message?.size ?? info.size;
    this.info = info;
    this.lockTime = lockTime;
  }

  get message(): Message {
    this.#message ??= this.#settler.late.message(this.name);
    return this.#message;
  }

  get stored(): StoredElement | undefined {
    return this.#unread ? this : undefined;
  }

  get path(): string {
    return this.#settler.late.path(this.name);
  }

  get uid(): number {
    return this.info.uid ?? -1;
  }

  get gid(): number {
    return this.info.gid ?? -1;
  }

  get mode(): number {
    return this.info.mode ?? -1;
  }

  bytes(): Buffer {
    return this.#settler.late.bytes(this.name);
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

/** deliveries of one batch: small enough for others to have their turn */
const MOST_DELIVERIES = 200;

/** What one `next` gathers. */
export class DeliveryBatch {
  readonly deliveries: QueueDelivery[] = [];
  /** may they be handed over unread? */
  readonly unread: boolean;
  readonly #most: number;
  readonly #bytes: number;
  #size = 0;
  #closed = false;

  constructor(demand: Demand) {
    this.#most = Math.min(demand.deliveries, MOST_DELIVERIES);
    this.#bytes = demand.bytes;
    this.unread = demand.unread === true;
  }

  get room(): number {
    return this.#most - this.deliveries.length;
  }

  get isFull(): boolean {
    return this.#closed || this.room <= 0;
  }

  get isEmpty(): boolean {
    return this.deliveries.length === 0;
  }

  /** One message is always allowed. What does not fit ends the batch: nothing smaller may overtake it. */
  fits(size: number): boolean {
    const fits = this.deliveries.length === 0 || this.#size + size <= this.#bytes;
    if (!fits) this.#closed = true;
    return fits;
  }

  /** Bytes that are held besides. */
  spend(size: number): void {
    this.#size += size;
    if (this.#size > this.#bytes) this.#closed = true;
  }

  push(delivery: QueueDelivery): void {
    this.deliveries.push(delivery);
    this.#size += delivery.size;
  }
}
