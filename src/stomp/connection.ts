import type { Client } from '@stomp/stompjs';
import type { Timer } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { loginRefusal } from '../base/login-refusal.js';
import { peerText, serverText, withoutPasscode } from '../base/peer-text.js';
import { withDeadline } from '../base/wait.js';
import { type Dialect, dialectOf, saysLoginRefused } from './client-dialects.js';
import { FrameDecoder } from './codec/decoder.js';
import { encodeFrame, encodeHead, NOT_SENT } from './codec/encoder.js';
import { EMPTY_BODY, type Frame, type FrameHeader, type StompVersion } from './codec/frame.js';
import { FrameWriter } from './frame-writer.js';
import { HeartBeat, negotiate } from './heart-beat.js';
import { type FullOptions, maskSecrets } from './session-options.js';
import { StompjsSocket } from './stompjs-socket.js';
import { openTransport } from './transport/open-transport.js';
import type { Transport } from './transport/transport.js';

export interface ConnectionHandlers {
  message(frame: Frame): void;
  /** Returns whether the receipt was awaited; others are stompjs's. */
  receipt(id: string): boolean;
  /** ERROR of an open session: returns the error that ends it. */
  refused(frame: Frame): StompctlError;
  /** Called exactly once after `open`; undefined: closed by us. */
  ended(error: StompctlError | undefined): void;
}

/** the longest wait for the peer to close after it confirmed DISCONNECT: everything is settled by then */
const CLOSE_MS = 2_000;

/**
 * One STOMP connection from CONNECT to its end. stompjs opens and closes it; it sees CONNECTED, its own receipts and the close,
 * everything else passes it by. It neither knows messages nor subscriptions.
 */
export class Connection {
  readonly writer: FrameWriter;
  readonly #options: FullOptions;
  readonly #transport: Transport;
  readonly #handlers: ConnectionHandlers;
  readonly #decoder: FrameDecoder;
  readonly #socket: StompjsSocket;
  readonly #client: Client;
  #state: 'opening' | 'open' | 'closing' | 'ended' = 'opening';
  #connected: FrameHeader = {};
  #version: StompVersion = '1.0';
  #dialect: Dialect = dialectOf('UNKNOWN', undefined, undefined);
  /** whose escapes are used */
  #codec: StompVersion = '1.2';
  #heartBeat: HeartBeat | undefined;
  #pauseTimer: Timer | undefined;
  #stallTimer: Timer | undefined;
  #opened: { resolve: () => void; reject: (error: StompctlError) => void } | undefined;

  /** Resolves when CONNECTED came. Errors: those of `openTransport`, LOGIN_REFUSED, BROKER_ERROR, CONNECT_*, FRAME_*. */
  static async open(options: FullOptions, handlers: ConnectionHandlers): Promise<Connection> {
    const { clock, connectTimeoutMs: timeoutMs, endpoint, maxMessageSize } = options;
    const deadline = clock.monotonicMs() + timeoutMs;
    const transport = await openTransport(endpoint, {
      clock,
      timeoutMs,
      protocols: options.versions.map((version) => `v${version.replace('.', '')}.stomp`),
      maxMessageBytes: maxMessageSize + 1024 * 1024,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.socket === undefined ? {} : { socket: options.socket }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const stompjs = await import('@stomp/stompjs');
    const connection = new Connection(options, handlers, transport, stompjs);
    await connection.#open(deadline - clock.monotonicMs());
    return connection;
  }

  private constructor(
    options: FullOptions,
    handlers: ConnectionHandlers,
    transport: Transport,
    stompjs: typeof import('@stomp/stompjs'),
  ) {
    this.#options = options;
    this.#handlers = handlers;
    this.#transport = transport;
    this.writer = new FrameWriter(transport);
    this.#decoder = new FrameDecoder({
      limits: { ...options.limits, bodyBytes: options.maxMessageSize },
      skipOversized: options.skipOversized ?? false,
    });
    this.#socket = new StompjsSocket(transport, {
      clock: options.clock,
      closeTimeoutMs: Math.min(CLOSE_MS, options.disconnectTimeoutMs),
      send: (bytes) => this.#sendForStompjs(bytes),
    });
    this.#client = new stompjs.Client({
      webSocketFactory: () => this.#socket,
      stompVersions: new stompjs.Versions([...options.versions]),
      connectHeaders: { ...options.connectHeaders },
      heartbeatOutgoing: options.heartBeat.clientMs,
      heartbeatIncoming: options.heartBeat.serverMs,
      // One Client per session, never activated twice: after a loss it stays "active" and ignores a second activate().
      reconnectDelay: 0,
      discardWebsocketOnCommFailure: true,
      // Ours covers name, TCP, TLS and CONNECTED together; its timer would outlive a refused login, and hold the process.
      connectionTimeout: 0,
      // An exception inside a callback of stompjs is swallowed and printed on standard output: this one cannot throw.
      onConnect: () => this.#opened?.resolve(),
    });
  }

  get peer(): string {
    return this.#transport.peer;
  }

  get certificateExpiry(): Date | undefined {
    return this.#transport.certificateExpiry;
  }

  /** what the broker calls itself, fit to be told */
  get server(): string | undefined {
    return serverText(this.#connected.server, undefined, this.#options.connectHeaders.passcode);
  }

  get version(): StompVersion {
    return this.#version;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  /** Adds one frame to what goes out; returns its end as `FrameWriter.accepted`. Errors: MESSAGE_BAD_HEADER. */
  write(
    command: string,
    header: Readonly<FrameHeader>,
    body?: Buffer,
    contentLength?: boolean,
    extra?: string,
  ): number {
    const skip = command === 'SEND' ? NOT_SENT : undefined;
    const end = this.writer.frame(command, header, body, this.#codec, contentLength, extra, skip);
    this.#heartBeat?.sent();
    if (this.#stallTimer === undefined) this.#watchWrites();
    if (this.#options.onFrame !== undefined) this.#show('out', { command, header, body: body ?? EMPTY_BODY });
    return end;
  }

  /** As `write`, for a header with one character a byte. */
  writeBinary(command: string, header: Readonly<FrameHeader>): void {
    this.writer.raw(Buffer.from(`${encodeHead(command, header, undefined, this.#codec)}\0`, 'latin1'));
    this.#heartBeat?.sent();
    if (this.#stallTimer === undefined) this.#watchWrites();
    if (this.#options.onFrame !== undefined) this.#show('out', { command, header, body: EMPTY_BODY });
  }

  /** Stops reading, and with it the watch over the broker's heart-beats; TCP keep-alive and a time-out take over. */
  pause(): void {
    if (this.#state !== 'open' || this.#pauseTimer !== undefined) return;
    const { clock, pauseTimeoutMs } = this.#options;
    this.#heartBeat?.suspend();
    this.#transport.pause();
    this.#pauseTimer = clock.after(pauseTimeoutMs, () => {
      const reason = `reading was paused for ${pauseTimeoutMs / 1000} s: whoever takes the messages does not keep up`;
      this.fail(new StompctlError('SESSION_LOST', 'session', this.peer, reason));
    });
  }

  resume(): void {
    if (this.#pauseTimer === undefined) return;
    this.#pauseTimer.cancel();
    this.#pauseTimer = undefined;
    this.#heartBeat?.resume();
    this.#transport.resume();
  }

  /** DISCONNECT with its receipt, then the end; by force after `disconnectTimeoutMs`. Never rejects. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.resume();
    this.#state = 'closing';
    const { clock, disconnectTimeoutMs } = this.#options;
    const left = this.#client.deactivate();
    this.writer.flush();
    await withDeadline(clock, disconnectTimeoutMs, left, () => undefined);
    this.#end(undefined);
  }

  /** Ends the session at once, because of `error`. */
  fail(error: StompctlError): void {
    this.#end(this.#state === 'closing' ? undefined : error);
  }

  #open(timeoutMs: number): Promise<void> {
    const { clock, connectTimeoutMs, signal } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(Math.max(1, timeoutMs), () => {
        const reason = `connected, but no CONNECTED within ${connectTimeoutMs / 1000} s; is it a STOMP port, and without TLS?`;
        this.#end(new StompctlError('CONNECT_TIMEOUT', 'connect', this.peer, reason));
      });
      const calledOff = () =>
        this.#end(new StompctlError('SESSION_CLOSED', 'connect', this.peer, 'given up: no longer wanted'));
      const done = () => {
        timer.cancel();
        signal?.removeEventListener('abort', calledOff);
      };
      this.#opened = {
        resolve: () => {
          done();
          this.#state = 'open';
          this.#startHeartBeat();
          resolve();
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      this.#transport.listen({ data: (chunk) => this.#onData(chunk), closed: (cause) => this.#onClosed(cause) });
      if (signal?.aborted) calledOff();
      else signal?.addEventListener('abort', calledOff, { once: true });
      this.#client.activate();
    });
  }

  #startHeartBeat(): void {
    const { clock, heartBeat } = this.#options;
    this.#heartBeat = new HeartBeat({
      clock,
      peer: this.peer,
      ...negotiate(heartBeat, this.#version === '1.0' ? undefined : this.#connected['heart-beat']),
      beat: () => {
        if (this.writer.accepted === this.writer.written) this.writer.raw(Buffer.of(10));
      },
      missed: (error) => this.fail(error),
    });
  }

  #onData(chunk: Buffer): void {
    this.#heartBeat?.received();
    // AMQP 0-9-1, section 4.2.2: what a server answers that does not understand its client
    if (this.#state === 'opening' && chunk.toString('latin1', 0, 4) === 'AMQP') {
      const reason = 'the server speaks AMQP on this port, not STOMP: use amqp:// for it, or the STOMP port (61613)';
      this.#end(new StompctlError('CONNECT_FAILED', 'connect', this.peer, reason));
      return;
    }
    try {
      this.#decoder.feed(chunk, this.#onFrame);
    } catch (error) {
      const known = error instanceof StompctlError;
      this.fail(known ? error : new StompctlError('INTERNAL', 'session', this.peer, reasonOf(error), error));
    }
  }

  readonly #onFrame = (frame: Frame): void => {
    if (this.#state === 'ended') return;
    if (this.#options.onFrame !== undefined) {
      this.#show('in', masked(frame, this.#options.connectHeaders.passcode));
    }
    if (frame.command === 'CONNECTED' && this.#state === 'opening') {
      this.#onConnected(frame);
    } else if (frame.command === 'ERROR') {
      if (this.#state === 'opening') this.#end(this.#connectRefused(frame));
      else this.fail(this.#handlers.refused(masked(frame, this.#options.connectHeaders.passcode)));
    } else if (this.#state === 'opening') {
      this.fail(this.#unexpected(frame));
    } else if (frame.command === 'MESSAGE') {
      if (this.#state === 'open') this.#handlers.message(frame);
    } else if (frame.command === 'RECEIPT') {
      const id = frame.header['receipt-id'] ?? '';
      if (!this.#handlers.receipt(id)) this.#socket.deliver(encodeFrame('RECEIPT', { 'receipt-id': id }));
    } else {
      this.fail(this.#unexpected(frame));
    }
  };

  #onConnected(frame: Frame): void {
    // STOMP 1.1 "Protocol Negotiation": a server that names no version speaks 1.0.
    const version = this.#options.versions.find((offered) => offered === (frame.header.version ?? '1.0'));
    if (version === undefined) {
      const chosen = peerText(frame.header.version ?? '1.0', this.#options.connectHeaders.passcode);
      const reason = `the broker chose STOMP ${chosen}, of ${this.#options.versions.join(', ')} offered`;
      this.#end(new StompctlError('BROKER_ERROR', 'connect', this.peer, reason));
      return;
    }
    this.#version = version;
    this.#connected = frame.header;
    this.#dialect = dialectOf(this.#options.type, frame.header.server, frame.header.session);
    this.#codec = this.#dialect.escapes ?? version;
    this.#decoder.version = this.#codec;
    // Without `heart-beat`, so that stompjs starts no timers: the heart-beats are ours.
    this.#socket.deliver(encodeFrame('CONNECTED', { version }));
  }

  #connectRefused(frame: Frame): StompctlError {
    const message = refusalOf(frame, this.#options.connectHeaders.passcode);
    // by its own words: a password may be one of them
    if (saysLoginRefused(refusalOf(frame, undefined))) {
      const reason = loginRefusal(message, this.#options.connectHeaders.login !== undefined);
      return new StompctlError('LOGIN_REFUSED', 'connect', this.peer, reason);
    }
    return new StompctlError('BROKER_ERROR', 'connect', this.peer, `the broker refused the session: ${message}`);
  }

  #unexpected({ command }: Frame): StompctlError {
    return new StompctlError('FRAME_MALFORMED', 'session', this.peer, `a ${command} frame where none is allowed`);
  }

  #onClosed(cause: Error | undefined): void {
    if (cause instanceof StompctlError) {
      this.fail(cause);
      return;
    }
    const how =
      cause === undefined
        ? 'the broker closed the connection'
        : `the connection broke: ${errnoOf(cause) ?? cause.message}`;
    if (this.#state === 'opening') {
      // ActiveMQ closes without the ERROR about a wrong password now and then: one login in a hundred
      const reason = `${how} before CONNECTED; is it a STOMP port, TLS on both sides or on none, and the login right?`;
      this.#end(new StompctlError('CONNECT_FAILED', 'connect', this.peer, reason, cause));
      return;
    }
    const where = this.#decoder.atBoundary ? '' : ' within a frame';
    this.fail(new StompctlError('SESSION_LOST', 'session', this.peer, `${how}${where}; see its log`, cause));
    this.#socket.closed();
  }

  #sendForStompjs(bytes: Buffer): void {
    if (this.#options.onFrame !== undefined) {
      for (const frame of new FrameDecoder({ version: this.#codec }).push(bytes)) this.#show('out', frame);
    }
    this.writer.raw(bytes);
  }

  /** A peer that takes no byte for as long as a receipt may take is given up. */
  #watchWrites(): void {
    const { clock, receiptTimeoutMs } = this.#options;
    const { written } = this.writer;
    this.#stallTimer = clock.after(
      receiptTimeoutMs,
      () => {
        this.#stallTimer = undefined;
        if (this.writer.accepted === this.writer.written) return;
        if (this.writer.written !== written) {
          this.#watchWrites();
          return;
        }
        const reason = `the broker has read nothing for ${receiptTimeoutMs / 1000} s; it may be out of memory or disk, see its log`;
        this.fail(new StompctlError('SESSION_LOST', 'session', this.peer, reason));
      },
      false,
    );
  }

  #show(direction: 'in' | 'out', { command, header, body }: Frame): void {
    this.#options.onFrame?.({ direction, command, header: maskSecrets(header), body });
  }

  #end(error: StompctlError | undefined): void {
    if (this.#state === 'ended') return;
    const wasOpening = this.#state === 'opening';
    this.#state = 'ended';
    this.#heartBeat?.stop();
    this.#pauseTimer?.cancel();
    this.#stallTimer?.cancel();
    this.#transport.destroy();
    this.#socket.closed();
    // Resolves at once, as the socket is closed; it rejects in no case that could be caused here.
    void this.#client.deactivate({ force: true }).catch(() => undefined);
    if (wasOpening && error !== undefined) this.#opened?.reject(error);
    else this.#handlers.ended(error);
  }
}

/** What an ERROR says, once it is masked. Its body is never told: it may be a stack trace, or hold what was sent. */
export function messageOf(frame: Frame): string {
  return peerText(frame.header.message ?? '', undefined) || 'no reason given';
}

/**
 * What an ERROR in answer to CONNECT says: without a `message` header, the first line of its body with text in it. Neither was made of
 * what we sent but for the login: the passcode is masked, should it be there.
 */
function refusalOf(frame: Frame, passcode: string | undefined): string {
  if ((frame.header.message ?? '').trim() !== '') return messageOf(masked(frame, passcode));
  const [line = ''] = frame.body
    .toString('utf8', 0, 4096)
    .trim()
    .split(/[\r\n]/, 1);
  return messageOf(masked({ ...frame, header: { ...frame.header, message: line } }, passcode));
}

/** An ERROR as it may be told: a broker may repeat what we logged in with. Other frames as they are. */
function masked(frame: Frame, passcode: string | undefined): Frame {
  const { message } = frame.header;
  if (frame.command !== 'ERROR' || message === undefined) return frame;
  return { ...frame, header: { ...frame.header, message: withoutPasscode(message, passcode) } };
}
