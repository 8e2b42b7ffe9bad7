import { createServer, type Socket } from 'node:net';
import rhea, { type Connection, type Container, type EventContext } from 'rhea';
import { Amqp1Session } from '../../src/amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../../src/amqp1/amqp1-session-options.js';
import { systemClock } from '../../src/base/clock.js';
import type { Cleaning } from './temp-folder.js';

export interface Amqp1Script {
  /** whether a login is let in; default: everybody, and also who has none */
  readonly login?: (name: string, password: string) => boolean;
  /** for the container: credit, idle time, what it is called */
  readonly options?: Readonly<Record<string, unknown>>;
  /** why a link to or from an address is refused, `dynamic` being one that it is to make; default: none is */
  readonly refuse?: (address: string) => { readonly condition: string; readonly description: string } | undefined;
  /** what is written in place of each piece; default: it is */
  readonly written?: (bytes: Buffer) => Buffer;
  /** a listener for an event of the library; without one messages are accepted */
  readonly on?: Readonly<Record<string, (context: EventContext, peer: Amqp1Peer) => void>>;
}

/** What a server says that speaks AMQP 1.0 alone, to a client of AMQP 0-9-1. */
const AMQP1_HEADER = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');

interface Named {
  readonly address: string;
}

/** A broker that speaks AMQP 1.0, made of the library's own server side; closed when the test ends. */
export class Amqp1Peer {
  /** addresses of the links to it that are open, and the most there were */
  readonly targets = new Set<string>();
  /** all addresses that were sent to */
  readonly addressed = new Set<string>();
  mostTargets = 0;
  port = 0;
  #socket: Socket | undefined;
  readonly #container: Container;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #written: ((bytes: Buffer) => Buffer) | undefined;

  /** Listens on a free port of `host`. */
  static async start(test: Cleaning, script: Amqp1Script = {}, host = '127.0.0.1'): Promise<Amqp1Peer> {
    const peer = new Amqp1Peer(script);
    const server = createServer((socket) => peer.#accept(socket));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    test.after(async () => {
      peer.#socket?.destroy();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('Amqp1Peer: no port');
    peer.port = address.port;
    return peer;
  }

  private constructor({ login, refuse, options = {}, on = {}, written }: Amqp1Script) {
    this.#written = written;
    const container = rhea.create_container({ id: 'peer' });
    this.#container = container;
    this.#options = { receiver_options: { autoaccept: false }, sender_options: { autosettle: true }, ...options };
    if (login === undefined) container.sasl_server_mechanisms.enable_anonymous();
    container.sasl_server_mechanisms.enable_plain(login ?? (() => true));
    container.on('error', () => undefined);
    container.on('disconnected', () => undefined);
    container.on('receiver_open', ({ receiver }: EventContext) => {
      const address = receiver?.target.address ?? '';
      const error = refuse?.(address);
      // part 2, section 2.6.3: who refuses a link says so by a target that is missing, and then why
      if (error !== undefined) receiver?.close(error);
      else receiver?.set_target({ address });
      this.targets.add(address);
      this.addressed.add(address);
      this.mostTargets = Math.max(this.mostTargets, this.targets.size);
    });
    container.on('sender_open', ({ sender }: EventContext) => {
      const source = sender?.source;
      const address = source?.dynamic === true ? 'dynamic' : (source?.address ?? '');
      const error = refuse?.(address);
      if (error !== undefined) sender?.close(error);
      else sender?.set_source({ address });
    });
    // who ends a session ends its links
    container.on('session_close', ({ session }: EventContext) => {
      const { links } = session as unknown as { readonly links: Readonly<Record<string, { readonly target: Named }>> };
      for (const { target } of Object.values(links)) this.targets.delete(target.address);
    });
    if (on.message === undefined) container.on('message', ({ delivery }: EventContext) => delivery?.accept());
    for (const [event, listener] of Object.entries(on)) {
      container.on(event, (context: EventContext) => listener(context, this));
    }
  }

  /** Writes to the client, as it stands. */
  say(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  /** Breaks the connection. */
  cut(): void {
    this.#socket?.destroy();
  }

  /** From now on nothing more is written. */
  fallSilent(): void {
    if (this.#socket !== undefined) this.#socket.write = () => true;
  }

  #accept(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    const { write } = socket;
    const written = this.#written;
    if (written !== undefined) socket.write = ((bytes: Buffer) => write.call(socket, written(bytes))) as never;
    // the library ends its timers then, and does not hear of the close
    socket.on('close', () => socket.emit('end'));
    socket.once('data', (first: Buffer) => {
      if (first.subarray(4, 8).equals(Buffer.of(0, 0, 9, 1))) {
        socket.end(AMQP1_HEADER);
        return;
      }
      const connection: Connection & { accept(socket: Socket): void } = Object.assign(
        this.#container.create_connection(this.#options as never),
      );
      connection.accept(socket);
      socket.emit('data', first);
    });
  }
}

/** Options of a session with a peer on loopback, as a test wants them. */
export function amqp1Options(port: number, options: Partial<Amqp1SessionOptions> = {}): Amqp1SessionOptions {
  return {
    endpoint: { transport: 'tcp', host: '127.0.0.1', port },
    idleTimeoutMs: 0,
    connectTimeoutMs: 30_000,
    confirmTimeoutMs: 60_000,
    disconnectTimeoutMs: 10_000,
    maxMessageSize: 8_000_000,
    clock: systemClock,
    ...options,
  };
}

/** A session with a peer, ended when the test does. */
export async function amqp1Session(
  test: Cleaning,
  { port }: { readonly port: number },
  options: Partial<Amqp1SessionOptions> = {},
): Promise<Amqp1Session> {
  const session = await Amqp1Session.connect(amqp1Options(port, options));
  test.after(async () => session.abort('the test has ended'));
  return session;
}
