import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../base/clock.js';
import { reasonOf, StompctlError } from '../base/errors.js';
import { peerText } from '../base/peer-text.js';
import { FieldReader } from './codec/field-value.js';
import { strangerError } from './codec/first-answer.js';
import { FRAME_TYPES, FrameSplitter, type RawFrame } from './codec/frame-splitter.js';
import { ConfirmTags } from './confirm-tags.js';
import { type ContentListeners, DeliveryReader } from './delivery-reader.js';
import { saysOtherArguments } from './other-arguments.js';

/** Why the broker closed the connection, or a channel of it. */
export interface CloseReason {
  /** AMQP 0-9-1, section 1.2 of the reference: 404, 530, … */
  readonly code: number;
  /** `NOT_FOUND - no exchange 'x' in vhost '/'`, as `peerText` */
  readonly text: string;
  /** a queue has other arguments than were asked for */
  readonly otherArguments: boolean;
}

export interface WireOptions extends ContentListeners {
  readonly peer: string;
  /** what the login was made with, which the broker may repeat */
  readonly passcode: string | undefined;
  readonly clock: Clock;
  readonly maxMessageSize: number;
  readonly pauseTimeoutMs: number;
  /** 0: none */
  readonly heartBeatSeconds: number;
  /** how many messages were published on the channel of the messages */
  readonly published: () => number;
  /** called at most once: what the broker sent cannot be read */
  readonly failed: (error: StompctlError) => void;
}

/** bytes of a frame that is offered; RabbitMQ offers the same */
export const FRAME_MAX = 131_072;
const CHUNK_BYTES = 65_536;
const METHODS = {
  tune: (10 << 16) | 30,
  connectionClose: (10 << 16) | 50,
  channelClose: (20 << 16) | 40,
  ack: (60 << 16) | 80,
  nack: (60 << 16) | 120,
} as const;
/** The library takes the lowest number that is free: the channel of the messages is the first one, the one of declarations the other. */
const CHANNELS = { messages: 1, declarations: 2 } as const;
const HEART_BEAT = Buffer.of(FRAME_TYPES.heartbeat, 0, 0, 0, 0, 0, 0, 0xce);
/** The library wants to see something within two intervals of the heart-beats. */
const PULSE_PART = 0.9;

/**
 * What stands between the socket and the library: all that arrives passes here first (`onread` of Node's sockets). Messages
 * are taken out, so that reading can be paused and nothing of a peer's choice fills the memory; the other frames are handed on.
 */
export class Wire {
  /** the largest frame that both sides take */
  frameMax = FRAME_MAX;
  /** why the broker ended the connection, or the channel of the messages */
  closed: CloseReason | undefined;
  /** why it closed another channel, the last time */
  refused: CloseReason | undefined;
  readonly #options: WireOptions;
  readonly #pulseMs: number;
  readonly #splitter: FrameSplitter;
  readonly #deliveries: DeliveryReader;
  readonly #confirmed = new ConfirmTags();
  #socket: Socket | undefined;
  #begun = false;
  #over = false;
  #pauseTimer: Timer | undefined;
  #pulseTimer: Timer | undefined;
  #pulsedMs = 0;
  /** what arrived though reading was paused: the library starts it when it looks for more */
  #late: Buffer[] = [];

  constructor(options: WireOptions) {
    this.#options = options;
    this.#pulseMs = options.heartBeatSeconds * 1000 * PULSE_PART;
    this.#splitter = new FrameSplitter(options.peer, FRAME_MAX);
    this.#deliveries = new DeliveryReader(options.peer, options.maxMessageSize, options);
  }

  /** For `net.connect` and `tls.connect`. */
  get onread(): { buffer: Buffer; callback: (this: Socket, bytes: number, buffer: Uint8Array) => boolean } {
    const wire = this;
    return {
      buffer: Buffer.allocUnsafe(CHUNK_BYTES),
      callback(bytes, buffer) {
        return wire.#arrived(this, Buffer.from(buffer.subarray(0, bytes)));
      },
    };
  }

  get peer(): string {
    return this.#options.peer;
  }

  get socket(): Socket | undefined {
    return this.#socket;
  }

  /** when the certificate of the broker ends to be valid; TLS only */
  get certificateExpiry(): Date | undefined {
    if (this.#socket === undefined || !isTls(this.#socket)) return undefined;
    const until = Date.parse(this.#socket.getPeerCertificate().valid_to ?? '');
    return Number.isNaN(until) ? undefined : new Date(until);
  }

  /** Stops reading. */
  pause(): void {
    if (this.#over || this.#pauseTimer !== undefined) return;
    const { clock, pauseTimeoutMs, peer } = this.#options;
    this.#pauseTimer = clock.after(pauseTimeoutMs, () => {
      const reason = `reading was paused for ${pauseTimeoutMs / 1000} s: whoever takes the messages does not keep up`;
      this.#fail(new StompctlError('SESSION_LOST', 'session', peer, reason));
    });
    this.#socket?.pause();
    this.#pulse();
  }

  resume(): void {
    if (this.#pauseTimer === undefined) return;
    this.#pauseTimer.cancel();
    this.#pauseTimer = undefined;
    this.#pulseTimer?.cancel();
    const late = this.#late;
    this.#late = [];
    for (const chunk of late) if (this.#socket !== undefined) this.#arrived(this.#socket, chunk);
    if (!this.#paused) this.#socket?.resume();
  }

  /** The session is over. */
  stop(): void {
    this.#over = true;
    this.#pauseTimer?.cancel();
    this.#pulseTimer?.cancel();
    this.#late = [];
  }

  get #paused(): boolean {
    return this.#pauseTimer !== undefined;
  }

  /** Answers whether reading goes on. */
  #arrived(socket: Socket, chunk: Buffer): boolean {
    this.#socket = socket;
    if (this.#over) return true;
    if (this.#paused) {
      this.#late.push(chunk);
      return false;
    }
    try {
      if (!this.#begun) this.#checkFirst(chunk);
      this.#begun = true;
      let swallowed = false;
      this.#splitter.feed(chunk, (frame) => {
        this.#look(frame);
        if (this.#deliveries.take(frame)) swallowed = true;
        else socket.push(frame.bytes);
      });
      if (swallowed) this.#showLife(socket);
    } catch (error) {
      const known = error instanceof StompctlError;
      this.#fail(known ? error : new StompctlError('INTERNAL', 'session', this.#options.peer, reasonOf(error), error));
    }
    return !this.#paused;
  }

  /** The library counts what it reads as signs of life, and deliveries it does not see. */
  #showLife(socket: Socket): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#pulseMs === 0 || nowMs - this.#pulsedMs < this.#pulseMs) return;
    this.#pulsedMs = nowMs;
    socket.push(HEART_BEAT);
  }

  /** While reading is paused no sign of life of the broker is expected: TCP keep-alive and the longest pause take over. */
  #pulse(): void {
    if (this.#pulseMs === 0) return;
    if (this.#socket !== undefined) this.#showLife(this.#socket);
    this.#pulseTimer = this.#options.clock.after(this.#pulseMs, () => this.#pulse(), false);
  }

  #checkFirst(chunk: Buffer): void {
    if (chunk[0] !== FRAME_TYPES.method) throw strangerError(this.#options.peer, chunk, 'amqp091');
  }

  #look({ type, channel, payload }: RawFrame): void {
    if (channel > CHANNELS.declarations) {
      const reason = `the broker sent a frame on channel ${channel}, which is not open; is there something between that changes bytes?`;
      throw new StompctlError('FRAME_MALFORMED', 'session', this.#options.peer, reason);
    }
    if (type !== FRAME_TYPES.method || payload.length < 4) return;
    try {
      this.#method(payload.readUInt32BE(0), channel, new FieldReader(payload, 4));
    } catch (error) {
      const reason = `the broker sent a method that cannot be taken: ${reasonOf(error)}; see its log`;
      throw new StompctlError('FRAME_MALFORMED', 'session', this.#options.peer, reason, error);
    }
  }

  /** Throws RangeError where its arguments end too early, or say what cannot be. */
  #method(method: number, channel: number, reader: FieldReader): void {
    if (method === METHODS.tune) {
      reader.short();
      const offered = reader.long();
      if (offered !== 0) this.frameMax = Math.min(this.frameMax, offered);
    } else if (method === METHODS.connectionClose || method === METHODS.channelClose) {
      const code = reader.short();
      const said = reader.shortText();
      const text = peerText(said, this.#options.passcode);
      const reason = { code, text, otherArguments: saysOtherArguments(said) };
      if (channel <= CHANNELS.messages) this.closed = reason;
      else this.refused = reason;
    } else if (method === METHODS.ack || method === METHODS.nack) {
      if (channel !== CHANNELS.messages) throw new RangeError(`a confirmation on channel ${channel}`);
      this.#confirmed.take(reader.longLong(), (reader.octet() & 1) === 1, this.#options.published());
    }
  }

  #fail(error: StompctlError): void {
    if (this.#over) return;
    this.stop();
    this.#options.failed(error);
  }
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}
