import type { Clock } from '../base/clock.js';
import { Bell } from '../base/wait.js';

export interface RateLimits {
  /** messages a second; undefined: no limit */
  readonly maxRate?: number | undefined;
  /** bytes a second; undefined: no limit */
  readonly maxRateBytes?: number | undefined;
}

/** How much may be taken now. */
export interface Allowance {
  readonly deliveries: number;
  /** one message may be larger: what it has too much is waited for after it */
  readonly bytes: number;
  /** when nothing may be taken: how long until something may */
  readonly waitMs: number;
}

/** Waking up for each message of many a second costs more than taking a few at a time. */
const SHORTEST_WAIT_MS = 20;

/** So many messages and bytes a second over a run, with a burst of one second after a pause. By the monotonic clock. */
export class RateLimit {
  /** rung when the limits are changed: who waits for the old ones looks again */
  readonly changed = new Bell();
  readonly #clock: Clock;
  #messages: Bucket | undefined;
  #bytes: Bucket | undefined;
  #limits: RateLimits = {};

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.configure(limits);
  }

  /** A limit that stays as it is keeps what it has counted. */
  configure(limits: RateLimits): void {
    const { maxRate, maxRateBytes } = this.#limits;
    // less than one message a second: the burst is that one
    if (limits.maxRate !== maxRate) this.#messages = this.#bucket(limits.maxRate, 1);
    if (limits.maxRateBytes !== maxRateBytes) this.#bytes = this.#bucket(limits.maxRateBytes, 0);
    this.#limits = limits;
    this.changed.ring();
  }

  allowance(): Allowance {
    const messages = this.#messages?.fill() ?? Number.POSITIVE_INFINITY;
    const bytes = this.#bytes?.fill() ?? Number.POSITIVE_INFINITY;
    const deliveries = bytes > 0 ? Math.floor(messages) : 0;
    if (deliveries >= 1) return { deliveries, bytes, waitMs: 0 };
    const waitMs = Math.max(this.#messages?.msUntil(1) ?? 0, this.#bytes?.msUntil(1) ?? 0, SHORTEST_WAIT_MS);
    return { deliveries: 0, bytes: 0, waitMs };
  }

  spend(deliveries: number, bytes: number): void {
    this.#messages?.spend(deliveries);
    this.#bytes?.spend(bytes);
  }

  #bucket(rate: number | undefined, least: number): Bucket | undefined {
    return rate === undefined ? undefined : new Bucket(this.#clock, rate, Math.max(rate, least));
  }
}

/** Fills at a rate, up to its capacity; may owe. */
class Bucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, perSecond: number, capacity: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledMs = clock.monotonicMs();
  }

  /** What is in it now. */
  fill(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledMs) * this.#perMs);
    this.#filledMs = nowMs;
    return this.#tokens;
  }

  spend(tokens: number): void {
    this.#tokens -= tokens;
  }

  msUntil(tokens: number): number {
    return Math.max(0, (Math.min(tokens, this.#capacity) - this.#tokens) / this.#perMs);
  }
}
