import { StompctlError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';
import { type Dialect, persistentFor } from './client-dialects.js';
import { EMPTY_BODY, type Frame, type FrameHeader, newFrameHeader, type StompVersion } from './codec/frame.js';
import { Connection } from './connection.js';
import { type Fate, Listeners } from './listeners.js';
import { ReadingHolds } from './reading-holds.js';
import { Receipts } from './receipts.js';
import { refusal } from './refusal.js';
import { type FullOptions, fillOptions, type SessionOptions } from './session-options.js';
import { type SubscribeOptions, Subscription } from './subscription.js';

export interface SendOptions {
  /** ask for a receipt and wait for it; default true. Without, `send` resolves when the system has taken the bytes */
  readonly receipt?: boolean;
  /** write `content-length`; default true for a body that is not empty. A body with a NUL has it in any case */
  readonly contentLength?: boolean;
  /** add `persistent:true` unless `header` has a `persistent` of its own, which is written as the broker understands it; default false */
  readonly persistent?: boolean;
}

interface Send {
  readonly header: Readonly<FrameHeader>;
  readonly body: Buffer;
  readonly options: SendOptions;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One connection to a broker from CONNECTED to its end. It does not reconnect: a new session is a new object. After its end every
 * method that sends rejects with the reason.
 */
export class StompSession {
  readonly dialect: Dialect;
  /** resolves at the end: with its reason, or undefined after `close` */
  readonly ended: Promise<StompctlError | undefined>;
  readonly #connection: Connection;
  readonly #receipts: Receipts;
  readonly #listeners: Listeners;
  readonly #subscriptions = new Set<Subscription>();
  readonly #holds: ReadingHolds;
  readonly #onStray: SessionOptions['onStray'];
  #strays = 0;
  /** sends held back while the writer is full */
  #held: Send[] = [];
  /** sends without receipt whose bytes are not yet written */
  readonly #unconfirmed = new Set<Send>();
  readonly #flushing = new Set<() => void>();
  #over: StompctlError | undefined;
  #resolveEnded: (error: StompctlError | undefined) => void = () => undefined;

  /**
   * Resolves when the broker has answered CONNECTED. Errors: CREDENTIAL_INVALID, HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT,
   * TLS_FAILED, LOGIN_REFUSED, BROKER_ERROR, FRAME_MALFORMED, FRAME_TOO_LARGE.
   */
  static async connect(options: SessionOptions): Promise<StompSession> {
    const full = fillOptions(options);
    // The rest of the piece that brought CONNECTED is read before there is a session.
    let session: StompSession | undefined;
    let early: { readonly error: StompctlError | undefined } | undefined;
    const connection = await Connection.open(full, {
      message: (frame) => {
        if (session !== undefined) session.#arrived(session.#listeners.deliver(frame), frame);
      },
      receipt: (id) => (session === undefined ? false : session.#receipts.arrived(id)),
      refused: (frame) =>
        refusal(
          hostPort(full.endpoint.host, full.endpoint.port),
          frame,
          session === undefined ? undefined : session.#receipts,
        ),
      ended: (error) => {
        if (session === undefined) early = { error };
        else session.#onEnded(error);
      },
    });
    session = new StompSession(full, connection);
    if (early !== undefined) session.#onEnded(early.error);
    return session;
  }

  private constructor(options: FullOptions, connection: Connection) {
    this.#connection = connection;
    this.dialect = connection.dialect;
    this.#listeners = new Listeners(connection.version);
    this.#onStray = options.onStray;
    this.#holds = new ReadingHolds({
      clock: options.clock,
      receiptsAwaited: () => this.#receipts.size > 0,
      pause: () => connection.pause(),
      resume: () => connection.resume(),
    });
    this.#receipts = new Receipts({
      clock: options.clock,
      timeoutMs: options.receiptTimeoutMs,
      peer: connection.peer,
      writer: connection.writer,
      untimedMs: () => this.#holds.untimedMs,
      obstacle: () => (this.#holds.firm ? UNTAKEN : undefined),
      changed: () => {
        if (this.#holds.any) this.#holds.apply();
      },
      timedOut: (error) => connection.fail(error),
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    connection.writer.onWritten = () => this.#sendHeld();
  }

  get version(): StompVersion {
    return this.#connection.version;
  }

  /** `host:port`, with the address when the host is a name */
  get peer(): string {
    return this.#connection.peer;
  }

  /** what the broker calls itself, for instance `RabbitMQ/3.10.8` */
  get server(): string | undefined {
    return this.#connection.server;
  }

  /** when the certificate of the broker ends to be valid; TLS only */
  get certificateExpiry(): Date | undefined {
    return this.#connection.certificateExpiry;
  }

  /** whether messages can be acknowledged one by one; otherwise an ACK settles all earlier deliveries too */
  get individualAcks(): boolean {
    return this.version !== '1.0' || this.dialect.individualOn10;
  }

  /** why nothing can be sent any more; undefined while the session is open */
  get over(): StompctlError | undefined {
    return this.#over;
  }

  /**
   * Sends one message; `header` has a `destination`. Headers that belong to another delivery or connection (`message-id`, `ack`,
   * `receipt`, …) are left out. Resolves when the broker's receipt came. Errors: MESSAGE_BAD_HEADER, MESSAGE_REFUSED (an ERROR with
   * this receipt), BROKER_ERROR (an ERROR that does not say which message it means), SESSION_LOST and the other ends of a session.
   * `header` and `body` must not be changed until then. Many at once; the order is kept.
   */
  send(header: Readonly<FrameHeader>, body: Buffer = EMPTY_BODY, options: SendOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const send = { header, body, options, resolve, reject };
      if (this.#held.length > 0 || this.#connection.writer.blocked) this.#held.push(send);
      else this.#send(send);
    });
  }

  /**
   * Subscribes, with `header` (`destination`; `id` and `ack` are added when absent: `client-individual`, or `client` where a
   * STOMP 1.0 broker may not know that). Resolves with the id when the broker's receipt came; `onMessage` may be called before. It is
   * called in the order of arrival, and must not throw.
   */
  async listen(header: Readonly<FrameHeader>, onMessage: (frame: Frame) => void): Promise<string> {
    const id = header.id ?? this.#listeners.freeId();
    const ack = header.ack ?? (this.individualAcks ? 'client-individual' : 'client');
    this.#listeners.add({ id, destination: header.destination, ack, onMessage });
    try {
      await this.#ask('SUBSCRIBE', newFrameHeader({ ...header, id, ack }));
    } catch (error) {
      this.#listeners.remove(id);
      throw error;
    }
    return id;
  }

  /**
   * Subscribes as `listen` does, and resolves to the messages as an async iterator, each with `ack` and `nack`. Reading pauses while
   * more than `bufferBytes` wait to be taken.
   */
  async subscribe(header: Readonly<FrameHeader>, options: SubscribeOptions = {}): Promise<Subscription> {
    const subscription = new Subscription(this, options);
    const { prefetch } = this.dialect;
    const limited =
      options.prefetch === undefined || prefetch === undefined ? {} : { [prefetch.header]: String(options.prefetch) };
    this.#subscriptions.add(subscription);
    try {
      subscription.confirmed(await this.listen(newFrameHeader({ ...limited, ...header }), subscription.arrived));
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw error;
    }
    return subscription;
  }

  /**
   * The messages of a subscription that the broker makes by itself for this session: on RabbitMQ that of `/temp-queue/NAME`, when a
   * SEND names it in `reply-to`. Call it before that SEND. Such a broker takes a message for acknowledged once it has sent it.
   */
  replies(destination: string, options: Pick<SubscribeOptions, 'bufferBytes'> = {}): Subscription {
    const subscription = new Subscription(this, options);
    this.#listeners.add({ id: destination, destination, ack: 'auto', onMessage: subscription.arrived });
    this.#subscriptions.add(subscription);
    subscription.confirmed(destination);
    return subscription;
  }

  /**
   * Ends a subscription; resolves when the broker's receipt came. `header`: more headers of UNSUBSCRIBE, with which a durable
   * subscription is ended for good.
   */
  async unlisten(id: string, header: Readonly<FrameHeader> = {}): Promise<void> {
    const destination = this.#listeners.destinationOf(id);
    this.#listeners.remove(id);
    for (const subscription of this.#subscriptions) {
      if (subscription.id === id) this.#subscriptions.delete(subscription);
    }
    // STOMP 1.0 "UNSUBSCRIBE": names the destination or the id.
    const named = this.version === '1.0' && destination !== undefined ? { destination } : {};
    const { durableName } = this.dialect;
    if (durableName !== undefined && header[durableName] !== undefined) {
      await this.#ask('UNSUBSCRIBE', newFrameHeader({ ...named, id }));
    }
    await this.#ask('UNSUBSCRIBE', newFrameHeader({ ...named, id, ...header }));
  }

  /**
   * Acknowledges a delivery of `listen`. Only notes it; `flush` tells when it is written. Where the acknowledgement would settle
   * earlier deliveries too, it waits until these are acknowledged.
   */
  ack(frame: Frame): void {
    this.#settle('ACK', frame);
  }

  /** Tells the broker that a delivery is not wanted; what it does then differs: see `docs/library.md`. */
  nack(frame: Frame): void {
    this.#settle('NACK', frame);
  }

  /** Stops reading from the connection: the last resort against a flood. Heart-beats of the broker are not expected meanwhile. */
  pause(): void {
    this.#holds.hold(this, 'untimed');
  }

  resume(): void {
    this.#holds.letGo(this);
  }

  /** As `pause`, for one of several, until all have let go; `yielding`: not while a receipt is awaited, which may stand behind. */
  hold(who: object, how: 'firm' | 'yielding'): void {
    this.#holds.hold(who, how);
  }

  letGo(who: object): void {
    this.#holds.letGo(who);
  }

  /** Resolves when all that was accepted so far is taken by the system, or the session is over. Does not wait for receipts. */
  async flush(): Promise<void> {
    if (this.#over !== undefined) return;
    this.#connection.writer.flush();
    await new Promise<void>((resolve) => {
      this.#flushing.add(resolve);
      this.#connection.writer.whenWritten(this.#connection.writer.accepted, () => {
        this.#flushing.delete(resolve);
        resolve();
      });
    });
  }

  /** Disconnects in order, by force after `disconnectTimeoutMs`. Sends without receipt reject. Never rejects; safe when over. */
  async close(): Promise<void> {
    // STOMP 1.2 "DISCONNECT": "Clients MUST NOT send any more frames after the DISCONNECT frame is sent."
    this.#over ??= new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is being closed');
    await this.#connection.close();
    await this.ended;
  }

  /** Ends the session at once, as if the connection had broken. */
  abort(reason: string): void {
    this.#connection.fail(new StompctlError('SESSION_CLOSED', 'session', this.peer, reason));
  }

  #send(send: Send): void {
    if (this.#over !== undefined) {
      send.reject(this.#over);
      return;
    }
    const { body, options, resolve, reject } = send;
    const header = this.#sendable(send.header);
    const persistent = options.persistent === true && send.header.persistent === undefined ? 'persistent:true\n' : '';
    if (options.receipt === false) {
      try {
        const end = this.#connection.write('SEND', header, body, options.contentLength, persistent);
        this.#unconfirmed.add(send);
        this.#connection.writer.whenWritten(end, () => {
          this.#unconfirmed.delete(send);
          resolve();
        });
      } catch (error) {
        reject(error);
      }
      return;
    }
    const id = this.#receipts.expect('SEND', header.destination, resolve, reject);
    try {
      this.#receipts.sent(
        id,
        this.#connection.write('SEND', header, body, options.contentLength, `${persistent}receipt:${id}\n`),
      );
    } catch (error) {
      this.#receipts.forget(id);
      reject(error);
    }
  }

  /** `header` with a `persistent` that the broker understands; the same object where nothing is to change. */
  #sendable(header: Readonly<FrameHeader>): Readonly<FrameHeader> {
    const given = header.persistent;
    if (given === undefined || given === 'true') return header;
    const { persistent: _, ...others } = header;
    const persistent = persistentFor(given, this.dialect);
    return newFrameHeader(persistent === undefined ? others : { ...others, persistent });
  }

  #sendHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    let count = 0;
    for (const send of held) {
      if (this.#connection.writer.blocked) break;
      count += 1;
      this.#send(send);
    }
    this.#held = held.slice(count);
  }

  #ask(command: string, header: FrameHeader): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over);
        return;
      }
      const id = this.#receipts.expect(command, header.destination, resolve, reject);
      header.receipt = id;
      try {
        this.#receipts.sent(id, this.#connection.write(command, header));
      } catch (error) {
        this.#receipts.forget(id);
        reject(error);
      }
    });
  }

  #settle(command: 'ACK' | 'NACK', frame: Frame): void {
    if (this.#over !== undefined) return;
    for (const settling of this.#listeners.settling(command, frame)) {
      if (settling.binary) this.#connection.writeBinary(settling.command, settling.header);
      else this.#connection.write(settling.command, settling.header);
    }
    if (this.#listeners.overfull === undefined) return;
    const reason = `too many settled messages of ${this.#listeners.overfull} wait for an earlier one: acknowledge in order, or use client-individual`;
    this.#connection.fail(new StompctlError('SESSION_LOST', 'session', this.peer, reason));
  }

  #arrived(fate: Fate, frame: Frame): void {
    if (fate === 'nameless') {
      const reason = 'a MESSAGE without message-id, which cannot be acknowledged; see the documentation of the broker';
      this.#connection.fail(new StompctlError('FRAME_MALFORMED', 'session', this.peer, reason));
    }
    if (fate !== 'stray') return;
    this.#strays += 1;
    this.#onStray?.(frame, this.#strays);
    if (this.#strays < MOST_STRAYS) return;
    const reason = `the broker sent ${MOST_STRAYS} messages for subscriptions that this session does not have; see its log`;
    this.#connection.fail(new StompctlError('BROKER_ERROR', 'session', this.peer, reason));
  }

  #onEnded(error: StompctlError | undefined): void {
    const over =
      error ?? this.#over ?? new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is closed');
    this.#over = over;
    this.#receipts.failAll(over);
    const unsent = [...this.#held, ...this.#unconfirmed];
    this.#held = [];
    this.#unconfirmed.clear();
    for (const send of unsent) send.reject(over);
    for (const resolve of this.#flushing) resolve();
    this.#flushing.clear();
    for (const subscription of this.#subscriptions) subscription.ended(error);
    this.#resolveEnded(error);
  }
}

/** messages that no subscription asked for, before the session is given up: they stay unacknowledged till then */
const MOST_STRAYS = 100;
const UNTAKEN =
  'reading is paused for messages that wait to be taken: take them while waiting, raise bufferBytes, or send over another session';
