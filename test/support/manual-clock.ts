import type { Clock, Timer } from '../../src/base/clock.js';

interface Pending {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that only moves when told. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #pending = new Set<Pending>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  /** timers waiting */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves on, running what falls due, in order; promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      if (!this.#runNext(untilMs)) break;
    }
    this.#nowMs = untilMs;
    await settled();
  }

  /** The same at once, for what has no promises in it. */
  skip(ms: number): void {
    const untilMs = this.#nowMs + ms;
    let ran = true;
    while (ran) ran = this.#runNext(untilMs);
    this.#nowMs = untilMs;
  }

  #runNext(untilMs: number): boolean {
    const due = [...this.#pending].filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
    if (due === undefined) return false;
    this.#pending.delete(due);
    this.#nowMs = Math.max(this.#nowMs, due.atMs);
    due.run();
    return true;
  }
}

/** Lets promises, and answers given a turn later, settle: long chains of them take many turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
