import { strangerError } from '../amqp/codec/first-answer.js';
import type { Clock, Timer } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import type { Transport } from '../stomp/transport/transport.js';
import { FrameReader, type Piece } from './codec/frame-reader.js';
import { TransferCollector } from './transfer-collector.js';

export interface Amqp1WireOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly maxMessageSize: number;
  readonly pauseTimeoutMs: number;
  /** called at each sign of life of the broker */
  readonly received: () => void;
  /** what was written is taken by the system: there is room for more */
  readonly drained: () => void;
  /** called at most once: the connection broke, or what the broker sent cannot be read */
  readonly failed: (error: StompctlError) => void;
}

/** bytes of a frame that is offered */
export const FRAME_MAX = 131_072;
/** bytes that the system has not yet taken before a sender is told to wait */
const MOST_UNSENT = 1024 * 1024;

type Listener = (value?: unknown) => void;

/** What the library takes for its socket. */
export class WireSocket {
  readonly #wire: Amqp1Wire;
  readonly #listeners = new Map<string, Listener>();

  constructor(wire: Amqp1Wire) {
    this.#wire = wire;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, listener);
    return this;
  }

  tell(event: 'data' | 'end' | 'error', value?: unknown): void {
    this.#listeners.get(event)?.(value);
  }

  write(bytes: Buffer): void {
    this.#wire.write(bytes);
  }

  end(): void {
    this.#wire.end();
  }

  get_id_string(): string {
    return this.#wire.peer;
  }
}

/** What stands between the transport and the library: all that arrives is looked at here first. */
export class Amqp1Wire {
  readonly socket: WireSocket;
  readonly transfers: TransferCollector;
  readonly #options: Amqp1WireOptions;
  readonly #frames: FrameReader;
  #unsent = 0;
  #seen = false;
  #over = false;
  #pauseTimer: Timer | undefined;

  constructor(options: Amqp1WireOptions) {
    const { transport, maxMessageSize } = options;
    this.#options = options;
    this.socket = new WireSocket(this);
    this.transfers = new TransferCollector(transport.peer, maxMessageSize);
    this.#frames = new FrameReader(transport.peer, FRAME_MAX);
  }

  /** Begins to read. */
  listen(): void {
    this.#options.transport.listen({ data: (chunk) => this.#arrived(chunk), closed: (cause) => this.#closed(cause) });
  }

  get peer(): string {
    return this.#options.transport.peer;
  }

  /** Is there more to write than should be? */
  get full(): boolean {
    return this.#unsent > MOST_UNSENT;
  }

  /** bytes that the system has not yet taken */
  get unsent(): number {
    return this.#unsent;
  }

  get paused(): boolean {
    return this.#pauseTimer !== undefined;
  }

  write(bytes: Buffer): void {
    if (this.#over) return;
    this.#unsent += bytes.length;
    this.#options.transport.write(bytes, () => {
      const full = this.full;
      this.#unsent -= bytes.length;
      if ((full && !this.full) || this.#unsent === 0) this.#options.drained();
    });
  }

  /** The library has said all. */
  end(): void {
    this.#options.transport.end();
  }

  /** Stops reading. */
  pause(): void {
    if (this.#over || this.#pauseTimer !== undefined) return;
    const { clock, pauseTimeoutMs, transport } = this.#options;
    this.#pauseTimer = clock.after(pauseTimeoutMs, () => {
      const reason = `reading was paused for ${pauseTimeoutMs / 1000} s: whoever takes the messages does not keep up`;
      this.#fail(new StompctlError('SESSION_LOST', 'session', this.peer, reason));
    });
    transport.pause();
  }

  resume(): void {
    if (this.#pauseTimer === undefined) return;
    this.#pauseTimer.cancel();
    this.#pauseTimer = undefined;
    this.#options.transport.resume();
  }

  /** The session is over: the library is told, so that its timers end, and nothing more is read or written. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pauseTimer?.cancel();
    this.socket.tell('end');
    this.#options.transport.destroy();
  }

  #arrived(chunk: Buffer): void {
    if (this.#over) return;
    this.#options.received();
    try {
      if (!this.#seen) this.#checkFirst(chunk);
      this.#frames.feed(chunk, (piece) => this.#handOn(piece));
    } catch (error) {
      const known = error instanceof StompctlError;
      this.#fail(known ? error : new StompctlError('INTERNAL', 'session', this.peer, reasonOf(error), error));
    }
  }

  #handOn(piece: Piece): void {
    if (this.#over) return;
    const { bytes } = piece;
    if (piece.kind === 'header' && bytes.subarray(5, 8).join('.') !== '1.0.0') {
      throw strangerError(this.peer, bytes, 'amqp1');
    }
    this.socket.tell('data', piece.kind === 'frame' ? this.transfers.take(bytes, piece.frame) : bytes);
  }

  /** Servers of other protocols answer with anything. */
  #checkFirst(chunk: Buffer): void {
    this.#seen = true;
    if (chunk[0] !== 'A'.charCodeAt(0)) throw strangerError(this.peer, chunk, 'amqp1');
  }

  #closed(cause: Error | undefined): void {
    if (cause instanceof StompctlError) {
      this.#fail(cause);
      return;
    }
    const how =
      cause === undefined
        ? 'the broker closed the connection'
        : `the connection broke: ${errnoOf(cause) ?? cause.message}`;
    this.#fail(new StompctlError('SESSION_LOST', 'session', this.peer, `${how}; see its log`, cause));
  }

  #fail(error: StompctlError): void {
    if (this.#over) return;
    this.stop();
    this.#options.failed(error);
  }
}
