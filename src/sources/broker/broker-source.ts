import type { Clock } from '../../base/clock.js';
import { reasonOf } from '../../base/errors.js';
import { hostPort } from '../../base/host-port.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import { newHeader } from '../../message/message.js';
import type { Dialect } from '../../stomp/client-dialects.js';
import type { Frame } from '../../stomp/codec/frame.js';
import { StompSession } from '../../stomp/session.js';
import type { SessionOptions } from '../../stomp/session-options.js';
import { BrokerEpoch } from './broker-epoch.js';
import { CurrentEpoch, mostOf } from './current-epoch.js';
import { RememberedIds } from './remembered-ids.js';
import { SubscriptionShare } from './subscription-share.js';

export interface BrokerSubscription {
  /** headers of SUBSCRIBE, `destination` among them */
  readonly header: Readonly<Record<string, string>>;
  /** headers of UNSUBSCRIBE at the end; undefined: none is sent */
  readonly unsubscribe?: Readonly<Record<string, string>> | undefined;
}

export interface BrokerSourceOptions extends SourceLimits {
  /** for logs: `broker stomp://host:61613` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<SessionOptions>;
  readonly subscriptions: readonly BrokerSubscription[];
  /** acknowledge one by one; otherwise the broker forgets a message once sent */
  readonly reliable: boolean;
  /** as the operator asked, for each subscription; undefined: from the window */
  readonly prefetch: number | undefined;
  readonly events: SourceEvents;
  /** called at each opening, with the session */
  readonly onSession?: (session: StompSession) => void;
  /** called for a message that is already safe, came again, and was acknowledged without being handed over */
  readonly onDuplicate?: (name: string) => void;
  /**
   * Only looks, and is told how at each opening: `browsed`, where the broker can show a queue without giving it out, and then the
   * source comes to an end; otherwise the broker gives out, and what is released goes back.
   */
  readonly onLook?: (how: 'browsed' | 'given-back') => void;
  /** called at most once a source for `ack-replaced` and `prefetch-ignored` */
  readonly onWarning?: (event: SourceWarning, text: string) => void;
  readonly clock?: Clock;
}

export type SourceWarning = 'ack-replaced' | 'prefetch-ignored' | 'stray-message' | 'unsubscribe-failed';

/** Receives messages from a broker, over one session at a time. */
export class BrokerSource implements TunableSource {
  readonly name: string;
  #options: BrokerSourceOptions;
  readonly #safe: RememberedIds;
  #place = '';
  readonly #current: CurrentEpoch<StompSession, StompSession>;
  /** the ids of the subscriptions, by position, once the broker has confirmed all of them */
  #confirmed: Promise<readonly string[]> = Promise.resolve([]);
  readonly #warned = new Set<SourceWarning>();

  constructor(options: BrokerSourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#current = new CurrentEpoch(options);
    this.#safe = new RememberedIds(2 * options.window);
  }

  /** See `CurrentEpoch.open`. */
  open(): Promise<void> {
    return this.#current.open(async (signal) => {
      const options = await this.#options.connect(signal);
      this.#sameEndpoint(hostPort(options.endpoint.host, options.endpoint.port));
      const onStray = (frame: Frame, count: number) => this.#stray(frame, count);
      const session = await StompSession.connect({ ...options, signal, skipOversized: true, onStray });
      return { session, begin: () => this.#begin(session, options.maxMessageSize) };
    });
  }

  /**
   * Other limits, and another place for rejected messages, from now on. What the broker sends ahead changes with the next
   * session.
   */
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

  close(): Promise<void> {
    return this.#current.close((session) => this.#unsubscribe(session));
  }

  abandon(): void {
    this.#current.abandon();
  }

  #begin(session: StompSession, maxMessageSize: number | undefined) {
    const epoch = this.#newEpoch(session, maxMessageSize);
    this.#options.onSession?.(session);
    this.#options.onLook?.(browses(session) ? 'browsed' : 'given-back');
    this.#confirmed = Promise.all(this.#options.subscriptions.map(({ header }) => this.#subscribe(header, epoch)));
    return { epoch, confirmed: this.#confirmed };
  }

  #newEpoch(session: StompSession, maxMessageSize: number | undefined): BrokerEpoch<StompSession> {
    const { name, reliable, deadLetters, events, onDuplicate } = this.#options;
    const epoch = new BrokerEpoch(session, {
      name,
      most: mostOf(this.#options),
      reliable,
      maxMessageSize,
      deadLetters,
      events,
      safe: reliable && session.dialect.stableIds ? this.#safe : undefined,
      onDuplicate,
    });
    return epoch;
  }

  /** Identities of messages mean nothing on another broker. */
  #sameEndpoint(place: string): void {
    if (place !== this.#place) this.#safe.clear();
    this.#place = place;
  }

  #subscribe(header: Readonly<Record<string, string>>, epoch: BrokerEpoch<StompSession>): Promise<string> {
    const { session } = epoch;
    if (this.#options.onLook !== undefined && browses(session)) return browse(header, epoch);
    const full = this.#subscribeHeader(header, session);
    const cumulative = this.#options.reliable && full.ack === undefined && !session.individualAcks;
    const share = new SubscriptionShare(full, session.dialect, cumulative);
    return session.listen(full, (frame) => epoch.arrived(frame, share));
  }

  #subscribeHeader(header: Readonly<Record<string, string>>, session: StompSession): Record<string, string> {
    const { dialect } = session;
    const full = newHeader(header);
    if (!this.#options.reliable) full.ack ??= 'auto';
    else this.#acknowledgeSafely(full, session);
    const prefetch = this.#prefetch(dialect);
    if (dialect.prefetch !== undefined && prefetch !== undefined) full[dialect.prefetch.header] ??= String(prefetch);
    if (dialect.prefetch === undefined && this.#options.prefetch !== undefined) {
      const who = session.server ?? 'a broker that does not say what it is';
      const text = `not asked for at most ${this.#options.prefetch} unacknowledged messages (prefetch, count): it is not known how ${who} is told`;
      this.#warnOnce(
        'prefetch-ignored',
        `${text}; set incoming-broker-type, or give the header of this broker in subscribe`,
      );
    }
    return full;
  }

  /**
   * Takes away an `ack` with which messages would be lost (`auto`: the broker forgets what it sends), or one that stays unacknowledged
   * would hold up the others (`client`): the session then asks for the best that this broker has.
   */
  #acknowledgeSafely(header: Record<string, string>, session: StompSession): void {
    const { ack } = header;
    if (ack === undefined || ack === 'client-individual') return;
    delete header.ack;
    const instead = session.individualAcks ? 'client-individual' : 'client';
    if (ack === instead) return;
    const text = `subscribe with ack=${ack} is not reliable, ${instead} is used instead`;
    this.#warnOnce('ack-replaced', `${text}; leave ack out, or set reliable to false`);
  }

  #warnOnce(event: SourceWarning, text: string): void {
    if (this.#warned.has(event)) return;
    this.#warned.add(event);
    this.#options.onWarning?.(event, text);
  }

  #stray({ header }: Frame, count: number): void {
    const of =
      header.subscription === undefined ? 'no subscription' : `subscription ${JSON.stringify(header.subscription)}`;
    const text = `the broker sent a MESSAGE of ${of}, which this session does not have: it stays unacknowledged (${count} so far)`;
    this.#options.onWarning?.('stray-message', `${text}; see the log of the broker`);
  }

  /**
   * What one subscription asks for, in the unit of the broker. Brokers count it for each subscription: the window, and beside it
   * what may be parked, is divided among them.
   */
  #prefetch(dialect: Dialect): number | undefined {
    const { prefetch, reliable, window, windowBytes, maxParked, subscriptions } = this.#options;
    if (prefetch !== undefined) return prefetch;
    if (!reliable || dialect.prefetch === undefined) return undefined;
    const total = dialect.prefetch.unit === 'bytes' ? windowBytes : window + maxParked;
    return Math.max(1, Math.floor(total / subscriptions.length));
  }

  /** `unsubscribe` options belong to subscriptions by position. After a refusal the session is over, as was to be. */
  async #unsubscribe(session: StompSession): Promise<void> {
    const { subscriptions } = this.#options;
    if (subscriptions.every(({ unsubscribe }) => unsubscribe === undefined)) return;
    const ids = await this.#confirmed.catch(() => []);
    const wanted = subscriptions.map(({ unsubscribe }, index) => ({ unsubscribe, id: ids[index] }));
    for (const { unsubscribe, id } of wanted) {
      if (unsubscribe === undefined || id === undefined || session.over !== undefined) continue;
      await session.unlisten(id, newHeader(unsubscribe)).catch((error: unknown) => {
        this.#options.onWarning?.('unsubscribe-failed', reasonOf(error));
      });
    }
  }
}

function browses({ dialect, version }: StompSession): boolean {
  return dialect.browses && version !== '1.0';
}

/** What is shown need not be acknowledged, and is shown up to the end of the queue. */
function browse(header: Readonly<Record<string, string>>, epoch: BrokerEpoch<StompSession>): Promise<string> {
  const { session } = epoch;
  const full = newHeader({ ...header, browser: 'true', ack: 'auto' });
  const share = new SubscriptionShare(full, session.dialect, false);
  return session.listen(full, (frame) => {
    if (frame.header.browser === 'end') epoch.end();
    else epoch.arrived(frame, share);
  });
}
