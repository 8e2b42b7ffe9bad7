import type { Clock } from '../base/clock.js';

/** When the time to drain is over, the ends get this long to give back and close, together; what hangs then is left behind. */
export const GIVE_UP_MS = 2000;
/** Of that the sink gets so much to give up what it writes; the rest is for giving back and closing. */
const RECALL_MS = GIVE_UP_MS / 2;
/** What outlives a run gets this long at least to be closed. */
const LAST_MS = 250;

/**
 * The time that the end of a run may take: `lingerMs` for what is in flight, then `GIVE_UP_MS`, one budget for all that is done. Who has
 * not asked for the end, as a signal does, waits for closings as long as they may take, once all is settled.
 */
export class EndTime {
  readonly #clock: Clock;
  readonly #lingerUntilMs: number;
  /** did somebody ask for the end? */
  readonly asked: boolean;

  /** `askedMs`: when somebody asked for the end, of the clock's monotonic time; undefined: it came by itself, now. */
  constructor(clock: Clock, askedMs: number | undefined, lingerMs: number) {
    this.#clock = clock;
    this.asked = askedMs !== undefined;
    this.#lingerUntilMs = (askedMs ?? clock.monotonicMs()) + lingerMs;
  }

  /** What is left for what is in flight. */
  get lingerMs(): number {
    return Math.max(0, this.#lingerUntilMs - this.#clock.monotonicMs());
  }

  /** What is left of all of it. */
  get leftMs(): number {
    return Math.max(0, this.#lingerUntilMs + GIVE_UP_MS - this.#clock.monotonicMs());
  }

  /** What is left for the sink to give up what it writes. */
  get recallMs(): number {
    return Math.min(RECALL_MS, this.leftMs);
  }

  /** What is left for closing, where everything is settled or not. */
  closeMs(settled: boolean): number {
    return settled && !this.asked ? Number.POSITIVE_INFINITY : this.leftMs;
  }

  /** What is left for what outlives the run to be closed, where an end may take `closeMs`. */
  lastMs(settled: boolean, closeMs: number): number {
    return Math.max(LAST_MS, Math.min(closeMs, this.closeMs(settled)));
  }
}
