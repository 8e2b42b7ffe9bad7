import type { ReceiverLink } from '../../amqp1/amqp1-receiver.js';
import type { Amqp1Session } from '../../amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../../amqp1/amqp1-session-options.js';
import type { Clock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import { BrokerEpoch } from '../broker/broker-epoch.js';
import type { BrokerSubscription } from '../broker/broker-source.js';
import { CurrentEpoch, mostOf } from '../broker/current-epoch.js';
import { SubscriptionShare } from '../broker/subscription-share.js';
import { Amqp1Side } from './amqp1-side.js';

export interface Amqp1SourceOptions extends SourceLimits {
  /** for logs: `broker amqp://host:5672` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<Amqp1SessionOptions>;
  readonly subscriptions: readonly BrokerSubscription[];
  /** settle one by one; otherwise the broker forgets a message once sent */
  readonly reliable: boolean;
  /** as the operator asked, for each subscription; undefined: from the window */
  readonly prefetch: number | undefined;
  readonly events: SourceEvents;
  /** called at each opening, with the session */
  readonly onSession?: (session: Amqp1Session) => void;
  /** Only looks, and is told how at each opening: what is not settled goes back. */
  readonly onLook?: (how: 'given-back') => void;
  readonly clock?: Clock;
}

/** RabbitMQ counts in 16 bits what is unsettled. */
const MOST_CREDIT = 65_535;
const DIALECT = { prefetch: { header: 'prefetch-count', unit: 'messages' } } as const;

/** Receives messages from a broker that speaks AMQP 1.0, over one session at a time. */
export class Amqp1Source implements TunableSource {
  readonly name: string;
  #options: Amqp1SourceOptions;
  readonly #current: CurrentEpoch<Amqp1Session, Amqp1Side>;
  /** of the subscriptions that are open, by position */
  #links: ReceiverLink[] = [];

  constructor(options: Amqp1SourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#current = new CurrentEpoch(options);
  }

  /** See `CurrentEpoch.open`. */
  open(): Promise<void> {
    return this.#current.open(async (signal) => {
      const options = await this.#options.connect(signal);
      // loaded on use, as the library is
      const library = await import('../../amqp1/amqp1-library.js');
      const session = await library.Amqp1Session.connect({ ...options, signal });
      const side = new Amqp1Side(session, library, options.maxMessageSize);
      return { session, begin: () => this.#begin(side, options.maxMessageSize, library.sourceOf) };
    });
  }

  /** Other limits from now on. What the broker sends ahead changes with the next session. */
  tune(tuned: SourceLimits): void {
    this.#options = { ...this.#options, ...tuned };
    this.#current.tune(tuned);
  }

  next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    return this.#current.next(demand, interrupt, this.#options.maxParked);
  }

  settle(): Promise<void> {
    return this.#current.settle();
  }

  /** A durable subscription ends for good where `unsubscribe` says so, with all that is in it. */
  close(): Promise<void> {
    return this.#current.close(({ amqp }) => {
      const { subscriptions } = this.#options;
      const ending = this.#links.filter((_, index) => subscriptions[index]?.unsubscribe?.durable === 'true');
      return amqp.close(new Set(ending));
    });
  }

  abandon(): void {
    this.#current.abandon();
  }

  #begin(side: Amqp1Side, maxMessageSize: number, sourceOf: SourceOf) {
    const { name, reliable, deadLetters, events } = this.#options;
    const limits = { name, most: mostOf(this.#options), reliable, maxMessageSize, deadLetters, events };
    const epoch = new BrokerEpoch(side, { ...limits, safe: undefined, onDuplicate: undefined });
    this.#options.onSession?.(side.amqp);
    this.#options.onLook?.('given-back');
    return { epoch, confirmed: this.#subscribe(epoch, sourceOf) };
  }

  async #subscribe(epoch: BrokerEpoch<Amqp1Side>, sourceOf: SourceOf): Promise<void> {
    const side = epoch.session;
    this.#links = [];
    for (const [index, { header }] of this.#options.subscriptions.entries()) {
      const { destination = '', id = String(index + 1), ack = 'auto' } = header;
      const source = sourceOf(destination, side.amqp.broker);
      if (typeof source === 'string') throw new StompctlError('CONFIG_INVALID', 'subscribe', 'destination', source);
      const settled = !this.#options.reliable && ack === 'auto';
      const credit = this.#credit(header['prefetch-count']);
      const share = new SubscriptionShare({ ...header, 'prefetch-count': String(credit) }, DIALECT, false);
      const holder: { link?: ReceiverLink } = {};
      const subscribed = { id, destination, link: () => holder.link };
      const topic = header.durable === 'true' && source.capability === 'topic';
      // of a queue only RabbitMQ asks, as it makes one that is not there
      const durable = topic || (side.amqp.broker === 'rabbitmq' && header.durable !== 'false');
      const receiving = { ...source, name: topic ? id : undefined, durable, settled, credit };
      const link = side.amqp.receiver(receiving, (delivery) => {
        const { frame, fault } = side.read(delivery, subscribed);
        epoch.arrived(frame, share, fault);
      });
      holder.link = link;
      this.#links.push(link);
      await link.opened();
    }
  }

  /** What one subscription asks for: the window, and beside it what may be parked, is divided among them. */
  #credit(given: string | undefined): number {
    const { prefetch, window, maxParked, subscriptions } = this.#options;
    const asked = given !== undefined && /^\d{1,5}$/.test(given) ? Number(given) : prefetch;
    const share = Math.floor((window + maxParked) / subscriptions.length);
    // 0: as many as there are
    return asked === 0 ? MOST_CREDIT : Math.min(MOST_CREDIT, Math.max(1, asked ?? share));
  }
}

type SourceOf = typeof import('../../amqp1/amqp1-library.js').sourceOf;
