import type { AmqpSession } from '../../amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../../amqp/amqp-session-options.js';
import type { Clock } from '../../base/clock.js';
import { reasonOf } from '../../base/errors.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import { BrokerEpoch } from '../broker/broker-epoch.js';
import type { BrokerSubscription } from '../broker/broker-source.js';
import { CurrentEpoch, mostOf } from '../broker/current-epoch.js';
import { SubscriptionShare } from '../broker/subscription-share.js';
import { EpochSide } from './epoch-side.js';

export type AmqpSourceWarning = 'unsubscribe-failed' | 'close-failed';

export interface AmqpSourceOptions extends SourceLimits {
  /** for logs: `broker amqp://host:5672` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<AmqpSessionOptions>;
  readonly subscriptions: readonly BrokerSubscription[];
  /** acknowledge one by one; otherwise the broker forgets a message once sent */
  readonly reliable: boolean;
  /** as the operator asked, for each subscription; undefined: from the window */
  readonly prefetch: number | undefined;
  readonly events: SourceEvents;
  /** called at each opening, with the session */
  readonly onSession?: (session: AmqpSession) => void;
  readonly onWarning?: (event: AmqpSourceWarning, text: string) => void;
  /** Only looks, and is told how at each opening: no broker shows a queue over AMQP, and what is released goes back. */
  readonly onLook?: (how: 'given-back') => void;
  readonly clock?: Clock;
}

/** AMQP counts prefetch in 16 bits. */
const MOST_PREFETCH = 65_535;
const DIALECT = { prefetch: { header: 'prefetch-count', unit: 'messages' } } as const;

/** Receives messages from a broker that speaks AMQP 0-9-1, over one session at a time. */
export class AmqpSource implements TunableSource {
  readonly name: string;
  #options: AmqpSourceOptions;
  readonly #current: CurrentEpoch<AmqpSession, EpochSide>;
  /** the queues of the subscriptions, by position, once the broker has confirmed all of them */
  #queues: Promise<readonly string[]> = Promise.resolve([]);

  /** the latest one, until its end has been told */
  #session: AmqpSession | undefined;

  constructor(options: AmqpSourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#current = new CurrentEpoch(options);
  }

  /** See `CurrentEpoch.open`. */
  open(): Promise<void> {
    return this.#current.open(async (signal) => {
      const options = await this.#options.connect(signal);
      // loaded on use, as the library is
      const { AmqpSession } = await import('../../amqp/amqp-library.js');
      const session = await AmqpSession.connect({ ...options, signal });
      this.#session = session;
      return { session, begin: () => this.#begin(session, options.maxMessageSize) };
    });
  }

  /** Other limits from now on. What the broker sends ahead changes with the next session. */
  tune(tuned: SourceLimits): void {
    this.#options = { ...this.#options, ...tuned };
    this.#current.tune(tuned);
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    try {
      return await this.#current.next(demand, interrupt, this.#options.maxParked);
    } catch (error) {
      if (error === this.#session?.over) this.#session = undefined;
      throw error;
    }
  }

  settle(): Promise<void> {
    return this.#current.settle();
  }

  async close(): Promise<void> {
    await this.#current.close(({ amqp }) => this.#unsubscribe(amqp));
    const session = this.#session;
    this.#session = undefined;
    if (session?.over === undefined) return;
    // nobody asks for messages any more, who would hear of it
    const why = await session.ended;
    if (why === undefined || why.code === 'SESSION_CLOSED') return;
    this.#options.onWarning?.('close-failed', `${why.message}; what was acknowledged last may come again`);
  }

  abandon(): void {
    this.#current.abandon();
  }

  #begin(session: AmqpSession, maxMessageSize: number) {
    const epoch = this.#newEpoch(session, maxMessageSize);
    this.#options.onSession?.(session);
    this.#options.onLook?.('given-back');
    this.#queues = this.#subscribe(epoch);
    return { epoch, confirmed: this.#queues };
  }

  #newEpoch(session: AmqpSession, maxMessageSize: number): BrokerEpoch<EpochSide> {
    const { name, reliable, deadLetters, events } = this.#options;
    const most = mostOf(this.#options);
    const limits = {
      name,
      most,
      reliable,
      maxMessageSize,
      deadLetters,
      events,
      safe: undefined,
      onDuplicate: undefined,
    };
    return new BrokerEpoch(new EpochSide(session), limits);
  }

  /** One after the other: prefetch is said of the subscriptions that follow. */
  async #subscribe(epoch: BrokerEpoch<EpochSide>): Promise<readonly string[]> {
    const { subscribe } = await import('../../amqp/amqp-library.js');
    const side = epoch.session;
    const queues: string[] = [];
    for (const [index, { header }] of this.#options.subscriptions.entries()) {
      const id = header.id ?? String(index + 1);
      const noAck = !this.#options.reliable && (header.ack ?? 'auto') === 'auto';
      const prefetch = this.#prefetch(header['prefetch-count']);
      const share = new SubscriptionShare({ ...header, 'prefetch-count': String(prefetch) }, DIALECT, false);
      queues.push(
        await subscribe(side.amqp, header, { id, noAck, prefetch }, (delivery) =>
          epoch.arrived(side.frameOf(delivery, id, !noAck), share),
        ),
      );
    }
    return queues;
  }

  /** What one subscription asks for: the window, and beside it what may be parked, is divided among them. */
  #prefetch(given: string | undefined): number {
    const { prefetch, reliable, window, maxParked, subscriptions } = this.#options;
    if (given !== undefined && /^\d{1,5}$/.test(given)) return Math.min(MOST_PREFETCH, Number(given));
    if (prefetch !== undefined) return Math.min(MOST_PREFETCH, prefetch);
    if (!reliable) return 0;
    return Math.min(MOST_PREFETCH, Math.max(1, Math.floor((window + maxParked) / subscriptions.length)));
  }

  /** As over STOMP: UNSUBSCRIBE with `durable:true` ends a durable subscription for good, its queue and all in it. */
  async #unsubscribe(session: AmqpSession): Promise<void> {
    const { subscriptions } = this.#options;
    if (subscriptions.every(({ unsubscribe }) => unsubscribe?.durable !== 'true')) return;
    const queues = await this.#queues.catch(() => []);
    for (const [index, { header, unsubscribe }] of subscriptions.entries()) {
      const queue = queues[index];
      if (queue === undefined || unsubscribe?.durable !== 'true' || header.durable !== 'true') continue;
      await session.deleteQueue(queue).catch((error: unknown) => {
        this.#options.onWarning?.('unsubscribe-failed', reasonOf(error));
      });
    }
  }
}
