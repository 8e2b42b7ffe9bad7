import type { Clock, Timer } from '../base/clock.js';

export interface FloodOptions {
  readonly clock: Clock;
  /** lines with the same key that pass in each period; default 10 */
  readonly burst?: number;
  /** default 10,000 */
  readonly periodMs?: number;
  /** keys remembered at once; default 500 */
  readonly maxKeys?: number;
}

/** Writes a line; `stands`: how many lines it stands for, itself included. */
type Write = (stands: number) => void;

interface Entry {
  passed: number;
  readonly endsAt: number;
  /** the latest line held back */
  held: Write | undefined;
  /** how many lines it stands for */
  stands: number;
}

/**
 * Collapses floods: of the lines with one key, `burst` pass in a period; the rest become one line at its end, the latest,
 * which stands for all of them. Nothing is lost from the counts: `flush` lets out what is held, and a key that must make
 * room for another one is let out first.
 */
export class FloodGuard {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #periodMs: number;
  readonly #maxKeys: number;
  readonly #entries = new Map<string, Entry>();
  #timer: Timer | undefined;

  constructor({ clock, burst = 10, periodMs = 10_000, maxKeys = 500 }: FloodOptions) {
    this.#clock = clock;
    this.#burst = burst;
    this.#periodMs = periodMs;
    this.#maxKeys = maxKeys;
  }

  /** Calls `write` now, or holds it back, to be called later or to be replaced by a later one. `stands`: as in `write`. */
  pass(key: string, write: Write, stands = 1): void {
    const now = this.#clock.monotonicMs();
    let entry = this.#entries.get(key);
    if (entry !== undefined && now >= entry.endsAt) {
      this.#letOut(key, entry);
      entry = undefined;
    }
    if (entry === undefined) {
      this.#makeRoom();
      entry = { passed: 0, endsAt: now + this.#periodMs, held: undefined, stands: 0 };
      this.#entries.set(key, entry);
    }
    if (entry.passed < this.#burst) {
      entry.passed += 1;
      write(stands);
      return;
    }
    entry.held = write;
    entry.stands += stands;
    this.#timer ??= this.#clock.after(entry.endsAt - now, () => this.#sweep(), false);
  }

  /** Writes everything held back. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [key, entry] of [...this.#entries]) this.#letOut(key, entry);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    let next: number | undefined;
    // entries stand in the order of their ends: a period is the same for all
    for (const [key, entry] of [...this.#entries]) {
      if (entry.endsAt <= now) this.#letOut(key, entry);
      else if (entry.held !== undefined) next ??= entry.endsAt;
    }
    if (next !== undefined) this.#timer = this.#clock.after(next - now, () => this.#sweep(), false);
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#maxKeys) return;
    const oldest = this.#entries.entries().next().value;
    if (oldest !== undefined) this.#letOut(oldest[0], oldest[1]);
  }

  #letOut(key: string, entry: Entry): void {
    this.#entries.delete(key);
    entry.held?.(entry.stands);
  }
}
