import type { Clock, Timer } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';

/** Milliseconds between the beats that each side offers to send and wants to get; 0: none. */
export interface HeartBeatWish {
  readonly clientMs: number;
  readonly serverMs: number;
}

/** A beat is sent when this part of the interval has passed without a byte: the peer's clock runs from what it gets. */
const EARLY = 0.8;
/**
 * The peer is given up after this many of its intervals: STOMP 1.2 "Heart-beating" asks for a margin, without a figure. ActiveMQ looks once
 * an interval whether it has sent anything since its last look, and so may be silent for two of them.
 */
const GRACE = 2.5;

/**
 * The intervals that hold, from what we offered and the `heart-beat` header of CONNECTED.
 * STOMP 1.2 "Heart-beating": the larger of both in each direction, none when either says 0, or when the header is missing.
 */
export function negotiate(ours: HeartBeatWish, theirs: string | undefined): { sendMs: number; expectMs: number } {
  const match = /^(\d{1,9}),(\d{1,9})$/.exec(theirs ?? '0,0');
  const [serverSends, serverWants] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  return {
    sendMs: ours.clientMs === 0 || serverWants === 0 ? 0 : Math.max(ours.clientMs, serverWants),
    expectMs: ours.serverMs === 0 || serverSends === 0 ? 0 : Math.max(ours.serverMs, serverSends),
  };
}

export interface HeartBeatOptions {
  readonly clock: Clock;
  readonly peer: string;
  readonly sendMs: number;
  readonly expectMs: number;
  /** sends one beat, unless bytes are waiting to go out anyway */
  readonly beat: () => void;
  /** called at most once, with HEARTBEAT_MISSED */
  readonly missed: (error: StompctlError) => void;
}

/**
 * Both directions of the heart-beats of one session, on the monotonic clock. Any byte received counts. A miss is declared only
 * after a turn of the event loop that polled the socket and found nothing: after a long computation the beats lie in the
 * system's buffer, unread.
 */
export class HeartBeat {
  readonly #options: HeartBeatOptions;
  #sendTimer: Timer | undefined;
  #expectTimer: Timer | undefined;
  #lastSent: number;
  #lastReceived: number;
  #suspended = false;
  #stopped = false;

  constructor(options: HeartBeatOptions) {
    this.#options = options;
    this.#lastSent = options.clock.monotonicMs();
    this.#lastReceived = this.#lastSent;
    this.#armSend();
    this.#armExpect();
  }

  sent(): void {
    this.#lastSent = this.#options.clock.monotonicMs();
  }

  received(): void {
    this.#lastReceived = this.#options.clock.monotonicMs();
  }

  /** Reading is paused: nothing can be expected. */
  suspend(): void {
    this.#suspended = true;
    this.#expectTimer?.cancel();
  }

  /** Reading goes on: the peer has its whole time again. */
  resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    this.received();
    this.#armExpect();
  }

  stop(): void {
    this.#stopped = true;
    this.#sendTimer?.cancel();
    this.#expectTimer?.cancel();
  }

  #armSend(): void {
    const { clock, sendMs, beat } = this.#options;
    if (sendMs === 0 || this.#stopped) return;
    const dueMs = this.#lastSent + sendMs * EARLY - clock.monotonicMs();
    if (dueMs <= 0) {
      this.sent();
      beat();
    }
    this.#sendTimer = clock.after(dueMs > 0 ? dueMs : sendMs * EARLY, () => this.#armSend(), false);
  }

  #armExpect(): void {
    const { clock, expectMs } = this.#options;
    if (expectMs === 0 || this.#stopped || this.#suspended) return;
    const now = clock.monotonicMs();
    const due = this.#lastReceived + expectMs * GRACE;
    if (now < due) {
      this.#expectTimer = clock.after(due - now, () => this.#armExpect(), false);
      return;
    }
    // Timers run before the sockets are polled, immediates after.
    setImmediate(() => this.#checkAfterPoll(now - due));
  }

  #checkAfterPoll(lateMs: number): void {
    const { clock, expectMs, missed, peer } = this.#options;
    if (this.#stopped || this.#suspended) return;
    const silentMs = clock.monotonicMs() - this.#lastReceived;
    if (silentMs < expectMs * GRACE) {
      this.#armExpect();
      return;
    }
    this.stop();
    const reason =
      `nothing received for ${(silentMs / 1000).toFixed(1)} s, a heart-beat was promised every ${expectMs / 1000} s ` +
      `(event loop late by ${Math.round(lateMs)} ms); the broker or the network is down`;
    missed(new StompctlError('HEARTBEAT_MISSED', 'session', peer, reason));
  }
}
