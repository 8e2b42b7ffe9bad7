/** Upper bounds of the buckets, in seconds; what took longer is in the last one, which has none. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];
const BOUNDS_MS = LATENCY_BOUNDS.map((seconds) => seconds * 1000);

export interface LatencySnapshot {
  /** how many took at most the bound of the same place in `LATENCY_BOUNDS`; growing */
  readonly atMost: readonly number[];
  readonly count: number;
  readonly sumSeconds: number;
}

/** How long messages took, in fixed buckets. `observe` is called once a message: it allocates nothing. */
export class Latency {
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #sumMs = 0;

  observe(ms: number): void {
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  snapshot(): LatencySnapshot {
    let count = 0;
    const upTo = Array.from(this.#counts, (number) => {
      count += number;
      return count;
    });
    return { atMost: upTo.slice(0, -1), count, sumSeconds: this.#sumMs / 1000 };
  }
}
