import type { StompctlError } from '../base/errors.js';
import type { DeadLetters } from './dead-letters.js';
import type { Delivery } from './delivery.js';

/** What of a source may change while it is open. */
export interface SourceLimits {
  /** most unsettled deliveries */
  readonly window: number;
  /** most unsettled bytes */
  readonly windowBytes: number;
  /** most rejected deliveries that wait unacknowledged */
  readonly maxParked: number;
  /** where rejected messages go; undefined: they stay */
  readonly deadLetters?: DeadLetters | undefined;
}

/** How much more the transfer can take now: never more deliveries, nor more bytes unless it is a single delivery. */
export interface Demand {
  readonly deliveries: number;
  readonly bytes: number;
  /** nobody is going to look into the messages: they may be handed over `stored`, unread */
  readonly unread?: boolean;
}

export type SourceResult =
  | { readonly kind: 'batch'; readonly deliveries: readonly Delivery[] }
  /** nothing now; ask again. The source has already waited a moment (≤ 1 s), or was interrupted */
  | { readonly kind: 'idle'; readonly reason: 'empty' | 'interrupted' }
  /** nothing will ever come again */
  | { readonly kind: 'end' };

/** What a source tells besides deliveries. Given at construction, called synchronously, must not throw. */
export interface SourceEvents {
  /** an input that never became a delivery (undecodable element): it stays where it is, is counted and logged once */
  rejected(name: string, reason: StompctlError): void;
  /** a settling that came too late (dead session) or twice */
  settledInVain(name: string, why: 'dead-session' | 'twice'): void;
  /** an input that holds nothing, what a crash left, was removed: it is counted */
  discarded?(name: string): void;
  /**
   * a rejected delivery now waits unacknowledged, outside the window; `parked` counts those of its broker, `all` (default: as many)
   * those of all brokers that the source reads from
   */
  parked(name: string, parked: number, all?: number): void;
}

/** Where a transfer reads from. I/O only: no retry, no policy. One `next` at a time. */
export interface Source {
  /** for logs: `queue /var/spool/x`, `broker stomp://host:61613` */
  readonly name: string;
  /** what is given back cannot be read again: `close` puts it into the failure queue, which is not to be closed before */
  readonly storesAtClose?: boolean | undefined;
  /** Resolves when messages can come. May be called again after an error whose action is `reopen`: a new epoch. */
  open(): Promise<void>;
  /** The next batch, within `demand`; resolves early as idle when `interrupt` aborts. Rejects with a StompctlError. */
  next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult>;
  /** Carries out every settling asked for so far (removals synced, ACKs written). */
  settle(): Promise<void>;
  /** Ends the reading for good: settles, gives back what it still holds, closes. Never rejects twice; safe when not open. */
  close(): Promise<void>;
  /**
   * For who has waited for `close` long enough: ends at once what would keep messages from others, a session. What cannot be read
   * again is not given up by it.
   */
  abandon?(): void;
}

/** A source whose limits may change. */
export interface TunableSource extends Source {
  /** Other limits from now on. */
  tune(limits: SourceLimits): void;
}
