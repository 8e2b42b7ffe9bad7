import type { AmqpSession } from '../../amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../../amqp/amqp-session-options.js';
import type { Publication } from '../../amqp/confirms.js';
import type { AmqpDestination } from '../../amqp/destination.js';
import { type Clock, systemClock } from '../../base/clock.js';
import { reasonOf, StompctlError, unreachable } from '../../base/errors.js';
import { Outstanding } from '../../base/outstanding.js';
import { withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { frameToSend } from '../../message/frame-to-send.js';
import type { Header, Message } from '../../message/message.js';
import { NOT_SENT } from '../../stomp/codec/encoder.js';
import { type BrokerWarnings, Persistence } from '../broker/persistence.js';
import { SendOrder } from '../broker/send-order.js';
import { SinkSession } from '../broker/sink-session.js';

export interface AmqpSinkOptions {
  /** for logs: `broker amqp://host:5672` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<AmqpSessionOptions>;
  /** a message that says nothing of it is persistent */
  readonly reliable: boolean;
  /** `true`: a message without `persistent` gets delivery-mode 2 when reliable; `keep`: it stays as it is */
  readonly persistent: 'true' | 'keep';
  /** what is sent are replies: a `destination` that is a name alone is the queue of who asked, which is there, and not declared */
  readonly replies?: boolean | undefined;
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
  /** what was declared in this session, by the keys of the declarations, each time with a mark of its own */
  readonly declared: Map<string, symbol>;
}

/** What a message needs to be there. */
interface Declaration {
  readonly key: string;
  /** something that takes messages is among it, and not only an exchange */
  readonly hasQueue: boolean;
  readonly make: () => Promise<void>;
  /** of the declaration that stood when the message was sent */
  mark?: symbol | undefined;
}

/** Names that one session remembers to have declared: beyond that they are declared again. */
const MOST_DECLARED = 10_000;
const TOPIC_EXCHANGE = 'amq.topic';

/** Sends messages to a broker that speaks AMQP 0-9-1, over one session at a time. */
export class AmqpSink implements Sink {
  readonly name: string;
  readonly #options: AmqpSinkOptions;
  readonly #session: SinkSession<OpenSession>;
  readonly #outstanding = new Outstanding();
  /** something is declared first */
  readonly #order = new SendOrder();
  readonly #persistence: Persistence;

  constructor(options: AmqpSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#session = new SinkSession(options.name);
    this.#persistence = new Persistence(options);
  }

  open(lost?: (error: StompctlError) => void): Promise<void> {
    const { connect, onSession } = this.#options;
    const connected = async (signal: AbortSignal) => {
      const options = await connect(signal);
      const library = await import('../../amqp/amqp-library.js');
      const onBlocked = (reason: string | undefined) => this.#tellBlocked(reason);
      const session = await library.AmqpSession.connect({ ...options, signal, onBlocked });
      return { session, library, declared: new Map<string, symbol>() };
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
    const { header, body, destination: written } = frameToSend(message, maxMessageSize, this.name);
    const destination = open.library.parseDestination(written);
    if (typeof destination === 'string') throw this.#badDestination(destination);
    const properties = open.library.propertiesOf(header, {
      persistent: this.#persistence.of(header),
      omit: NOT_SENT,
      frameMax: open.session.frameMax,
    });
    const publication = { ...this.#route(destination), properties, body };
    const isThere = this.#options.replies === true && destination.kind === 'queue' && !written.startsWith('/');
    const declaration = isThere ? undefined : this.#declarationFor(open, destination, header);
    if (declaration === undefined) return this.#publish(open, publication, undefined);
    return this.#publishDeclared(open, publication, declaration);
  }

  /** What is to be declared before a message, if anything. */
  #declarationFor(
    { session, library }: OpenSession,
    destination: AmqpDestination,
    header: Readonly<Header>,
  ): Declaration | undefined {
    switch (destination.kind) {
      case 'queue': {
        const key = `/${destination.name}\n${JSON.stringify(library.queueArguments(header))}`;
        return { key, hasQueue: true, make: () => library.declareForSending(session, destination.name, header) };
      }
      case 'declared': {
        const make = async () => void (await library.declare(session, destination));
        return { key: header.destination ?? '', hasQueue: destination.queue !== undefined, make };
      }
      default:
        return undefined;
    }
  }

  /** A queue that is gone since it was declared is made once more, and the message sent once more. */
  async #publishDeclared(open: OpenSession, publication: Publication, declaration: Declaration): Promise<void> {
    const { declared } = open;
    const { key, hasQueue } = declaration;
    try {
      await this.#publish(open, publication, declaration);
    } catch (error) {
      if (!(error instanceof StompctlError) || error.code !== 'MESSAGE_UNROUTABLE') throw error;
      if (!hasQueue) throw error;
      // of many that came back, the first one has it made
      if (declared.get(key) === declaration.mark) declared.delete(key);
      await this.#publish(open, publication, declaration);
    }
  }

  /** Sends in the order of the calls: while something is declared, all that follows waits. */
  async #publish(open: OpenSession, publication: Publication, declaration: Declaration | undefined): Promise<void> {
    const publish = (): Promise<void> => {
      if (declaration !== undefined) declaration.mark = open.declared.get(declaration.key);
      return open.session.publish(publication);
    };
    if (this.#order.isFree && (declaration === undefined || open.declared.has(declaration.key))) return publish();
    return this.#order.after(async () => {
      if (declaration !== undefined) await this.#declare(open, declaration);
    }, publish);
  }

  async #declare({ session, declared }: OpenSession, { key, make }: Declaration): Promise<void> {
    if (declared.has(key)) return;
    try {
      await make();
    } catch (error) {
      throw session.over ?? this.#refused(error);
    }
    if (declared.size >= MOST_DECLARED) declared.clear();
    declared.set(key, Symbol(key));
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

  #refused(error: unknown): StompctlError {
    const reason = `the broker refused the queue or exchange of its destination: ${reasonOf(error)}; give the user the permission to configure it, or make it beforehand and send to /amq/queue/NAME`;
    return new StompctlError('MESSAGE_REFUSED', 'send', this.name, reason, error);
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
