import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 5;

/**
 * Bounds how long a run of synchronous system calls keeps the event loop: `if (slice.over()) await slice.rest()`
 * after each piece of work.
 */
export class TimeSlice {
  readonly #sliceMs: number;
  #startedMs = performance.now();

  constructor(sliceMs = SLICE_MS) {
    this.#sliceMs = sliceMs;
  }

  over(): boolean {
    return performance.now() - this.#startedMs > this.#sliceMs;
  }

  /** Resolves in the next turn of the event loop, as the start of a new slice. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#startedMs = performance.now();
  }
}
