import type { SenderLink, Target } from '../../amqp1/amqp1-sender.js';
import type { Amqp1Session } from '../../amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../../amqp1/amqp1-session-options.js';
import { type Clock, systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { Outstanding } from '../../base/outstanding.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { frameToSend } from '../../message/frame-to-send.js';
import type { Message } from '../../message/message.js';
import { NOT_SENT } from '../../stomp/codec/encoder.js';
import { type BrokerWarnings, Persistence } from '../broker/persistence.js';

export interface Amqp1SinkOptions {
  /** for logs: `broker amqp://host:5672` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<Amqp1SessionOptions>;
  /** a message that says nothing of it is persistent */
  readonly reliable: boolean;
  /** `true`: a message without `persistent` is durable when reliable; `keep`: it stays as it is */
  readonly persistent: 'true' | 'keep';
  /** bytes of a body */
  readonly maxMessageSize: number;
  /** the longest wait for outcomes when closing */
  readonly flushMs: number;
  /** called at each opening, with the session */
  readonly onSession?: (session: Amqp1Session) => void;
  readonly onWarning?: BrokerWarnings;
  readonly clock?: Clock;
}

interface OpenSession {
  readonly session: Amqp1Session;
  /** loaded at the first opening */
  readonly targetOf: typeof import('../../amqp1/amqp1-library.js').targetOf;
}

/** Destinations that RabbitMQ makes no queue for. */
const UNROUTED = /^\/(?:amq\/queue|exchange|topic)\//;

/** Sends messages to a broker that speaks AMQP 1.0, over one session at a time. */
export class Amqp1Sink implements Sink {
  readonly name: string;
  readonly #options: Amqp1SinkOptions;
  readonly #persistence: Persistence;
  #open: OpenSession | undefined;
  #opening: AbortController | undefined;
  #closed = false;
  #warned = false;
  readonly #outstanding = new Outstanding();
  /** while a link is opened, what is to follow waits in its order */
  readonly #order = new SerialQueue();
  #ordered = 0;

  constructor(options: Amqp1SinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#persistence = new Persistence(options);
  }

  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#open?.session.abort('opened again');
    const opening = new AbortController();
    this.#opening = opening;
    this.#closed = false;
    const options = await this.#options.connect(opening.signal);
    const { Amqp1Session, targetOf } = await import('../../amqp1/amqp1-library.js');
    const onBlocked = (reason: string | undefined) => this.#tellBlocked(reason);
    const session = await Amqp1Session.connect({ ...options, signal: opening.signal, onBlocked });
    if (this.#closed) {
      session.abort('no longer wanted');
      throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    }
    this.#open = { session, targetOf };
    this.#options.onSession?.(session);
    void session.ended.then((error) => {
      if (error !== undefined && this.#open?.session === session) lost?.(error);
    });
  }

  send(message: Message): Promise<void> {
    try {
      return this.#outstanding.add(this.#send(message));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when no send is outstanding any more. */
  flush(): Promise<void> {
    return this.#outstanding.none();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#opening?.abort();
    const open = this.#open;
    if (open === undefined) return;
    const { clock = systemClock, flushMs } = this.#options;
    await withDeadline(clock, flushMs, this.#order.done(), () => undefined);
    await open.session.close();
    this.#open = undefined;
  }

  #send(message: Message): Promise<void> {
    const { maxMessageSize } = this.#options;
    const open = this.#open;
    if (open === undefined) throw new StompctlError('SESSION_CLOSED', 'send', this.name, 'not open');
    const { header, body, destination } = frameToSend(message, maxMessageSize, this.name);
    const target = open.targetOf(destination, open.session.broker);
    if (typeof target === 'string') {
      const reason = `the destination leads nowhere over AMQP 1.0: ${target}; correct it in a callback`;
      throw new StompctlError('MESSAGE_BAD_HEADER', 'send', this.name, reason);
    }
    this.#warnOfRoute(destination, open.session);
    const sending = { persistent: this.#persistence.of(header), omit: NOT_SENT };
    const send = (link: SenderLink) => open.session.send(link, header, body, sending);
    const link = this.#ordered === 0 ? open.session.linkTo(target) : undefined;
    return link === undefined ? this.#sendInOrder(open.session, target, send) : send(link);
  }

  async #sendInOrder(session: Amqp1Session, target: Target, send: (link: SenderLink) => Promise<void>): Promise<void> {
    this.#ordered += 1;
    const { sent } = await this.#order
      .run(async () => {
        const handed = send(await session.openLink(target));
        // who waits for it hears of it a turn later
        handed.catch(() => undefined);
        return { sent: handed };
      })
      .finally(() => {
        this.#ordered -= 1;
      });
    return sent;
  }

  /** What a reliable run would lose without an error. */
  #warnOfRoute(destination: string, { broker }: Amqp1Session): void {
    if (this.#warned || broker !== 'rabbitmq' || !this.#options.reliable || !UNROUTED.test(destination)) return;
    this.#warned = true;
    const text = `RabbitMQ accepts a message to ${destination.slice(0, 200)} over AMQP 1.0 and drops it where no queue is there, or bound to its key, and says nothing`;
    const next = 'send to /queue/NAME, use amqp091, or give the exchange an alternate one (docs/amqp.md)';
    this.#options.onWarning?.('unrouted-dropped', `${text}; ${next}`);
  }

  #tellBlocked(reason: string | undefined): void {
    const text =
      reason === undefined
        ? 'the broker takes messages again'
        : `the broker takes no messages for now: ${reason}; nothing is sent there until it does, is its queue full?`;
    this.#options.onWarning?.('blocked', text);
  }
}
