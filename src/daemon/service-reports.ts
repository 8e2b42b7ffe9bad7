import type { Clock } from '../base/clock.js';
import { printable } from '../base/printable.js';
import type { Notification } from './service-notifier.js';

/** How a service is, at one look. */
export interface ServiceLook {
  /** everything that was to be opened is open */
  readonly ready: boolean;
  /** it works, or has nothing to do: a sign of life may be given */
  readonly healthy: boolean;
  /** it is being ended */
  readonly stopping: boolean;
  /** one word, told at once when it changes */
  readonly state: string;
  /** a sentence for people */
  readonly text: string;
}

export interface ServiceReportsOptions {
  readonly clock: Clock;
  readonly send: (notification: Notification) => void;
  /** undefined: nobody watches */
  readonly watchdogMs: number | undefined;
}

/** A text that changes with each second (`sent 3 s ago`) is not told each second: one process each. */
const TEXT_MS = 15_000;
/** While it ends, so much more time is asked for, */
const EXTEND_MS = 30_000;
/** and again after this. */
const EXTEND_AGAIN_MS = 10_000;
/** STATUS= is shown on one line, and travels in one datagram */
const MAX_TEXT = 500;

/** Decides what a service manager is told, and when: sd_notify(3). */
export class ServiceReports {
  readonly #options: ServiceReportsOptions;
  #ready = false;
  #reloading = false;
  #stopping = false;
  #ended = false;
  #state: string | undefined;
  #text: string | undefined;
  #textMs = Number.NEGATIVE_INFINITY;
  #watchdogMs = Number.NEGATIVE_INFINITY;
  #extendedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ServiceReportsOptions) {
    this.#options = options;
  }

  /** How often it must be given a look at least; undefined: nobody watches. */
  get periodMs(): number | undefined {
    const { watchdogMs } = this.#options;
    return watchdogMs === undefined ? undefined : watchdogMs / 8;
  }

  /** Takes a look at the service, and tells what is news. */
  look({ ready, healthy, stopping, state, text }: ServiceLook): void {
    if (this.#ended) return;
    const { clock, send, watchdogMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const news: Record<string, string> = {};
    // a reload ends with READY=1 of its own
    if (ready && !this.#ready && !this.#reloading) {
      this.#ready = true;
      news.READY = '1';
    }
    if (stopping && !this.#stopping) {
      this.#stopping = true;
      news.STOPPING = '1';
    }
    if (state !== this.#state || (text !== this.#text && nowMs - this.#textMs >= TEXT_MS)) {
      this.#state = state;
      this.#text = text;
      this.#textMs = nowMs;
      news.STATUS = statusText(text);
    }
    if (watchdogMs !== undefined && healthy && nowMs - this.#watchdogMs >= watchdogMs / 4) {
      this.#watchdogMs = nowMs;
      news.WATCHDOG = '1';
    }
    if (stopping && nowMs - this.#extendedMs >= EXTEND_AGAIN_MS) {
      this.#extendedMs = nowMs;
      news.EXTEND_TIMEOUT_USEC = String(EXTEND_MS * 1000);
    }
    if (Object.keys(news).length > 0) send(news);
  }

  /** A new configuration is being read: the manager waits for `reloaded`. */
  reloading(): void {
    if (this.#stopping) return;
    this.#reloading = true;
    // CLOCK_MONOTONIC, which is what hrtime reads
    this.#options.send({ RELOADING: '1', MONOTONIC_USEC: String(process.hrtime.bigint() / 1000n) });
  }

  /** It was taken, or refused: `text` says which. */
  reloaded(text: string): void {
    if (!this.#reloading) return;
    this.#reloading = false;
    if (this.#stopping) return;
    this.#ready = true;
    this.#textMs = this.#options.clock.monotonicMs();
    this.#options.send({ READY: '1', STATUS: statusText(text) });
  }

  /** The last word. A service that ended well before it was ready is no failure: the manager must have heard READY=1. */
  end(text: string, well: boolean): void {
    this.#ended = true;
    if (well && !this.#ready) this.#options.send({ READY: '1' });
    this.#options.send({ ...(!this.#stopping && { STOPPING: '1' }), STATUS: statusText(text) });
  }
}

function statusText(text: string): string {
  const line = printable(text);
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
