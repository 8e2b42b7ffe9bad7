import type { Clock, Timer } from '../base/clock.js';
import type { Transport } from './transport/transport.js';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
type State = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

export interface StompjsSocketOptions {
  readonly clock: Clock;
  /** how long the peer may take to close after us, before the connection is destroyed */
  readonly closeTimeoutMs: number;
  /** takes what stompjs sends: CONNECT and DISCONNECT */
  readonly send: (bytes: Buffer) => void;
}

/**
 * The WebSocket that stompjs believes to speak through; underneath lies an open transport. It is open from the start, so that
 * stompjs sends CONNECT at once. `onclose` is called exactly once, whatever happens.
 */
export class StompjsSocket {
  readonly url: string;
  binaryType: 'arraybuffer' | 'blob' = 'arraybuffer';
  onopen: ((event?: unknown) => unknown) | undefined | null;
  onmessage: ((event: { data: ArrayBuffer | string }) => unknown) | undefined | null;
  onerror: ((event: unknown) => unknown) | undefined | null;
  onclose: ((event: unknown) => unknown) | undefined | null;
  readonly #transport: Transport;
  readonly #options: StompjsSocketOptions;
  #state: State = OPEN;
  #timer: Timer | undefined;

  constructor(transport: Transport, options: StompjsSocketOptions) {
    this.#transport = transport;
    this.#options = options;
    this.url = transport.peer;
  }

  get readyState(): State {
    return this.#state;
  }

  send(data: string | ArrayBuffer): void {
    if (this.#state === OPEN) this.#options.send(typeof data === 'string' ? Buffer.from(data) : Buffer.from(data));
  }

  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    this.#timer = this.#options.clock.after(this.#options.closeTimeoutMs, () => this.#transport.destroy());
    this.#transport.end();
  }

  terminate(): void {
    if (this.#state === CLOSED) return;
    this.#transport.destroy();
    this.closed();
  }

  /** Hands one frame to stompjs, as a message of the WebSocket. */
  deliver(frame: Buffer): void {
    const data = frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length) as ArrayBuffer;
    if (this.#state !== CLOSED) this.onmessage?.({ data });
  }

  /** The transport is closed. */
  closed(): void {
    if (this.#state === CLOSED) return;
    const clean = this.#state === CLOSING;
    this.#state = CLOSED;
    this.#timer?.cancel();
    this.onclose?.({ code: clean ? 1000 : 1006, reason: '', wasClean: clean });
  }
}
