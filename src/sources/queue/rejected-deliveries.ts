import { reasonOf, StompctlError } from '../../base/errors.js';
import { Bell } from '../../base/wait.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Delivery } from '../../flow/delivery.js';
import type { SourceEvents, SourceLimits } from '../../flow/source.js';

/** What is to be done with a delivery. */
export type Wish =
  | { readonly kind: 'ack' }
  | { readonly kind: 'release' }
  | { readonly kind: 'reject'; readonly reason: StompctlError };

type Rejected = Pick<Delivery, 'message' | 'name'>;

export interface RejectedOptions<One extends Rejected> {
  /** for the failure queue: where they come from */
  readonly source: string;
  readonly deadLetters?: DeadLetters | undefined;
  /** most that may be on their way; 1000 */
  readonly window?: number;
  readonly events: Pick<SourceEvents, 'rejected'>;
  /** what is to become of it now; `reject`: it stays where it is */
  readonly done: (delivery: One, wish: Wish) => void;
}

/** The rejected deliveries on their way into the failure queue, which may take its time: nothing else waits for them. */
export class RejectedDeliveries<One extends Rejected> {
  readonly #options: RejectedOptions<One>;
  readonly #storing = new Map<One, Promise<void>>();
  #deadLetters: DeadLetters | undefined;
  #window: number;
  #giveUp = new AbortController();
  /** rung when one of them is there, or is not going to be */
  readonly settled = new Bell();

  constructor(options: RejectedOptions<One>) {
    this.#options = options;
    this.#deadLetters = options.deadLetters;
    this.#window = options.window ?? 1000;
  }

  /** Another place from now on; what waits for the old one goes there when that is closed. */
  tune({ deadLetters, window }: SourceLimits): void {
    this.#deadLetters = deadLetters;
    this.#window = window;
  }

  /** How many more may be on their way: while there is none, nothing is to be taken. */
  get room(): number {
    return Math.max(0, this.#window - this.#storing.size);
  }

  has(delivery: One): boolean {
    return this.#storing.has(delivery);
  }

  /** False: there is no failure queue. */
  store(delivery: One, reason: StompctlError): boolean {
    const deadLetters = this.#deadLetters;
    if (deadLetters === undefined) return false;
    const storing = this.#store(delivery, reason, deadLetters, this.#giveUp.signal).then((wish) => {
      this.#storing.delete(delivery);
      this.#options.done(delivery, wish);
      this.settled.ring();
    });
    this.#storing.set(delivery, storing);
    return true;
  }

  /** Resolves when none of those so far is on its way any more. */
  async done(): Promise<void> {
    await Promise.all(this.#storing.values());
  }

  /** What waits is given back. */
  giveUp(): void {
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
  }

  async #store(delivery: One, reason: StompctlError, deadLetters: DeadLetters, signal: AbortSignal): Promise<Wish> {
    const { source, events } = this.#options;
    const { message, name } = delivery;
    try {
      await deadLetters.store(message, reason, { source, name }, signal);
      return { kind: 'ack' };
    } catch (error) {
      if (signal.aborted) return { kind: 'release' };
      const now = this.#deadLetters;
      const isRefusal = error instanceof StompctlError && error.action === 'reject';
      if (!isRefusal && now !== deadLetters) {
        // a reload gave another failure queue, or none
        return now === undefined ? { kind: 'reject', reason } : this.#store(delivery, reason, now, signal);
      }
      const text = `the failure queue did not take the message: ${reasonOf(error)}`;
      events.rejected(name, new StompctlError('QUEUE_IO', 'reject', source, text, error));
      return { kind: 'reject', reason };
    }
  }
}
