import type { Board } from './border/board.js';

/**
 * How long the call in progress has lasted, looked at every `tickMs`. A stretch counts for two ticks at most: when the
 * whole process was stopped (SIGSTOP, a frozen virtual machine), the message in progress must not pay for it. Nor for what a
 * busy machine gives to other programs: what this process did not have of a processor counts for an eighth (not for nothing: a call
 * may sleep).
 */
export class CallWatch {
  readonly tickMs: number;
  readonly #board: Board;
  #startedNs = 0n;
  #lookedNs = 0n;
  #lastedMs = 0;
  #used = process.cpuUsage();

  constructor(board: Board, tickMs: number) {
    this.#board = board;
    this.tickMs = tickMs;
  }

  /** Milliseconds; to be called about every `tickMs`. */
  look(): number {
    const now = process.hrtime.bigint();
    const startedNs = this.#board.startedNs;
    const same = startedNs === this.#startedNs;
    const sinceMs = Number(now - (same ? this.#lookedNs : startedNs)) / 1e6;
    const { user, system } = process.cpuUsage(this.#used);
    this.#used = process.cpuUsage();
    const hadMs = Math.max((user + system) / 1000, sinceMs / 8);
    this.#lastedMs = (same ? this.#lastedMs : 0) + Math.min(sinceMs, hadMs, 2 * this.tickMs);
    this.#startedNs = startedNs;
    this.#lookedNs = now;
    return this.#lastedMs;
  }
}
