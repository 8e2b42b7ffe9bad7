import type { Connection } from 'rhea';
import { AnswerTimer } from '../base/answer-timer.js';
import { type ErrorCode, StompctlError } from '../base/errors.js';
import { serverText } from '../base/peer-text.js';
import { Bell, wait, withDeadline } from '../base/wait.js';
import { HeartBeat } from '../stomp/heart-beat.js';
import { type Amqp1Broker, brokerOf } from './address.js';
import { type Amqp1Delivery, ReceiverLink, type Receiving } from './amqp1-receiver.js';
import { type LinkContext, SenderLink, type Target, unwritable } from './amqp1-sender.js';
import type { Amqp1SessionOptions } from './amqp1-session-options.js';
import type { Amqp1Wire } from './amqp1-wire.js';
import { openAmqp1, type Rhea } from './open-amqp1.js';
import { peerErrorText } from './peer-error.js';
import { type Amqp1Message, type Sending, sectionsOf } from './property-table.js';
import { remoteOpen } from './rhea-parts.js';

/** Links to addresses that are open at once: those that have nothing to do are closed for others. */
const MOST_LINKS = 64;
/** a broker that gives no credit for so long is told of */
const STARVED_MS = 5_000;
/** For the broker's answers to the ends of sessions: RabbitMQ 3 hands its own to a process that it then stops, and one is lost now and then. */
const LEFT_MS = 5_000;

/**
 * One connection to a broker that speaks AMQP 1.0, from its opening to its end. It does not reconnect: a new session is a new object.
 * After its end every method that sends rejects with the reason.
 */
export class Amqp1Session {
  readonly version = '1.0';
  /** `RabbitMQ/3.10.8`; undefined: it does not say */
  readonly server: string | undefined;
  /** whose addresses are meant */
  readonly broker: Amqp1Broker;
  /** `host:port`, with the address when the host is a name */
  readonly peer: string;
  /** when the certificate of the broker ends to be valid; TLS only */
  readonly certificateExpiry: Date | undefined;
  /** resolves at the end: with its reason, or undefined after `close` */
  readonly ended: Promise<StompctlError | undefined>;
  readonly #options: Amqp1SessionOptions;
  readonly #rhea: Rhea;
  readonly #connection: Connection;
  readonly #wire: Amqp1Wire;
  readonly #heartBeat: HeartBeat;
  readonly #links = new Map<string, SenderLink>();
  readonly #receivers = new Set<ReceiverLink>();
  readonly #timer: AnswerTimer;
  readonly #starving: AnswerTimer;
  readonly #starved = new Set<SenderLink>();
  /** rung when a link rests, bytes were written, or the session is over */
  readonly #change = new Bell();
  #awaited = 0;
  #blocked = false;
  #over: StompctlError | undefined;
  #state: 'open' | 'closing' | 'ended' = 'open';
  #resolveEnded: (error: StompctlError | undefined) => void = () => undefined;

  /** Resolves when the connection is open. Errors: those of `openAmqp1`. */
  static async connect(options: Amqp1SessionOptions): Promise<Amqp1Session> {
    let tell: (what: (session: Amqp1Session) => void) => void = () => undefined;
    const opened = await openAmqp1(options, {
      received: () => tell((session) => session.#heartBeat.received()),
      drained: () => tell((session) => session.#drained()),
      failed: (error) => tell((session) => session.#end(error)),
    });
    const session = new Amqp1Session(options, opened);
    tell = (what) => what(session);
    if (session.#over !== undefined) throw session.#over;
    return session;
  }

  private constructor(options: Amqp1SessionOptions, opened: Awaited<ReturnType<typeof openAmqp1>>) {
    const { clock, confirmTimeoutMs, idleTimeoutMs } = options;
    const { rhea, connection, wire } = opened;
    this.#options = options;
    this.#rhea = rhea;
    this.#connection = connection;
    this.#wire = wire;
    this.peer = wire.peer;
    this.certificateExpiry = opened.certificateExpiry;
    const { product, version } = remoteOpen(connection).properties ?? {};
    this.server = serverText(product, version, options.passcode);
    this.broker = brokerOf(typeof product === 'string' ? product : undefined);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#timer = new AnswerTimer(clock, confirmTimeoutMs, () => {
      const reason = `no answer within ${confirmTimeoutMs / 1000} s (timeout-broker); is the broker overloaded, or out of memory or disk?`;
      this.#end(new StompctlError('RECEIPT_TIMEOUT', 'session', this.peer, reason));
    });
    this.#starving = new AnswerTimer(clock, STARVED_MS, () => {
      this.#blocked = true;
      const [link] = this.#starved;
      options.onBlocked?.(`no credit for ${JSON.stringify(link?.address ?? '')}`);
    });
    // the library sends signs of life itself
    const beating = { clock, peer: wire.peer, sendMs: 0, expectMs: idleTimeoutMs, beat: () => undefined };
    this.#heartBeat = new HeartBeat({ ...beating, missed: (error) => this.#end(error) });
  }

  /** why nothing can be sent any more; undefined while the session is open */
  get over(): StompctlError | undefined {
    return this.#over;
  }

  /**
   * Sends one message; resolves when the broker has accepted it. Many at once; the order is kept for each address. Errors:
   * MESSAGE_BAD_HEADER, MESSAGE_TOO_LARGE, MESSAGE_REFUSED, BROKER_ERROR (which names no message), and the other ends of a session.
   */
  send(
    link: SenderLink,
    header: Readonly<Record<string, string>>,
    body: Buffer,
    sending: Omit<Sending, 'broker' | 'address'>,
  ): Promise<void> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const { broker, peer } = this;
    const { message, types } = this.#rhea;
    const sections: Amqp1Message = sectionsOf(header, { ...sending, broker, address: link.address }, types);
    let payload: Buffer;
    try {
      payload = message.encode({ ...sections, body: message.data_section(body) });
    } catch (error) {
      return Promise.reject(unwritable(error, peer));
    }
    return link.publish(payload);
  }

  /** The open link to an address; undefined: there is none. */
  linkTo(target: Target): SenderLink | undefined {
    const link = this.#links.get(target.address);
    if (link === undefined || link.over) return undefined;
    // the latest used is the last
    this.#links.delete(target.address);
    this.#links.set(target.address, link);
    return link;
  }

  /** The link to an address, a new one where there is none: it waits for one of the others to rest when there are too many. */
  async openLink(target: Target): Promise<SenderLink> {
    for (;;) {
      if (this.#over !== undefined) throw this.#over;
      const known = this.linkTo(target);
      if (known !== undefined) return known;
      if (this.#links.size < MOST_LINKS || this.#closeIdle()) break;
      await wait(this.#options.clock, this.#options.confirmTimeoutMs, { bell: this.#change, keepAlive: false });
    }
    const link = new SenderLink(target, {
      ...this.#linkContext(),
      full: () => this.#wire.full,
      starved: (starved, missing) => this.#tellStarved(starved, missing),
      rested: () => this.#rested(),
    });
    this.#links.set(target.address, link);
    return link;
  }

  /** Receives from an address, once its `opened` has resolved; `onDelivery` may be called before, and must not throw. */
  receiver(receiving: Receiving, onDelivery: (delivery: Amqp1Delivery) => void): ReceiverLink {
    if (this.#over !== undefined) throw this.#over;
    const taken = () => this.#wire.transfers.takeWhole();
    const link = new ReceiverLink(receiving, this.#linkContext(), taken, onDelivery);
    this.#receivers.add(link);
    return link;
  }

  /** Resolves when every acknowledgement given so far is written, or the session is over. */
  async flush(): Promise<void> {
    const { clock, confirmTimeoutMs } = this.#options;
    const written = async (): Promise<void> => {
      // the library writes at the end of a turn
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#over === undefined && this.#wire.unsent > 0) await this.#change.rung();
    };
    await withDeadline(clock, confirmTimeoutMs, written(), () => undefined);
  }

  /** Stops reading from the connection: the last resort against a flood. 600 s at most. */
  pause(): void {
    this.#heartBeat.suspend();
    this.#timer.restart(false);
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
    this.#heartBeat.resume();
    this.#timer.restart(this.#awaited > 0);
  }

  /** Ends in order, by force after `disconnectTimeoutMs`; `forGood` names receivers whose durable subscription ends too. Never rejects. */
  async close(forGood: ReadonlySet<ReceiverLink> = new Set()): Promise<void> {
    if (this.#state !== 'open') {
      await this.ended;
      return;
    }
    this.#state = 'closing';
    this.#over = new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is being closed');
    this.resume();
    this.#timer.restart(false);
    for (const link of this.#receivers) link.close(forGood.has(link));
    for (const link of this.#links.values()) link.close();
    const { clock, disconnectTimeoutMs } = this.#options;
    await withDeadline(clock, disconnectTimeoutMs, this.#leave(), () => undefined);
    this.#end(undefined);
  }

  /** Ends the session at once, as if the connection had broken. */
  abort(reason: string, code: ErrorCode = 'SESSION_CLOSED'): void {
    this.#end(new StompctlError(code, 'session', this.peer, reason));
  }

  /** The sessions first: what was written to them is read before the broker answers, but not what stands before the end of the connection. */
  async #leave(): Promise<void> {
    const left = Promise.all([...this.#receivers, ...this.#links.values()].map((link) => link.left));
    await withDeadline(this.#options.clock, LEFT_MS, Promise.race([left, this.ended]), () => undefined);
    this.#connection.close();
    await this.ended;
  }

  #linkContext(): LinkContext {
    return {
      connection: this.#connection,
      peer: this.peer,
      awaiting: (change) => this.#await(change),
      told: (error) => peerErrorText(error, this.#options.passcode),
      lost: (error) => this.#end(error),
    };
  }

  #await(change: 1 | -1): void {
    this.#awaited += change;
    if (change === -1 || this.#awaited === 1) this.#timer.restart(this.#awaited > 0 && !this.#wire.paused);
  }

  /** The one that has rested longest. */
  #closeIdle(): boolean {
    for (const [address, link] of this.#links) {
      if (!link.idle && !link.over) continue;
      if (!link.over) link.close();
      this.#links.delete(address);
      return true;
    }
    return false;
  }

  #rested(): void {
    for (const [address, link] of this.#links) if (link.over) this.#links.delete(address);
    this.#change.ring();
  }

  #tellStarved(link: SenderLink, missing: boolean): void {
    if (missing === this.#starved.has(link)) return;
    if (missing) this.#starved.add(link);
    else this.#starved.delete(link);
    this.#starving.restart(this.#starved.size > 0 && !this.#blocked);
    if (this.#starved.size > 0 || !this.#blocked) return;
    this.#blocked = false;
    this.#options.onBlocked?.(undefined);
  }

  #drained(): void {
    this.#change.ring();
    for (const link of this.#links.values()) link.sendWaiting();
  }

  #end(error: StompctlError | undefined): void {
    if (this.#state === 'ended') return;
    const wanted = this.#state === 'closing';
    this.#state = 'ended';
    const why =
      this.#over ?? error ?? new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is closed');
    this.#over = why;
    this.#timer.restart(false);
    this.#starving.restart(false);
    this.#heartBeat.stop();
    this.#wire.stop();
    for (const link of this.#links.values()) link.fail(why);
    for (const link of this.#receivers) link.fail(why);
    this.#change.ring();
    this.#resolveEnded(wanted ? undefined : error);
  }
}
