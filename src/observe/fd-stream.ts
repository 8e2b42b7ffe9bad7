import { writeSync } from 'node:fs';
import type { Clock } from '../base/clock.js';
import { errnoOf } from '../base/errors.js';
import { wait } from '../base/wait.js';

/** What waits for a reader that does not read, at most, in bytes. */
const MAX_WAITING = 1024 * 1024;
const RETRY_MS = 50;

/** Where log lines go: each call is one or more whole lines. */
export interface LineStream {
  write(lines: string): void;
  /** Hurries what waits; resolves when it is out, dropped, or a second is over. Never rejects. */
  flush(): Promise<void>;
  /** Ends what takes the lines, if that is its own; lines written later are lost. */
  close?(): void;
}

/**
 * Writes lines to a file descriptor synchronously, so that the last ones are out before the process ends. A non-blocking
 * pipe whose reader is slow makes lines wait, up to 1 MiB; then they are dropped, as they are when the reader is gone,
 * and a line says how many once there is room again.
 */
export class FdStream implements LineStream {
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #describeDrop: (dropped: number) => string;
  readonly #before: () => string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #retrying = false;

  /**
   * `describeDrop` makes the line that says how many were dropped, with its line end; `before` gives what is to be written before
   * whole lines.
   */
  constructor(fd: number, clock: Clock, describeDrop: (dropped: number) => string, before: () => string = () => '') {
    this.#fd = fd;
    this.#before = before;
    this.#clock = clock;
    this.#describeDrop = describeDrop;
  }

  write(lines: string): void {
    if (this.#waiting.length > 0) this.#drain();
    if (this.#waiting.length === 0 && this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      this.#put(this.#describeDrop(dropped), dropped);
    }
    this.#put(`${this.#before()}${lines}`, 1);
  }

  async flush(): Promise<void> {
    const deadline = this.#clock.monotonicMs() + 1000;
    this.#drain();
    while (this.#waiting.length > 0 && this.#clock.monotonicMs() < deadline) {
      await wait(this.#clock, RETRY_MS);
      this.#drain();
    }
  }

  /** `worth`: how many lines are lost with this text. */
  #put(text: string, worth: number): void {
    const bytes = Buffer.from(text);
    if (this.#waitingBytes + bytes.length > MAX_WAITING) {
      this.#dropped += worth;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#drain();
  }

  #drain(): void {
    while (true) {
      const first = this.#waiting[0];
      if (first === undefined) return;
      let written: number;
      try {
        written = writeSync(this.#fd, first);
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') {
          this.#retryLater();
          return;
        }
        // the reader is gone, or the disk is full: nobody can be told now, and the transfer must go on
        this.#dropped += this.#waiting.length;
        this.#waiting = [];
        this.#waitingBytes = 0;
        return;
      }
      this.#waitingBytes -= written;
      if (written < first.length) this.#waiting[0] = first.subarray(written);
      else this.#waiting.shift();
    }
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    this.#clock.after(
      RETRY_MS,
      () => {
        this.#retrying = false;
        this.#drain();
      },
      false,
    );
  }
}
