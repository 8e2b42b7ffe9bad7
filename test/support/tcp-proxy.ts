import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Cleaning } from './temp-folder.js';

/** What goes through the proxy: bytes of the client, of the server, or both. */
export type Direction = 'up' | 'down' | 'both';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A TCP proxy on loopback that misbehaves as networks do: it swallows, delays, cuts. Knows nothing of what it carries, so
 * that it serves TLS and WebSocket too, and any broker.
 */
export class TcpProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #sockets = new Set<Socket>();
  #blackHole: Direction | undefined;
  #delayMs = 0;
  #bytesLeft = Number.POSITIVE_INFINITY;
  #refusing = false;
  #accepted = 0;
  #bytesUp = 0;
  #bytesDown = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    // A side that ends only its writing keeps reading: the half-open connection is passed on as it is.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Starts in front of `port`; stopped when the test ends. */
  static async start(test: Cleaning, target: { readonly port: number; readonly host?: string }): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host: target.host ?? '127.0.0.1', port: target.port });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => resolve());
    });
    test.after(() => proxy.stop());
    return proxy;
  }

  /** The port to connect to. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('TcpProxy.port: not listening');
    return address.port;
  }

  /** Connections that go through now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  get bytesUp(): number {
    return this.#bytesUp;
  }

  get bytesDown(): number {
    return this.#bytesDown;
  }

  /**
   * From now on bytes in that direction vanish, and so do ends and resets, on old and new connections: each side sees a
   * peer that is up and silent, as behind a router that has lost its table. What vanished does not come back with `heal`.
   */
  blackHole(direction: Direction = 'both'): void {
    this.#blackHole = direction;
  }

  /** Each piece of data arrives that much later, in order. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** New connections are closed as soon as they are accepted. */
  refuse(): void {
    this.#refusing = true;
  }

  /** After so many bytes more, both directions counted, every connection is closed, in the middle of whatever is going on; once. */
  cutAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  /** Resets every connection, on both sides, now. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#links.clear();
  }

  /** Undoes `blackHole`, `delay`, `refuse` and `cutAfter`, for what comes from now on. */
  heal(): void {
    this.#blackHole = undefined;
    this.#delayMs = 0;
    this.#bytesLeft = Number.POSITIVE_INFINITY;
    this.#refusing = false;
  }

  /** Cuts everything and frees the port. Safe twice. */
  async stop(): Promise<void> {
    this.cut();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    this.#track(client);
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    this.#track(server);
    const link = { client, server };
    this.#links.add(link);
    this.#pipe(link, client, server, 'up');
    this.#pipe(link, server, client, 'down');
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #pipe(link: Link, from: Socket, to: Socket, direction: 'up' | 'down'): void {
    const line = new DelayLine();
    from.on('data', (chunk: Buffer) => {
      if (this.#vanishes(direction)) return;
      line.after(this.#delayMs, () => this.#forward(link, from, to, chunk, direction));
    });
    from.on('end', () => {
      if (!this.#vanishes(direction)) line.after(this.#delayMs, () => to.end());
    });
    from.on('close', () => {
      // A peer that has gone is not noticed through a black hole; the link stays until `cut` or `stop`.
      if (this.#vanishes(direction)) return;
      line.after(this.#delayMs, () => {
        to.destroy();
        this.#links.delete(link);
      });
    });
    to.on('drain', () => from.resume());
  }

  #forward(link: Link, from: Socket, to: Socket, chunk: Buffer, direction: 'up' | 'down'): void {
    if (!this.#links.has(link)) return;
    if (to.destroyed) {
      // What a host that no longer knows a connection answers.
      from.resetAndDestroy();
      return;
    }
    const bytes = chunk.subarray(0, Math.min(chunk.length, this.#bytesLeft));
    this.#bytesLeft -= bytes.length;
    if (direction === 'up') this.#bytesUp += bytes.length;
    else this.#bytesDown += bytes.length;
    if (!to.write(bytes)) from.pause();
    if (this.#bytesLeft > 0) return;
    this.#bytesLeft = Number.POSITIVE_INFINITY;
    // What was passed on must arrive, so the connections are ended, not reset.
    for (const { client, server } of this.#links) {
      client.destroySoon();
      server.destroySoon();
    }
    this.#links.clear();
  }

  #vanishes(direction: 'up' | 'down'): boolean {
    return this.#blackHole === 'both' || this.#blackHole === direction;
  }
}

/** Things to do after a while, always in the order in which they were asked for, also when the while changes. */
class DelayLine {
  #waiting: { readonly due: number; readonly run: () => void }[] = [];

  after(ms: number, run: () => void): void {
    if (ms === 0 && this.#waiting.length === 0) {
      run();
      return;
    }
    this.#waiting.push({ due: performance.now() + ms, run });
    if (this.#waiting.length === 1) this.#wait();
  }

  #wait(): void {
    const next = this.#waiting[0];
    if (next === undefined) return;
    setTimeout(
      () => {
        this.#waiting.shift();
        next.run();
        this.#wait();
      },
      Math.max(0, next.due - performance.now()),
    );
  }
}
