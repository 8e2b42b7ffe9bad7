import type { Clock, Timer } from '../base/clock.js';

export interface TimeLimits {
  readonly durationMs: number | undefined;
  /** the run ends after that long without a delivery; undefined: off */
  readonly inactivityMs: number | undefined;
}

/** Ends a run after its time, or after a time without messages. Both count from the start, also when they are changed. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #over: (why: 'duration' | 'inactivity') => void;
  #limits: TimeLimits;
  #timers: Timer[] = [];
  #startedMs: number | undefined;
  #lastDeliveryMs = 0;
  #cancelled = false;
  #held = false;

  constructor(clock: Clock, limits: TimeLimits, over: (why: 'duration' | 'inactivity') => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#over = over;
  }

  start(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#lastDeliveryMs = this.#startedMs;
    this.#arm(this.#startedMs);
  }

  /** Other limits from now on; they may be over already. */
  configure(limits: TimeLimits): void {
    this.#limits = limits;
    this.#clear();
    if (this.#startedMs !== undefined) this.#arm(this.#startedMs);
  }

  /** While messages are held back on purpose nothing is inactive. */
  hold(held: boolean): void {
    this.#held = held;
    this.delivered();
  }

  /** Something was delivered; gives the time. */
  delivered(): number {
    this.#lastDeliveryMs = this.#clock.monotonicMs();
    return this.#lastDeliveryMs;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#clear();
  }

  #clear(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #arm(startedMs: number): void {
    const { durationMs, inactivityMs } = this.#limits;
    if (this.#cancelled) return;
    if (durationMs !== undefined) {
      const leftMs = Math.max(0, startedMs + durationMs - this.#clock.monotonicMs());
      this.#timers.push(this.#clock.after(leftMs, () => this.#over('duration')));
    }
    if (inactivityMs !== undefined) this.#watchInactivity(inactivityMs);
  }

  #watchInactivity(inactivityMs: number): void {
    if (this.#held) this.delivered();
    const quietMs = this.#clock.monotonicMs() - this.#lastDeliveryMs;
    if (quietMs >= inactivityMs) {
      this.#over('inactivity');
      return;
    }
    const timer = this.#clock.after(inactivityMs - quietMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
      if (!this.#cancelled) this.#watchInactivity(inactivityMs);
    });
    this.#timers.push(timer);
  }
}
