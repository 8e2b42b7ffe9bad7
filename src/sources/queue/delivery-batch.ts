import type { Demand } from '../../flow/source.js';
import type { QueueDelivery } from './queue-delivery.js';

/** deliveries of one batch: small enough for others to have their turn */
const MOST_DELIVERIES = 200;

/** What one `next` gathers. */
export class DeliveryBatch {
  readonly deliveries: QueueDelivery[] = [];
  readonly #most: number;
  readonly #bytes: number;
  #size = 0;
  #closed = false;

  constructor(demand: Demand) {
    this.#most = Math.min(demand.deliveries, MOST_DELIVERIES);
    this.#bytes = demand.bytes;
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
