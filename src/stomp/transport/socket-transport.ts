import type { Socket } from 'node:net';
import { ifTaken, WatchedTransport } from './watched-transport.js';

/** The transport over a connected socket, be it TCP or TLS. */
export class SocketTransport extends WatchedTransport {
  readonly #socket: Socket;

  constructor(
    socket: Socket,
    peer: string,
    certificateExpiry?: Date,
    explain: (error: Error) => Error = (error) => error,
  ) {
    super(socket, socket, peer, certificateExpiry, explain);
    this.#socket = socket;
    // The peer has closed its side: nothing more will come, and what is still to be written would be answered by nobody.
    socket.on('end', () => socket.destroy());
  }

  write(bytes: Buffer, written: () => void): void {
    this.#socket.write(bytes, ifTaken(written));
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  protected receive(data: (chunk: Buffer) => void): void {
    this.#socket.on('data', data);
  }
}
