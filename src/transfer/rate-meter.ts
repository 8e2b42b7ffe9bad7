import type { Clock } from '../base/clock.js';

export interface Rate {
  /** messages a second */
  readonly received: number;
  readonly sent: number;
}

interface Sample {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
}

/** over so long a rate is told */
const SPAN_MS = 10_000;
/** samples closer to the last one than this are not kept */
const STEP_MS = 500;

/** Messages a second over the last ten seconds, by the counts it is shown each time it is asked. */
export class RateMeter {
  readonly #clock: Clock;
  #samples: Sample[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** undefined: it was not asked before, or so lately that there is nothing to compare with */
  rate({ received, sent }: Rate): Rate | undefined {
    const atMs = this.#clock.monotonicMs();
    // one older than the span is kept: the first of those within it may have just come
    while (atMs - (this.#samples[1]?.atMs ?? atMs) >= SPAN_MS) this.#samples.shift();
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= STEP_MS) this.#samples.push({ atMs, received, sent });
    if (first === undefined || atMs - first.atMs < STEP_MS) return undefined;
    const seconds = (atMs - first.atMs) / 1000;
    return { received: (received - first.received) / seconds, sent: (sent - first.sent) / seconds };
  }
}
