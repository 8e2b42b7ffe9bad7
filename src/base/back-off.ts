export interface BackOffOptions {
  /** the longest first delay, in milliseconds */
  initialMs: number;
  /** what the longest delay is multiplied by after each attempt */
  factor: number;
  /** the longest delay ever, in milliseconds */
  maxMs: number;
  /** a number in [0, 1); `Math.random` unless a test says otherwise */
  random?: () => number;
}

/**
 * Exponential back-off with full jitter: delay = random × min(max, initial × factor^attempt).
 * Full jitter (Brooker, "Exponential Backoff And Jitter", 2015) keeps many clients of one broker from returning together.
 */
export class BackOff {
  readonly #options: BackOffOptions;
  #attempt = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** attempts since the last reset */
  get attempts(): number {
    return this.#attempt;
  }

  /** The next delay in milliseconds, and one attempt more. */
  nextMs(): number {
    const { initialMs, factor, maxMs, random = Math.random } = this.#options;
    const ceiling = Math.min(maxMs, initialMs * factor ** this.#attempt);
    this.#attempt += 1;
    return random() * ceiling;
  }

  reset(): void {
    this.#attempt = 0;
  }
}
