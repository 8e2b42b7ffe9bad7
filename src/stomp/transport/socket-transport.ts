import type { Socket } from 'node:net';
import type { Transport, TransportHandlers } from './transport.js';

/** The transport over a connected socket, be it TCP or TLS. */
export class SocketTransport implements Transport {
  readonly peer: string;
  readonly certificateExpiry: Date | undefined;
  readonly #socket: Socket;
  #handlers: TransportHandlers | undefined;
  #cause: Error | undefined;
  #closed = false;

  /** `explain` makes an error of ours of one of the socket's, where it knows more. */
  constructor(
    socket: Socket,
    peer: string,
    certificateExpiry?: Date,
    explain: (error: Error) => Error = (error) => error,
  ) {
    this.#socket = socket;
    this.peer = peer;
    this.certificateExpiry = certificateExpiry;
    socket.on('error', (error) => {
      this.#cause ??= explain(error);
    });
    // The peer has closed its side: nothing more will come, and what is still to be written would be answered by nobody.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#closed = true;
      this.#handlers?.closed(this.#cause);
    });
  }

  listen(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    if (this.#closed) {
      handlers.closed(this.#cause);
      return;
    }
    this.#socket.on('data', handlers.data);
  }

  write(bytes: Buffer, written: () => void): void {
    this.#socket.write(bytes, (error) => {
      if (error === undefined || error === null) written();
    });
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
