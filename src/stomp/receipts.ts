import type { Clock, Timer } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import type { FrameWriter } from './frame-writer.js';

interface Awaited {
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** what it is the receipt of, for errors */
  readonly command: string;
  readonly destination: string | undefined;
  /** where its frame ends in what the writer accepted */
  offset: number;
}

export interface ReceiptsOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly peer: string;
  readonly writer: FrameWriter;
  /** how long, in all, the time of receipts has stood still: reading was paused by somebody who does not wait for one */
  readonly untimedMs: () => number;
  /** why no receipt can come although the time runs, as the end of a sentence; undefined: nothing is known */
  readonly obstacle: () => string | undefined;
  /** receipts begin to be awaited, or cease to be */
  readonly changed: () => void;
  readonly timedOut: (error: StompctlError) => void;
}

/**
 * The receipts that are awaited. The time of a receipt runs while it is the oldest one awaited and its frame is written: a broker
 * that works through a long window, and a large message on a slow line, are not taken for dead. It counts while the connection is read.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #awaited = new Map<string, Awaited>();
  #count = 0;
  #timer: Timer | undefined;
  #oldest = '';
  #since = 0;
  #written = 0;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#awaited.size;
  }

  /** A new receipt id. `sent` is to be called with it once its frame is with the writer, or `forget`. */
  expect(
    command: string,
    destination: string | undefined,
    resolve: () => void,
    reject: (error: StompctlError) => void,
  ): string {
    const id = String(++this.#count);
    this.#awaited.set(id, { resolve, reject, command, destination, offset: Number.POSITIVE_INFINITY });
    if (this.#awaited.size === 1) this.#options.changed();
    return id;
  }

  sent(id: string, offset: number): void {
    const awaited = this.#awaited.get(id);
    if (awaited !== undefined) awaited.offset = offset;
    if (this.#timer === undefined) {
      this.#oldest = '';
      this.#watch();
    }
  }

  forget(id: string): void {
    this.#remove(id);
  }

  /** Whether the receipt was ours; if so its promise is resolved. */
  arrived(id: string): boolean {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return false;
    this.#remove(id);
    awaited.resolve();
    return true;
  }

  /** What `id` was asked for; undefined when it is not awaited. */
  commandOf(id: string): string | undefined {
    return this.#awaited.get(id)?.command;
  }

  refuse(id: string, error: StompctlError): void {
    const awaited = this.#awaited.get(id);
    this.#remove(id);
    awaited?.reject(error);
  }

  #remove(id: string): void {
    if (this.#awaited.delete(id) && this.#awaited.size === 0) this.#options.changed();
  }

  /** The session is over. */
  failAll(error: StompctlError): void {
    this.#timer?.cancel();
    const all = [...this.#awaited.values()];
    this.#awaited.clear();
    for (const awaited of all) awaited.reject(error);
  }

  /** Looks four times per time-out rather than setting a timer for each receipt. */
  #watch(): void {
    const { clock, timeoutMs, untimedMs, writer } = this.#options;
    this.#timer = undefined;
    const [oldest] = this.#awaited;
    if (oldest === undefined) return;
    const [id, awaited] = oldest;
    const now = clock.monotonicMs() - untimedMs();
    const moving = writer.written < awaited.offset && writer.written !== this.#written;
    if (id !== this.#oldest || moving) {
      this.#oldest = id;
      this.#since = now;
    }
    this.#written = writer.written;
    if (now - this.#since < timeoutMs) {
      this.#timer = clock.after(timeoutMs / 4, () => this.#watch(), false);
      return;
    }
    this.#options.timedOut(this.#lateness(awaited));
  }

  #lateness({ command, destination, offset }: Awaited): StompctlError {
    const { timeoutMs, peer, writer, obstacle } = this.#options;
    const seconds = timeoutMs / 1000;
    const reason =
      writer.written < offset
        ? `the broker has read nothing for ${seconds} s; it may be out of memory or disk, see its log`
        : `no receipt within ${seconds} s (timeout-broker) for ${command} ${destination ?? ''}; ${obstacle() ?? 'see the log of the broker'}`;
    return new StompctlError('RECEIPT_TIMEOUT', 'session', peer, reason);
  }
}
