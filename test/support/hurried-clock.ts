import type { Clock, Timer } from '../../src/base/clock.js';

/**
 * A clock on which every wait is over at once, and which then shows the time as if it had waited: loops with deadlines
 * run through without waiting. `startMs` is its time at first. After `calm` it runs like a real one.
 */
export class HurriedClock implements Clock {
  readonly #startMs: number;
  #now: number;
  #calmSince: number | undefined;

  constructor(startMs = Date.now()) {
    this.#startMs = startMs;
    this.#now = startMs;
  }

  monotonicMs(): number {
    return this.#now + (this.#calmSince === undefined ? 0 : performance.now() - this.#calmSince);
  }

  wallMs(): number {
    return this.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    if (this.#calmSince !== undefined) {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    }
    const handle = setImmediate(() => {
      if (this.#calmSince === undefined) this.#now += delayMs;
      run();
    });
    return { cancel: () => clearImmediate(handle) };
  }

  calm(): void {
    this.#calmSince ??= performance.now();
  }

  /** how long everybody seems to have waited */
  waitedMs(): number {
    return this.monotonicMs() - this.#startMs;
  }
}
