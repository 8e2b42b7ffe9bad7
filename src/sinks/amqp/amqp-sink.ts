import type { AmqpSession } from '../../amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../../amqp/amqp-session-options.js';
import type { Publication } from '../../amqp/confirms.js';
import type { AmqpDestination } from '../../amqp/destination.js';
import { type Clock, systemClock } from '../../base/clock.js';
import { StompctlError, unreachable } from '../../base/errors.js';
import { Outstanding } from '../../base/outstanding.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { frameToSend } from '../../message/frame-to-send.js';
import type { Header, Message } from '../../message/message.js';
import { NOT_SENT } from '../../stomp/codec/encoder.js';
import { type BrokerWarnings, Persistence } from '../broker/persistence.js';

export interface AmqpSinkOptions {
  /** for logs: `broker amqp://host:5672` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<AmqpSessionOptions>;
  /** a message that says nothing of it is persistent */
  readonly reliable: boolean;
  /** `true`: a message without `persistent` gets delivery-mode 2 when reliable; `keep`: it stays as it is */
  readonly persistent: 'true' | 'keep';
  /** bytes of a body */
  readonly maxMessageSize: number;
  /** the longest wait for confirmations when closing */
  readonly flushMs: number;
  /** called at each opening, with the session */
  readonly onSession?: (session: AmqpSession) => void;
  readonly onWarning?: BrokerWarnings;
  readonly clock?: Clock;
}

/** `src/amqp/`, which is loaded at the first opening. */
type Library = typeof import('../../amqp/amqp-library.js');

interface OpenSession {
  readonly session: AmqpSession;
  readonly library: Library;
  /** what was declared in this session */
  readonly declared: Set<string>;
}

/** Names that one session remembers to have declared: beyond that they are declared again. */
const MOST_DECLARED = 10_000;
const TOPIC_EXCHANGE = 'amq.topic';

/** Sends messages to a broker that speaks AMQP 0-9-1, over one session at a time. */
export class AmqpSink implements Sink {
  readonly name: string;
  readonly #options: AmqpSinkOptions;
  #open: OpenSession | undefined;
  #opening: AbortController | undefined;
  #closed = false;
  readonly #outstanding = new Outstanding();
  /** while something is declared, what is to follow waits in its order */
  readonly #order = new SerialQueue();
  #ordered = 0;
  readonly #persistence: Persistence;

  constructor(options: AmqpSinkOptions) {
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
    const library = await import('../../amqp/amqp-library.js');
    const onBlocked = (reason: string | undefined) => this.#tellBlocked(reason);
    const session = await library.AmqpSession.connect({ ...options, signal: opening.signal, onBlocked });
    if (this.#closed) {
      session.abort('no longer wanted');
      throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    }
    this.#open = { session, library, declared: new Set() };
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
    const { header, body, destination: written } = frameToSend(message, maxMessageSize, this.name);
    const destination = open.library.parseDestination(written);
    if (typeof destination === 'string') throw this.#badDestination(destination);
    const properties = open.library.propertiesOf(header, {
      persistent: this.#persistence.of(header),
      omit: NOT_SENT,
      frameMax: open.session.frameMax,
    });
    const publication = { ...this.#route(destination), properties, body };
    return this.#publish(open, publication, this.#needed(open, destination, header));
  }

  /** Which declaration a message needs before it, if it has not been made yet. */
  #needed(
    open: OpenSession,
    destination: AmqpDestination,
    header: Readonly<Header>,
  ): (() => Promise<unknown>) | undefined {
    const { session, library, declared } = open;
    if (destination.kind !== 'queue' && destination.kind !== 'declared') return undefined;
    const key =
      destination.kind === 'declared'
        ? (header.destination ?? '')
        : `/${destination.name}\n${header.durable ?? ''}\n${JSON.stringify(library.queueArguments(header))}`;
    if (declared.has(key)) return undefined;
    return async () => {
      if (declared.has(key)) return;
      if (destination.kind === 'declared') await library.declare(session, destination);
      else await library.declareQueue(session, destination.name, header);
      if (declared.size >= MOST_DECLARED) declared.clear();
      declared.add(key);
    };
  }

  async #publish(
    { session }: OpenSession,
    publication: Publication,
    declaration: (() => Promise<unknown>) | undefined,
  ): Promise<void> {
    if (this.#ordered === 0 && declaration === undefined) return session.publish(publication);
    this.#ordered += 1;
    const { sent } = await this.#order
      .run(async () => {
        await declaration?.();
        const handed = session.publish(publication);
        // who waits for it hears of it a turn later
        handed.catch(() => undefined);
        return { sent: handed };
      })
      .finally(() => {
        this.#ordered -= 1;
      });
    return sent;
  }

  #route(destination: AmqpDestination): Pick<Publication, 'exchange' | 'routingKey'> {
    switch (destination.kind) {
      case 'queue':
      case 'amq-queue':
        return { exchange: '', routingKey: destination.name };
      case 'topic':
        return { exchange: TOPIC_EXCHANGE, routingKey: destination.key };
      case 'exchange':
        return { exchange: destination.name, routingKey: destination.key };
      case 'declared':
        return { exchange: destination.exchange?.name ?? '', routingKey: destination.routingKey };
      case 'temp-queue':
        throw this.#badDestination(
          '/temp-queue/NAME is a queue of one subscriber: only it knows its name, and gives it as reply-to',
        );
      default:
        return unreachable(destination);
    }
  }

  #badDestination(why: string): StompctlError {
    const reason = `the destination leads nowhere over AMQP: ${why}; correct it in a callback`;
    return new StompctlError('MESSAGE_BAD_HEADER', 'send', this.name, reason);
  }

  #tellBlocked(reason: string | undefined): void {
    const text =
      reason === undefined
        ? 'the broker takes messages again'
        : `the broker takes no messages for now: ${reason}; nothing is sent until it does, see its alarms of memory and disk`;
    this.#options.onWarning?.('blocked', text);
  }
}
