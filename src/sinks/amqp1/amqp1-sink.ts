import type { SenderLink } from '../../amqp1/amqp1-sender.js';
import type { Amqp1Session } from '../../amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../../amqp1/amqp1-session-options.js';
import { type Clock, systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { Outstanding } from '../../base/outstanding.js';
import { withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { frameToSend } from '../../message/frame-to-send.js';
import type { Message } from '../../message/message.js';
import { NOT_SENT } from '../../stomp/codec/encoder.js';
import { type BrokerWarnings, Persistence } from '../broker/persistence.js';
import { SendOrder } from '../broker/send-order.js';
import { SinkSession } from '../broker/sink-session.js';

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
  readonly #session: SinkSession<OpenSession>;
  #warned = false;
  readonly #outstanding = new Outstanding();
  /** a link is opened first */
  readonly #order = new SendOrder();

  constructor(options: Amqp1SinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#session = new SinkSession(options.name);
    this.#persistence = new Persistence(options);
  }

  open(lost?: (error: StompctlError) => void): Promise<void> {
    const { connect, onSession } = this.#options;
    const connected = async (signal: AbortSignal) => {
      const options = await connect(signal);
      const { Amqp1Session, targetOf } = await import('../../amqp1/amqp1-library.js');
      const onBlocked = (reason: string | undefined) => this.#tellBlocked(reason);
      return { session: await Amqp1Session.connect({ ...options, signal, onBlocked }), targetOf };
    };
    return this.#session.open(connected, ({ session }) => onSession?.(session), lost);
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

  close(): Promise<void> {
    const { clock = systemClock, flushMs } = this.#options;
    return this.#session.close(() => withDeadline(clock, flushMs, this.#order.done(), () => undefined));
  }

  #send(message: Message): Promise<void> {
    const { maxMessageSize } = this.#options;
    const open = this.#session.toSend();
    const { header, body, destination } = frameToSend(message, maxMessageSize, this.name);
    const target = open.targetOf(destination, open.session.broker);
    if (typeof target === 'string') {
      const reason = `the destination leads nowhere over AMQP 1.0: ${target}; correct it in a callback`;
      throw new StompctlError('MESSAGE_BAD_HEADER', 'send', this.name, reason);
    }
    this.#warnOfRoute(destination, open.session);
    const sending = { persistent: this.#persistence.of(header), omit: NOT_SENT };
    const send = (link: SenderLink) => open.session.send(link, header, body, sending);
    const link = this.#order.isFree ? open.session.linkTo(target) : undefined;
    return link === undefined ? this.#order.after(() => open.session.openLink(target), send) : send(link);
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
