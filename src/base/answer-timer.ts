import type { Clock, Timer } from './clock.js';

/** How long the next answer is waited for, while any is. */
export class AnswerTimer {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #late: () => void;
  #timer: Timer | undefined;

  /** `late` is called when nothing was answered for `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number, late: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#late = late;
  }

  /** Begins anew when an answer is awaited, else stops. */
  restart(awaited: boolean): void {
    this.#timer?.cancel();
    this.#timer = awaited ? this.#clock.after(this.#timeoutMs, this.#late, false) : undefined;
  }
}
