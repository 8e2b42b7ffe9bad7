import { type Clock, systemClock } from '../../base/clock.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { wait } from '../../base/wait.js';
import type { Demand, SourceLimits, SourceResult } from '../../flow/source.js';
import type { BrokerEpoch, BrokerEpochOptions, EpochSession } from './broker-epoch.js';

/** the longest wait for a message before `next` says that there is none */
const IDLE_MS = 1000;

export interface CurrentEpochOptions {
  /** of the source, for errors */
  readonly name: string;
  readonly clock?: Clock | undefined;
}

/** What of a session is needed to end it, whatever protocol it speaks. */
interface Endable {
  /** at once, as if the connection had broken */
  abort(reason: string): void;
  /** with a farewell */
  close(): Promise<void>;
}

/** A session that was just connected. */
export interface Connected<Session extends Endable, Side extends EpochSession> {
  readonly session: Session;
  /** Subscribes; `confirmed` resolves when the broker has confirmed every subscription. */
  readonly begin: () => { readonly epoch: BrokerEpoch<Side>; readonly confirmed: Promise<unknown> };
}

/** The sessions of a broker source, one at a time: how they are opened, read, and ended. */
export class CurrentEpoch<Session extends Endable, Side extends EpochSession> {
  readonly #name: string;
  readonly #clock: Clock;
  #epoch: BrokerEpoch<Side> | undefined;
  /** the latest one, also while it is being closed */
  #session: Session | undefined;
  #opening: AbortController | undefined;

  constructor({ name, clock = systemClock }: CurrentEpochOptions) {
    this.#name = name;
    this.#clock = clock;
  }

  /**
   * Connects and subscribes; resolves when the broker has confirmed every subscription, or earlier when the first ones have brought
   * as much as may be held: the other confirmations stand behind that, and come once it is taken and settled. A subscription that is
   * refused then ends the session, which `next` tells.
   */
  async open(connect: (signal: AbortSignal) => Promise<Connected<Session, Side>>): Promise<void> {
    if (this.#epoch !== undefined) this.#session?.abort('opened again');
    this.#epoch = undefined;
    const { signal } = this.#newOpening();
    const { session, begin } = await connect(signal);
    this.#session = session;
    const closed = () => session.abort('closed while opening');
    signal.addEventListener('abort', closed, { once: true });
    try {
      const { epoch, confirmed } = begin();
      confirmed.catch((error: unknown) => session.abort(reasonOf(error)));
      await Promise.race([confirmed, epoch.full]);
      if (signal.aborted) throw new StompctlError('SESSION_CLOSED', 'open', this.#name, 'closed while opening');
      this.#epoch = epoch;
    } catch (error) {
      session.abort(reasonOf(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', closed);
    }
  }

  /** Other limits, and another place for rejected messages, from now on. */
  tune(limits: SourceLimits): void {
    this.#epoch?.tune(mostOf(limits), limits.deadLetters);
  }

  /** `Source.next`. */
  async next(demand: Demand, interrupt: AbortSignal, maxParked: number): Promise<SourceResult> {
    const epoch = this.#epoch;
    if (epoch === undefined) throw new StompctlError('SESSION_CLOSED', 'next', this.#name, 'not open');
    this.#check(epoch, maxParked);
    if (epoch.empty && epoch.ended) return { kind: 'end' };
    if (!epoch.hasMore) await wait(this.#clock, IDLE_MS, { signal: interrupt, bell: epoch.arrival });
    this.#check(epoch, maxParked);
    const deliveries = epoch.take(demand);
    if (deliveries.length > 0) return { kind: 'batch', deliveries };
    return { kind: 'idle', reason: interrupt.aborted ? 'interrupted' : 'empty' };
  }

  async settle(): Promise<void> {
    await this.#epoch?.settle();
  }

  /** `unsubscribe` is called when everything is settled, while the session lasts. */
  async close(unsubscribe: (side: Side) => Promise<void>): Promise<void> {
    this.#opening?.abort();
    const [epoch, session] = [this.#epoch, this.#session];
    if (epoch === undefined) return;
    this.#epoch = undefined;
    epoch.stop();
    await epoch.settle();
    if (epoch.session.over === undefined) await unsubscribe(epoch.session);
    await session?.close();
  }

  abandon(): void {
    this.#opening?.abort();
    this.#session?.abort('left behind');
  }

  #newOpening(): AbortController {
    const opening = new AbortController();
    this.#opening = opening;
    return opening;
  }

  #check(epoch: BrokerEpoch<Side>, maxParked: number): void {
    if (epoch.session.over !== undefined) throw epoch.session.over;
    // with 0 nothing is parked but by who only looks at messages
    if (maxParked === 0) return;
    if (epoch.blocked !== undefined) throw epoch.blocked;
    if (epoch.parked < maxParked) return;
    const reason = `${epoch.parked} rejected messages wait unacknowledged, the broker sends no more; set failure-queue`;
    throw new StompctlError('TOO_MANY_PARKED', 'next', this.#name, reason);
  }
}

/** What a session holds unsettled at most: with what is parked, and one more to see that there are more. */
export function mostOf({ window, windowBytes, maxParked }: SourceLimits): BrokerEpochOptions['most'] {
  return { deliveries: window + maxParked + 1, bytes: windowBytes, window };
}
