import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { type ErrorCode, errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { peerText, serverText } from '../base/peer-text.js';
import { printable } from '../base/printable.js';
import { withDeadline } from '../base/wait.js';
import { peerOf, placeOf } from '../stomp/transport/tcp-transport.js';
import { deliveryOf } from './acknowledged.js';
import type { AmqpSessionOptions } from './amqp-session-options.js';
import { Confirms, type Publication, type Unconfirmed } from './confirms.js';
import type { AmqpDelivery, AmqpReturn } from './delivery-reader.js';
import { openConnection } from './open-connection.js';
import { OtherArguments } from './other-arguments.js';
import { SideChannel } from './side-channel.js';
import { Wire } from './wire.js';

export interface ConsumeOptions {
  readonly tag: string;
  /** the broker forgets a message once it is sent */
  readonly noAck: boolean;
  readonly arguments?: Readonly<Record<string, string | number | boolean>>;
  readonly exclusive?: boolean;
}

interface Held {
  readonly publication: Publication;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
}

/** Pieces that wait in the library before a sender is told to wait: each has the size of a frame at most. */
const MOST_PIECES = 64;
const PAUSE_TIMEOUT_MS = 600_000;
/** The end of the process of a broker that was asked to stop. */
const CONNECTION_FORCED = 320;

/**
 * One connection to a broker that speaks AMQP 0-9-1, with one channel, from open-ok to its end. It does not reconnect: a new session
 * is a new object. After its end every method that sends rejects with the reason.
 */
export class AmqpSession {
  readonly version = '0-9-1';
  /** `RabbitMQ/3.10.8`; undefined: it does not say */
  readonly server: string | undefined;
  /** `host:port`, with the address when the host is a name */
  readonly peer: string;
  /** when the certificate of the broker ends to be valid; TLS only */
  readonly certificateExpiry: Date | undefined;
  /** bytes of a frame that both sides take */
  readonly frameMax: number;
  /** resolves at the end: with its reason, or undefined after `close`, but for what the broker sent meanwhile that cannot be read */
  readonly ended: Promise<StompctlError | undefined>;
  readonly #options: AmqpSessionOptions;
  readonly #model: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #side: SideChannel;
  readonly #wire: Wire;
  readonly #ending: AbortController;
  readonly #confirms: Confirms;
  readonly #consumers: Map<string, (delivery: AmqpDelivery) => void>;
  #held: Held[] = [];
  #full = false;
  #blocked: string | undefined;
  #over: StompctlError | undefined;
  #state: 'open' | 'closing' | 'ended' = 'open';
  #prefetch = 0;
  #published = 0;
  #resolveEnded: (error: StompctlError | undefined) => void = () => undefined;

  /**
   * Resolves when the virtual host and a channel are open. Errors: CREDENTIAL_INVALID, HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT,
   * TLS_FAILED, LOGIN_REFUSED, BROKER_ERROR, FRAME_MALFORMED, FRAME_TOO_LARGE, SESSION_CLOSED.
   */
  static async connect(options: AmqpSessionOptions): Promise<AmqpSession> {
    const { clock, maxMessageSize, heartBeatSeconds, pauseTimeoutMs = PAUSE_TIMEOUT_MS } = options;
    const ending = new AbortController();
    const consumers = new Map<string, (delivery: AmqpDelivery) => void>();
    const holder: { session?: AmqpSession } = {};
    let breaks: (error: StompctlError) => void = () => undefined;
    const broken = new Promise<never>((_, reject) => {
      breaks = reject;
    });
    broken.catch(() => undefined);
    const wire = new Wire({
      peer: placeOf(options.endpoint),
      passcode: options.passcode,
      clock,
      maxMessageSize,
      heartBeatSeconds,
      pauseTimeoutMs,
      onDelivery: (delivery) => consumers.get(delivery.consumerTag)?.(delivery),
      onReturn: (returned) => {
        if (holder.session !== undefined) holder.session.#returned(returned);
      },
      published: () => (holder.session === undefined ? 0 : holder.session.#published),
      failed: (error) => (holder.session === undefined ? breaks(error) : holder.session.#end(error)),
    });
    const model = await openConnection(options, wire, ending, broken);
    model.on('error', () => undefined);
    try {
      const opened = model.createConfirmChannel({ highWaterMark: MOST_PIECES });
      const late = (): never => {
        throw new StompctlError('CONNECT_TIMEOUT', 'connect', wire.peer, 'the broker opens no channel; see its log');
      };
      const channel = await withDeadline(clock, options.connectTimeoutMs, Promise.race([opened, broken]), late);
      holder.session = new AmqpSession(options, { model, channel, wire, ending, consumers });
      return holder.session;
    } catch (error) {
      ending.abort();
      wire.stop();
      if (error instanceof StompctlError) throw error;
      const reason = `the broker opened no channel: ${peerText(reasonOf(error), options.passcode)}; see its log`;
      throw new StompctlError('BROKER_ERROR', 'connect', wire.peer, reason);
    }
  }

  private constructor(
    options: AmqpSessionOptions,
    parts: {
      readonly model: ChannelModel;
      readonly channel: ConfirmChannel;
      readonly wire: Wire;
      readonly ending: AbortController;
      readonly consumers: Map<string, (delivery: AmqpDelivery) => void>;
    },
  ) {
    const { model, channel, wire } = parts;
    this.#options = options;
    this.#model = model;
    this.#channel = channel;
    this.#side = new SideChannel(model);
    this.#wire = wire;
    this.#ending = parts.ending;
    this.#consumers = parts.consumers;
    this.frameMax = wire.frameMax;
    this.peer = wire.socket === undefined ? wire.peer : peerOf(options.endpoint, wire.socket);
    const { product, version } = model.connection.serverProperties;
    this.server = serverText(product, version, options.passcode);
    this.certificateExpiry = wire.certificateExpiry;
    this.#confirms = new Confirms({
      clock: options.clock,
      timeoutMs: options.confirmTimeoutMs,
      peer: this.peer,
      timedOut: (error) => this.#end(error),
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#listen();
  }

  /** why nothing can be sent any more; undefined while the session is open */
  get over(): StompctlError | undefined {
    return this.#over;
  }

  /**
   * Sends one message; resolves when the broker has confirmed it. Errors: MESSAGE_UNROUTABLE (it came back), MESSAGE_REFUSED (nack),
   * BROKER_ERROR (the channel was closed, which names no message), SESSION_LOST and the other ends of a session. Many at once; the
   * order is kept.
   */
  publish(publication: Publication): Promise<void> {
    return new Promise((resolve, reject) => {
      const held = { publication, resolve, reject };
      if (this.#held.length > 0 || !this.#hasRoom) this.#held.push(held);
      else this.#publish(held);
    });
  }

  /** Makes a queue, or checks that it is as wanted; resolves to its name. A refusal (BROKER_ERROR) leaves the session as it is. */
  declareQueue(name: string, options: Options.AssertQueue): Promise<string> {
    return this.#ask(() => this.#side.ask(async (channel) => (await channel.assertQueue(name, options)).queue));
  }

  declareExchange(name: string, type: string, options: Options.AssertExchange): Promise<void> {
    return this.#ask(() => this.#side.ask(async (channel) => void (await channel.assertExchange(name, type, options))));
  }

  bindQueue(queue: string, exchange: string, key: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#ask(() =>
      this.#side.ask(async (channel) => void (await channel.bindQueue(queue, exchange, key, values))),
    );
  }

  deleteQueue(name: string): Promise<void> {
    return this.#ask(() => this.#side.ask(async (channel) => void (await channel.deleteQueue(name))));
  }

  /** How many deliveries may be unacknowledged at each consumer that is started from now on; 0: any number. */
  prefetch(count: number): Promise<void> {
    this.#prefetch = count;
    return this.#ask(async () => void (await this.#channel.prefetch(count)));
  }

  /** Receives from a queue; `onDelivery` may be called before it resolves, in the order of arrival, and must not throw. */
  async consume(queue: string, options: ConsumeOptions, onDelivery: (delivery: AmqpDelivery) => void): Promise<void> {
    const { tag, noAck, exclusive = false } = options;
    this.#consumers.set(tag, onDelivery);
    const cancelled = (): void => {
      const reason = `the broker ended the subscription to queue ${JSON.stringify(queue)}: was it deleted, or has its node gone away?`;
      this.#end(new StompctlError('SESSION_LOST', 'session', this.peer, reason));
    };
    const wish = { consumerTag: tag, noAck, exclusive, arguments: options.arguments };
    await this.#ask(async () => void (await this.#channel.consume(queue, cancelled, wish)));
  }

  /** Acknowledges one delivery. Only notes it; `flush` tells when the broker has it. */
  ack(deliveryTag: number): void {
    if (this.#over !== undefined) return;
    this.#channel.ack(deliveryOf(deliveryTag));
  }

  /** Resolves when the broker has read every acknowledgement given so far, or the session is over. */
  async flush(): Promise<void> {
    if (this.#over !== undefined) return;
    // one answer stands behind all that was written to the channel before it was asked for
    await this.prefetch(this.#prefetch).catch(() => undefined);
  }

  /** Stops reading from the connection: the last resort against a flood. 600 s at most. */
  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  /** Ends in order, by force after `disconnectTimeoutMs`. Never rejects; safe when over. */
  async close(): Promise<void> {
    if (this.#state !== 'open') {
      await this.ended;
      return;
    }
    this.#state = 'closing';
    this.#over = new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is being closed');
    this.#wire.resume();
    // a broker that is blocked reads nothing: it would not answer
    if (this.#blocked === undefined) {
      const { clock, disconnectTimeoutMs } = this.#options;
      // the library does not tell who leaves that the connection is gone
      await withDeadline(clock, disconnectTimeoutMs, Promise.race([this.#leave(), this.ended]), () => undefined);
    }
    this.#end(undefined);
  }

  /** Ends the session at once, as if the connection had broken. */
  abort(reason: string, code: ErrorCode = 'SESSION_CLOSED'): void {
    this.#end(new StompctlError(code, 'session', this.peer, reason));
  }

  /** The channel first: what was written to it goes out before. */
  async #leave(): Promise<void> {
    try {
      await this.#channel.close();
      await this.#model.close();
    } catch {
      // it is over all the same
    }
  }

  get #hasRoom(): boolean {
    return !this.#full && this.#blocked === undefined;
  }

  #publish({ publication, resolve, reject }: Held): void {
    if (this.#over !== undefined) {
      reject(this.#over);
      return;
    }
    const entry: Unconfirmed = { publication, resolve, reject, returned: false };
    const { exchange, routingKey, body, properties } = publication;
    this.#confirms.add(entry);
    try {
      const answered = (error: unknown) => {
        // of a channel that was closed: the end of the session says why, and comes later when the broker is about to stop
        if (this.#over === undefined && this.#wire.closed === undefined)
          this.#confirms.settle(entry, error !== null && error !== undefined);
      };
      this.#full = !this.#channel.publish(exchange, routingKey, body, properties, answered);
      this.#published += 1;
    } catch (error) {
      this.#confirms.forget(entry);
      const reason = `AMQP cannot carry it: ${printable(reasonOf(error))}; correct its header in a callback`;
      reject(new StompctlError('MESSAGE_BAD_HEADER', 'send', this.peer, reason, error));
    }
  }

  #sendHeld(): void {
    while (this.#hasRoom && this.#over === undefined) {
      const held = this.#held.shift();
      if (held === undefined) return;
      this.#publish(held);
    }
  }

  /** Something that the broker answers. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.#over !== undefined) throw this.#over;
    const { clock, confirmTimeoutMs } = this.#options;
    const late = (): never => {
      const reason = `no answer within ${confirmTimeoutMs / 1000} s (timeout-broker); is the broker overloaded, or out of memory or disk?`;
      const error = new StompctlError('RECEIPT_TIMEOUT', 'session', this.peer, reason);
      this.#end(error);
      throw error;
    };
    try {
      return await withDeadline(clock, confirmTimeoutMs, question(), late);
    } catch (error) {
      // what ended the session says more than the question that went unanswered
      if (this.#over !== undefined) throw this.#over;
      const { refused } = this.#wire;
      const text = refused === undefined ? this.#told(reasonOf(error)) : `${refused.code} ${refused.text}`;
      const Refusal = refused?.otherArguments === true ? OtherArguments : StompctlError;
      throw new Refusal('BROKER_ERROR', 'session', this.peer, `the broker refused: ${text}`);
    }
  }

  #listen(): void {
    const model = this.#model;
    const channel = this.#channel;
    model.on('error', (error) => this.#end(this.#lossOf(error)));
    model.on('close', (error) => this.#end(this.#lossOf(error)));
    channel.on('error', (error) => this.#end(this.#lossOf(error)));
    channel.on('close', () => {
      if (this.#state === 'open') this.#end(this.#lossOf(new Error('the channel was closed')));
    });
    channel.on('drain', () => {
      this.#full = false;
      this.#sendHeld();
    });
    model.on('blocked', (reason) => this.#block(this.#told(String(reason))));
    model.on('unblocked', () => this.#block(undefined));
  }

  #returned(returned: AmqpReturn): void {
    const error = this.#confirms.returned(returned);
    if (error !== undefined) this.#end(error);
  }

  #block(reason: string | undefined): void {
    this.#blocked = reason;
    this.#confirms.suspend(reason !== undefined);
    this.#options.onBlocked?.(reason);
    this.#sendHeld();
  }

  /** What the library or the broker says, fit for an error of ours; no such error has the one of the library for its cause. */
  #told(text: string): string {
    return peerText(text, this.#options.passcode);
  }

  #lossOf(error: Error | undefined): StompctlError {
    const { closed } = this.#wire;
    if (closed !== undefined) {
      const text = `the broker ended the session: ${closed.code} ${closed.text}`;
      if (closed.code === CONNECTION_FORCED) return new StompctlError('SESSION_LOST', 'session', this.peer, text);
      return new StompctlError('BROKER_ERROR', 'session', this.peer, `${text}; see its log`);
    }
    const reason = reasonOf(error ?? 'the connection was closed');
    if (error instanceof TypeError) {
      // the library calls who waits for an answer, and finds nobody
      const strange = 'the broker sent an answer to a question that was not asked; see its log';
      return new StompctlError('FRAME_MALFORMED', 'session', this.peer, strange, error);
    }
    if (reason === 'Heartbeat timeout') {
      const silence = `no sign of life from the broker for two intervals of ${this.#options.heartBeatSeconds} s; is it overloaded, or the network down?`;
      return new StompctlError('HEARTBEAT_MISSED', 'session', this.peer, silence, error);
    }
    const errno = errnoOf(error);
    const how =
      reason === 'Unexpected close'
        ? 'the broker closed the connection'
        : `the connection broke: ${errno ?? this.#told(reason)}`;
    const cause = errno === undefined ? undefined : error;
    return new StompctlError('SESSION_LOST', 'session', this.peer, `${how}; see its log`, cause);
  }

  #end(error: StompctlError | undefined): void {
    if (this.#state === 'ended') return;
    const wanted = this.#state === 'closing' && error?.code !== 'FRAME_MALFORMED' && error?.code !== 'FRAME_TOO_LARGE';
    this.#state = 'ended';
    const why =
      this.#over ?? error ?? new StompctlError('SESSION_CLOSED', 'session', this.peer, 'the session is closed');
    this.#over = why;
    this.#consumers.clear();
    this.#wire.stop();
    this.#ending.abort();
    const held = this.#held;
    this.#held = [];
    this.#confirms.fail(why);
    for (const { reject } of held) reject(why);
    this.#resolveEnded(wanted ? undefined : error);
  }
}
