import { connect, type Socket } from 'node:net';
import rhea, { type Connection, type EventContext, type Message, type Receiver } from 'rhea';
import { ANSWER_MS, type BrokerClient, type Taken } from './broker-client.js';
import type { BrokerHost } from './broker-host.js';
import type { Parcel } from './corpus.js';

/** of a body that is one section `data`: AMQP 1.0, part 3, section 3.2.6 */
const DATA = 0x75;

/** A session over AMQP 1.0, by the library that the program uses, without what the program has between it and the broker. */
export class Amqp1Client implements BrokerClient {
  readonly #connection: Connection;
  readonly #socket: () => Socket | undefined;
  readonly #taken: Taken[] = [];
  #receiving: Receiver | undefined;
  #closed = false;
  #why: unknown;
  /** called at whatever happens */
  #wake: () => void = () => undefined;

  static async open({ host, user, pass, agents }: BrokerHost): Promise<Amqp1Client> {
    const client = new Amqp1Client({ host, port: agents.port, username: user, password: pass });
    await client.#answer('connection_open', () => client.#connection.connect());
    return client;
  }

  private constructor(at: { host: string; port: number; username: string; password: string }) {
    let socket: Socket | undefined;
    const open = (port: number, host: string, _options: unknown, connected: () => void): Socket => {
      socket = connect({ port, host, noDelay: true });
      socket.once('connect', connected);
      // a connection that a cell forgot must not keep the harness alive; every wait below has a timer
      return socket.unref();
    };
    this.#connection = rhea.create_container().create_connection({
      ...{ ...at, reconnect: false },
      connection_details: () => ({ host: at.host, port: at.port, connect: open }) as never,
    });
    this.#socket = () => socket;
    for (const event of ['disconnected', 'protocol_error', 'error', 'connection_close', 'connection_error']) {
      this.#connection.on(event, (told: unknown) => this.#end(told));
    }
    // of a link or session that the broker refuses or ends
    for (const event of ['receiver_error', 'sender_error', 'session_error']) {
      this.#connection.on(event, (told: unknown) => this.#end(told));
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  async send(destination: string, all: readonly Parcel[]): Promise<void> {
    const sender = this.#connection.open_sender({ target: at(destination) });
    let [confirmed, refused] = [0, 0];
    const count = (event: string, one: () => void) =>
      sender.on(event, () => {
        one();
        this.#wake();
      });
    count('accepted', () => (confirmed += 1));
    for (const event of ['released', 'rejected', 'modified']) count(event, () => (refused += 1));
    for (const parcel of all) sender.send(messageOf(parcel));
    await this.#until(() => confirmed + refused === all.length, 'every message has an outcome');
    if (refused > 0) throw new Error(`send(${destination}): ${refused} of ${all.length} were refused`);
    sender.close();
  }

  async subscribe(destination: string): Promise<void> {
    const session = this.#connection.create_session();
    session.begin();
    const receiver = session.open_receiver({ source: at(destination), autoaccept: true });
    this.#receiving = receiver;
    receiver.on('message', ({ message, delivery }: EventContext) => {
      this.#taken.push(takenOf(message, delivery?.id));
      this.#wake();
    });
    await this.#answer('receiver_open', () => undefined);
  }

  /** RabbitMQ 3 has cancelled its consumer when it answers a DETACH; an answer to END may be lost, for the process that is to write it is stopped. */
  async unsubscribe(): Promise<void> {
    await this.#answer('receiver_close', () => this.#receiving?.detach());
    this.#receiving?.session.close();
  }

  async take(quietMs: number): Promise<Taken | undefined> {
    if (this.#taken.length === 0) await this.#until(() => this.#taken.length > 0, '', quietMs).catch(() => undefined);
    return this.#taken.shift();
  }

  destroy(): void {
    this.#end('it was destroyed');
    this.#socket()?.destroy();
  }

  #end(why: unknown): void {
    this.#why ??= why;
    this.#closed = true;
    this.#wake();
  }

  async #answer(event: string, ask: () => unknown): Promise<void> {
    let told = false;
    this.#connection.once(event, () => {
      told = true;
      this.#wake();
    });
    ask();
    await this.#until(() => told, event);
  }

  /** Rejects when the connection ends first, or after a while. */
  async #until(met: () => boolean, what: string, withinMs = ANSWER_MS): Promise<void> {
    const end = performance.now() + withinMs;
    while (!met()) {
      const leftMs = end - performance.now();
      if (this.#closed || leftMs <= 0) throw new Error(`Amqp1Client(${what}): ${reasonOf(this.#why)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** RabbitMQ makes a queue that is missing as the link is: one that is not durable would go with the broker. */
function at(address: string) {
  return { address, durable: 2 } as const;
}

function messageOf({ id, note, text, body }: Parcel): Message {
  return {
    durable: true,
    ...(text && { content_type: 'text/plain' }),
    application_properties: { 'x-id': id, 'x-note': note },
    body: rhea.message.data_section(body),
  };
}

function takenOf(message: Message | undefined, delivery: number | undefined): Taken {
  const { application_properties: own = {}, body } = message ?? {};
  const where = `delivery ${delivery}`;
  const bytes = body?.typecode === DATA && Buffer.isBuffer(body.content) ? body.content : undefined;
  // another kind of body is none of ours: its id makes it one that was never put in
  if (bytes === undefined)
    return { id: `a body of another kind: ${own['x-id']}`, note: '', body: Buffer.alloc(0), where };
  return { id: String(own['x-id'] ?? ''), note: String(own['x-note'] ?? ''), body: bytes, where };
}

function reasonOf(why: unknown): string {
  if (why === undefined) return 'it did not come in time';
  const { error } = why as { readonly error?: unknown };
  return String(error ?? 'the connection has ended');
}
