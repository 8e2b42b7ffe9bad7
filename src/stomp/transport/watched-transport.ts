import type { Socket } from 'node:net';
import type { Transport, TransportHandlers } from './transport.js';

/** What announces that a stream broke, and that it is closed: a socket, or a WebSocket over one. */
interface Watched {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  pause(): void;
  resume(): void;
}

/** What all transports have in common: the first error is the cause of the end, which is told once, also to who comes late. */
export abstract class WatchedTransport implements Transport {
  readonly peer: string;
  readonly certificateExpiry: Date | undefined;
  readonly #socket: Socket;
  readonly #stream: Watched;
  #handlers: TransportHandlers | undefined;
  #cause: Error | undefined;
  #closed = false;

  /** `stream`: what runs over `socket`, or itself. `explain` makes an error of ours of one of the stream's, where it knows more. */
  constructor(
    socket: Socket,
    stream: Watched,
    peer: string,
    certificateExpiry: Date | undefined,
    explain: (error: Error) => Error,
  ) {
    this.#socket = socket;
    this.#stream = stream;
    this.peer = peer;
    this.certificateExpiry = certificateExpiry;
    stream.on('error', (error) => {
      this.#cause ??= explain(error);
    });
    stream.on('close', () => {
      this.#closed = true;
      this.#handlers?.closed(this.#cause);
    });
  }

  listen(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    if (this.#closed) handlers.closed(this.#cause);
    else this.receive(handlers.data);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  abstract write(bytes: Buffer, written: () => void): void;
  abstract end(): void;
  abstract destroy(): void;
  /** Begins to read. */
  protected abstract receive(data: (chunk: Buffer) => void): void;
}

/** For the callback of a write: `written` is for bytes that the system has taken. */
export function ifTaken(written: () => void): (error?: Error | null) => void {
  return (error) => {
    if (error === undefined || error === null) written();
  };
}
