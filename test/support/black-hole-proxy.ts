import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Cleaning } from './temp-folder.js';

/** A TCP proxy that can stop passing bytes on, in both directions, with every connection left open: a half-open network. */
export class BlackHoleProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #swallowing = false;
  #swallowed = 0;

  static async start(test: Cleaning, targetPort: number): Promise<BlackHoleProxy> {
    const proxy = new BlackHoleProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    test.after(async () => proxy.#close());
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1');
      this.#relay(near, far);
      this.#relay(far, near);
    });
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** bytes that were swallowed */
  get swallowed(): number {
    return this.#swallowed;
  }

  /** From now on bytes vanish: open connections stay open, new ones are accepted and get no answer. */
  swallow(): void {
    this.#swallowing = true;
  }

  #relay(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!this.#swallowing) to.destroy();
    });
    from.on('data', (bytes) => {
      if (this.#swallowing) this.#swallowed += bytes.length;
      else to.write(bytes);
    });
  }

  #close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
