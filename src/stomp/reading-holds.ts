import type { Clock } from '../base/clock.js';

export interface ReadingHoldsOptions {
  readonly clock: Clock;
  /** a receipt is awaited: it stands behind what is not read */
  readonly receiptsAwaited: () => boolean;
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Who wants reading paused, and whether it is. The rule: whatever is paused has somebody who resumes it. Who takes messages resumes
 * it by taking them, unless he waits for a receipt first: so his wish yields to receipts, until it is `firm`.
 */
export class ReadingHolds {
  readonly #options: ReadingHoldsOptions;
  readonly #holders = new Map<object, 'firm' | 'yielding' | 'untimed'>();
  #untimedMs = 0;
  #untimedSince: number | undefined;

  constructor(options: ReadingHoldsOptions) {
    this.#options = options;
  }

  /**
   * `yielding`: reading goes on while a receipt is awaited. `firm`: in no case. `untimed`: neither, and the time of receipts stands
   * still: whoever holds does not wait for one.
   */
  hold(who: object, how: 'firm' | 'yielding' | 'untimed'): void {
    if (this.#holders.get(who) === how) return;
    this.#holders.set(who, how);
    this.apply();
  }

  letGo(who: object): void {
    if (this.#holders.delete(who)) this.apply();
  }

  /** To be called when receipts begin or cease to be awaited. */
  apply(): void {
    if (this.#holders.size === 0 && this.#untimedSince === undefined) {
      this.#options.resume();
      return;
    }
    const ways = [...this.#holders.values()];
    this.#count(ways.includes('untimed'));
    if (ways.some((how) => how !== 'yielding' || !this.#options.receiptsAwaited())) this.#options.pause();
    else this.#options.resume();
  }

  get any(): boolean {
    return this.#holders.size > 0;
  }

  /** Reading is paused, and the time of receipts runs. */
  get firm(): boolean {
    return [...this.#holders.values()].includes('firm');
  }

  /** How long the time of receipts has stood still. */
  get untimedMs(): number {
    const since = this.#untimedSince;
    return this.#untimedMs + (since === undefined ? 0 : this.#options.clock.monotonicMs() - since);
  }

  #count(untimed: boolean): void {
    if (untimed) {
      this.#untimedSince ??= this.#options.clock.monotonicMs();
    } else if (this.#untimedSince !== undefined) {
      this.#untimedMs = this.untimedMs;
      this.#untimedSince = undefined;
    }
  }
}
