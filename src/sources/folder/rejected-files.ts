import { reasonOf, StompctlError } from '../../base/errors.js';
import { Bell } from '../../base/wait.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { SourceEvents, SourceLimits } from '../../flow/source.js';
import type { FileDelivery, FileWish } from './file-delivery.js';

export interface RejectedOptions {
  /** for the failure queue: where they come from */
  readonly source: string;
  readonly deadLetters?: DeadLetters | undefined;
  /** most that may be on their way; 1000 */
  readonly window?: number;
  readonly events: Pick<SourceEvents, 'rejected'>;
  /** what is to become of the file now; `reject`: it stays, and is tried again with growing delay */
  readonly done: (delivery: FileDelivery, wish: FileWish) => void;
}

/** The files whose messages are on their way into the failure queue, which may take its time: nothing else waits for them. */
export class RejectedFiles {
  readonly #options: RejectedOptions;
  readonly #storing = new Map<FileDelivery, Promise<void>>();
  #deadLetters: DeadLetters | undefined;
  #window: number;
  #giveUp = new AbortController();
  /** rung when one of them is there, or is not going to be */
  readonly settled = new Bell();

  constructor(options: RejectedOptions) {
    this.#options = options;
    this.#deadLetters = options.deadLetters;
    this.#window = options.window ?? 1000;
  }

  /** Another place from now on; what waits for the old one goes there when that is closed. */
  tune({ deadLetters, window }: SourceLimits): void {
    this.#deadLetters = deadLetters;
    this.#window = window;
  }

  /** How many more may be on their way: while there is none, no file is to be taken. */
  get room(): number {
    return Math.max(0, this.#window - this.#storing.size);
  }

  has(delivery: FileDelivery): boolean {
    return this.#storing.has(delivery);
  }

  /** False: there is no failure queue. */
  store(delivery: FileDelivery, reason: StompctlError): boolean {
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

  async #store(
    delivery: FileDelivery,
    reason: StompctlError,
    deadLetters: DeadLetters,
    signal: AbortSignal,
  ): Promise<FileWish> {
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
