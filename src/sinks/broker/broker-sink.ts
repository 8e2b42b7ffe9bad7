import { type Clock, systemClock } from '../../base/clock.js';
import type { StompctlError } from '../../base/errors.js';
import { Outstanding } from '../../base/outstanding.js';
import { withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { duplicateId } from '../../message/duplicate-id.js';
import { frameToSend, notPersistentWarning } from '../../message/frame-to-send.js';
import { type Header, type Message, newHeader } from '../../message/message.js';
import { meansNotPersistent } from '../../stomp/client-dialects.js';
import { StompSession } from '../../stomp/session.js';
import type { SessionOptions } from '../../stomp/session-options.js';
import { SinkSession } from './sink-session.js';

export type SinkWarning = 'not-persistent' | 'header-altered' | 'unrouted-dropped' | 'queue-shaped';

export interface BrokerSinkOptions {
  /** for logs: `broker stomp://host:61613` */
  readonly name: string;
  /** called at each opening: chooses the endpoint, reads credentials again; `signal` calls it off */
  readonly connect: (signal: AbortSignal) => Promise<SessionOptions>;
  /** a receipt for each message; otherwise it counts as sent once the system has taken its bytes */
  readonly reliable: boolean;
  /** `true`: a SEND without `persistent` gets `persistent:true` when reliable; `keep`: it stays as it is */
  readonly persistent: 'true' | 'keep';
  /** `content-length` of text messages: `auto`: as the broker needs it to keep text as text; others always have it */
  readonly contentLength: 'auto' | 'always' | 'never';
  /** bytes of a body */
  readonly maxMessageSize: number;
  /** the longest wait for the last bytes to leave when closing */
  readonly flushMs: number;
  /** called at each opening, with the session; not for datagrams, which have none */
  readonly onSession?: (session: StompSession) => void;
  /** called at most once a sink for each event */
  readonly onWarning?: (event: SinkWarning, text: string) => void;
  readonly clock?: Clock;
}

/** What a sink needs of a session; the sender of datagrams has it too. */
type Sender = Pick<StompSession, 'send' | 'flush' | 'close' | 'abort' | 'dialect'> &
  Partial<Pick<StompSession, 'ended'>>;

/** Sends messages to a broker, over one session at a time; or as datagrams, without one. */
export class BrokerSink implements Sink {
  readonly name: string;
  readonly #options: BrokerSinkOptions;
  readonly #session: SinkSession<{ readonly session: Sender }>;
  readonly #outstanding = new Outstanding();
  readonly #warned = new Set<SinkWarning>();

  constructor(options: BrokerSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#session = new SinkSession(options.name);
  }

  open(lost?: (error: StompctlError) => void): Promise<void> {
    const { connect, onSession } = this.#options;
    const connected = async (signal: AbortSignal) => ({
      session: await this.#connect({ ...(await connect(signal)), signal }),
    });
    const opened = ({ session }: { readonly session: Sender }) => {
      if (session instanceof StompSession) onSession?.(session);
    };
    return this.#session.open(connected, opened, lost);
  }

  send(message: Message, id?: string): Promise<void> {
    try {
      return this.#outstanding.add(this.#send(message, id));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when no send is outstanding any more. */
  async flush(): Promise<void> {
    if (this.#outstanding.count === 0) return;
    void this.#session.current?.session.flush();
    await this.#outstanding.none();
  }

  close(): Promise<void> {
    const { clock = systemClock, flushMs } = this.#options;
    // bytes, not receipts: who wants those has flushed before, and who has not given the messages back already
    return this.#session.close(({ session }) => withDeadline(clock, flushMs, session.flush(), () => undefined));
  }

  async #connect(options: SessionOptions): Promise<Sender> {
    if (options.endpoint.transport !== 'udp') return StompSession.connect(options);
    const { UdpSender } = await import('../../stomp/udp-sender.js');
    return UdpSender.open(options);
  }

  #send(message: Message, id: string | undefined): Promise<void> {
    const { reliable, persistent, maxMessageSize } = this.#options;
    const { session } = this.#session.toSend();
    const { header, body, destination } = frameToSend(message, maxMessageSize, this.name);
    this.#warnOf(header, destination, session);
    return session.send(withDuplicateId(header, id, session.dialect.duplicateId), body, {
      receipt: reliable,
      persistent: reliable && persistent === 'true',
      contentLength: body.length > 0 && this.#contentLength(session, message.text),
    });
  }

  #contentLength(session: Sender, text: boolean): boolean {
    if (!text) return true;
    const { contentLength } = this.#options;
    return contentLength === 'auto' ? !session.dialect.textWithoutLength : contentLength === 'always';
  }

  /** What a reliable run would lose or spoil without an error. */
  #warnOf(header: Readonly<Header>, destination: string, session: Sender): void {
    if (!this.#options.reliable) return;
    if (meansNotPersistent(header.persistent) && !this.#warned.has('not-persistent')) {
      this.#warn('not-persistent', notPersistentWarning(header.persistent));
    }
    this.#warnOfRoute(destination, session);
    this.#warnOfShape(header, destination, session);
    if (!session.dialect.headersOfUnits || this.#warned.has('header-altered')) return;
    const name = nameBeyond(header);
    if (name === undefined) return;
    const text = `the header ${JSON.stringify(name.slice(0, 80))} has a character beyond U+FFFF, which ${session.dialect.type} gives back altered once it was restarted`;
    this.#warn('header-altered', `${text}; encode it in a callback, or carry it in the body`);
  }

  #warnOfRoute(destination: string, { dialect }: Sender): void {
    if (dialect.dropsUnrouted?.test(destination) !== true || this.#warned.has('unrouted-dropped')) return;
    const text = `${dialect.type} confirms a message to ${destination.slice(0, 200)} and drops it where no queue is there, or bound to its key, and says nothing`;
    this.#warn(
      'unrouted-dropped',
      `${text}; send to /queue/NAME, or give the exchange an alternate one (docs/brokers.md)`,
    );
  }

  #warnOfShape(header: Readonly<Header>, destination: string, { dialect }: Sender): void {
    if (this.#warned.has('queue-shaped') || dialect.shapedBySend?.test(destination) !== true) return;
    const shaping = SHAPING.find(([name, value]) => header[name] === value);
    if (shaping === undefined) return;
    const text = `a message to ${destination.slice(0, 200)} has the header ${shaping.join(':')}: where that queue is not there yet, ${dialect.type} makes one that ends with the session or its last reader, with all in it, and refuses the message where it is`;
    this.#warn(
      'queue-shaped',
      `${text}; delete the header in a callback, or make the queue beforehand (docs/brokers.md)`,
    );
  }

  #warn(event: SinkWarning, text: string): void {
    this.#warned.add(event);
    this.#options.onWarning?.(event, text);
  }
}

/** The header, with what the broker tells duplicates by: what the producer has set stays. */
function withDuplicateId(header: Readonly<Header>, id: string | undefined, name: string | undefined): Readonly<Header> {
  if (name === undefined || header[name] !== undefined) return header;
  const value = duplicateId(header, id, undefined);
  if (value === undefined) return header;
  const named = newHeader(header);
  named[name] = value;
  return named;
}

/** Headers of SUBSCRIBE that make a queue one that does not stay. */
const SHAPING = [
  ['exclusive', 'true'],
  ['durable', 'false'],
  ['auto-delete', 'true'],
] as const;

const SURROGATE = /[\ud800-\udfff]/;

/** The first header with a character beyond U+FFFF, in its name or its value. */
function nameBeyond(header: Readonly<Header>): string | undefined {
  for (const name in header) {
    if (SURROGATE.test(name) || SURROGATE.test(header[name] ?? '')) return name;
  }
  return undefined;
}
