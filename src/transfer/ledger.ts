import type { Delivery } from '../flow/delivery.js';
import type { Demand } from '../flow/source.js';

/**
 * The deliveries taken from the source and not yet settled: never more than `window`, nor more than `windowBytes` unless
 * it is a single delivery. Whoever takes one out settles it; after any stop the ledger is empty.
 */
export class Ledger {
  #window: number;
  #windowBytes: number;
  /** and when each was taken */
  readonly #inFlight = new Map<Delivery, number>();
  /** bytes by which a delivery became larger on its way */
  readonly #grown = new Map<Delivery, number>();
  #grownBytes = 0;
  #bytes = 0;
  #waiters: { readonly enough: () => boolean; readonly resolve: () => void }[] = [];

  constructor(window: number, windowBytes: number) {
    this.#window = window;
    this.#windowBytes = windowBytes;
  }

  /** Other limits; what is in flight stays, also when it is more than they allow. */
  resize(window: number, windowBytes: number): void {
    this.#window = window;
    this.#windowBytes = windowBytes;
    this.#wake();
  }

  get count(): number {
    return this.#inFlight.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest in flight was taken; undefined: nothing is in flight. */
  get oldestMs(): number | undefined {
    for (const takenMs of this.#inFlight.values()) return takenMs;
    return undefined;
  }

  /** `nowMs`: of the monotonic clock. */
  add(delivery: Delivery, nowMs = 0): void {
    this.#inFlight.set(delivery, nowMs);
    this.#bytes += delivery.size;
  }

  /** True when the caller may settle this delivery now; false when somebody already has. */
  take(delivery: Delivery): boolean {
    return this.takeOut(delivery) !== undefined;
  }

  /** As `take`: when it was taken, of the monotonic clock; undefined when somebody has settled it. */
  takeOut(delivery: Delivery): number | undefined {
    const takenMs = this.#inFlight.get(delivery);
    if (takenMs === undefined) return undefined;
    this.#inFlight.delete(delivery);
    this.#bytes -= delivery.size;
    this.#shrink(delivery);
    this.#wake();
    return takenMs;
  }

  /** The message of this delivery is now of `size`; what it grew by is kept apart, see `eased`. */
  grow(delivery: Delivery, size: number): void {
    if (size <= delivery.size || !this.#inFlight.has(delivery)) return;
    this.#shrink(delivery);
    this.#grown.set(delivery, size - delivery.size);
    this.#grownBytes += size - delivery.size;
  }

  /** Resolves when deliveries in flight are larger than they came by less than half of `windowBytes`. */
  eased(): Promise<void> {
    return this.#when(() => this.#grownBytes < this.#windowBytes / 2 || this.#grown.size === 0);
  }

  #shrink(delivery: Delivery): void {
    this.#grownBytes -= this.#grown.get(delivery) ?? 0;
    this.#grown.delete(delivery);
  }

  /** Taken and not settled? */
  has(delivery: Delivery): boolean {
    return this.#inFlight.has(delivery);
  }

  /** What the source may hand over now; no deliveries when the window is full. */
  demand(): Demand {
    const bytes = this.#windowBytes - this.#bytes;
    if (this.count > 0 && bytes <= 0) return { deliveries: 0, bytes: 0 };
    return { deliveries: this.#window - this.count, bytes: Math.max(bytes, 0) };
  }

  /**
   * Resolves when an eighth of the window is free again (in deliveries and in bytes), or the ledger is empty: asking the
   * source for one message at a time costs more than waiting for a few.
   */
  room(): Promise<void> {
    return this.#when(() => {
      if (this.count === 0) return true;
      const freeBytes = this.#windowBytes - this.#bytes;
      return this.#window - this.count >= this.#window / 8 && freeBytes >= this.#windowBytes / 8;
    });
  }

  /** Resolves when nothing is in flight. */
  empty(): Promise<void> {
    return this.#when(() => this.count === 0);
  }

  /** What is in flight now, oldest first. */
  all(): Delivery[] {
    return [...this.#inFlight.keys()];
  }

  #when(enough: () => boolean): Promise<void> {
    if (enough()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ enough, resolve }));
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.enough());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}
