import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostPort } from '../base/host-port.js';
import type { Header } from '../message/message.js';
import type { Frame } from '../stomp/codec/frame.js';
import { type Dialect, dialectOf } from './broker-dialect.js';
import type { DestinationCounters } from './broker-queue.js';
import type { Fault } from './fault.js';
import { FaultSet } from './fault-set.js';
import { type BrokerOptions, type BrokerSettings, settingsOf } from './in-process-options.js';
import { type Listener, openListener } from './listener.js';
import { Peer } from './peer.js';
import { Session, type SessionContext } from './peer-session.js';
import { incomingOf, Store } from './store.js';

export interface QueueDepth {
  readonly ready: number;
  readonly unacknowledged: number;
  readonly consumers: number;
}

/** A frame as a client sent it. */
export interface SeenFrame {
  /** the connection it came on, counted from 1 */
  readonly connection: number;
  readonly command: string;
  readonly header: Readonly<Header>;
}

/** the longest that `stop` waits for clients, and for handshakes that are not finished */
const STOP_MS = 1000;

/**
 * A STOMP 1.2, 1.1 and 1.0 server inside this process, on loopback only. NOT FOR PRODUCTION: messages live in memory, it
 * checks little, and it misbehaves on demand. For the demonstration (`stompctl demo`), and for tests of the rest
 * against faults that real brokers show too seldom. `docs/in-process-broker.md` says what it does.
 */
export class InProcessBroker {
  readonly #settings: BrokerSettings;
  readonly #dialect: Dialect;
  readonly #store: Store;
  readonly #faults: FaultSet;
  readonly #sessions = new Set<Session>();
  /** every accepted socket, also those that have not finished a handshake of TLS or WebSocket */
  readonly #sockets = new Set<Socket>();
  readonly #shared: SessionContext;
  #seen: SeenFrame[] = [];
  #listener: Listener | undefined;
  #port: number;
  #connectionsMade = 0;

  private constructor(options: BrokerOptions) {
    this.#settings = settingsOf(options);
    this.#dialect = dialectOf(this.#settings.server);
    this.#store = new Store(this.#settings);
    this.#faults = new FaultSet(options.faults ?? []);
    this.#port = this.#settings.port;
    this.#shared = {
      settings: this.#settings,
      dialect: this.#dialect,
      store: this.#store,
      faults: this.#faults,
      seen: (connection, frame) => this.#remember(connection, frame),
      ended: (session) => this.#sessions.delete(session),
    };
  }

  /** Resolves when connections are accepted. Rejects with CONNECT_FAILED when the port cannot be had. */
  static async start(options: BrokerOptions = {}): Promise<InProcessBroker> {
    const broker = new InProcessBroker(options);
    await broker.resumeAccepting();
    return broker;
  }

  /** The port; the same after `restart`. */
  get port(): number {
    return this.#port;
  }

  /** Where clients connect to: `stomp://127.0.0.1:PORT`. */
  get uri(): string {
    const { tls, webSocket, host } = this.#settings;
    const secure = tls !== undefined;
    const scheme = webSocket ? (secure ? 'wss' : 'ws') : secure ? 'stomp+ssl' : 'stomp';
    return `${scheme}://${hostPort(host, this.#port)}`;
  }

  /** Connections now open. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Connections accepted since the start, restarts included. */
  get connectionsMade(): number {
    return this.#connectionsMade;
  }

  /** Bytes of all messages, unacknowledged ones included. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /** Every queue that was ever used, by destination. */
  queues(): Readonly<Record<string, QueueDepth>> {
    const depths = Object.create(null) as Record<string, QueueDepth>;
    for (const [name, queue] of this.#store.queues()) {
      depths[name] = { ready: queue.ready, unacknowledged: queue.unacknowledged, consumers: queue.consumers };
    }
    return depths;
  }

  /** As `queues()`, of one destination; zeros when it was never used. */
  depth(destination: string): QueueDepth {
    return this.queues()[destination] ?? { ready: 0, unacknowledged: 0, consumers: 0 };
  }

  /** Takes every waiting message out of a queue, first in first. */
  drain(destination: string): { readonly header: Readonly<Header>; readonly body: Buffer }[] {
    const messages = this.#store.queues().get(destination)?.takeAll() ?? [];
    return messages.map(({ header, body }) => ({ header, body }));
  }

  /** Stores a message as if a client had sent it. Throws a Refusal when the store is full. */
  publish(destination: string, header: Readonly<Header> = {}, body: Buffer | string = ''): void {
    this.#store.publish(incomingOf(destination, header, body));
  }

  /** What has happened at a destination since the broker was made. */
  received(destination: string): DestinationCounters {
    return this.#store.counters(destination);
  }

  /** The last frames of clients, oldest first; all commands, or one. Empty without `rememberFrames`. */
  seen(command?: string): readonly SeenFrame[] {
    const kept = this.#seen.slice(-Math.max(1, this.#settings.rememberFrames));
    return command === undefined ? kept : kept.filter((frame) => frame.command === command);
  }

  addFault(fault: Fault): void {
    this.#faults.add(fault);
  }

  removeFault(fault: Fault): void {
    this.#faults.remove(fault);
  }

  /** Closes every connection at once, without a word; new ones are accepted. */
  killConnections(): void {
    this.#holdDeliveries();
    for (const session of this.#sessions) session.peer.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on connections are refused; those that are open stay. Resolves when the port is closed. */
  async pauseAccepting(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  /** Accepts connections again, on the same port. */
  async resumeAccepting(): Promise<void> {
    if (this.#listener !== undefined) return;
    this.#listener = await openListener(this.#settings, this.#port, {
      socket: (socket) => this.#track(socket),
      stream: (stream) => this.#accept(stream),
    });
    this.#port = this.#listener.port;
  }

  /** Refuses connections, writes what is pending, closes. Resolves when the last connection is closed: 1 s at most. */
  async stop(): Promise<void> {
    await this.pauseAccepting();
    this.#holdDeliveries();
    for (const session of this.#sessions) session.peer.close();
    const late = setTimeout(() => this.killConnections(), STOP_MS);
    await this.#socketsClosed();
    clearTimeout(late);
  }

  /** As `kill -9`: every connection and the port are closed at once. Messages stay, as on a disk. */
  async kill(): Promise<void> {
    await this.pauseAccepting();
    this.killConnections();
    await this.#socketsClosed();
  }

  /** Kills it if need be and starts it again on the same port. Messages without `persistent:true` are lost. */
  async restart(): Promise<void> {
    await this.kill();
    this.#store.forgetTransient();
    await this.resumeAccepting();
  }

  #accept(stream: Duplex): void {
    this.#connectionsMade += 1;
    const limits = { bodyBytes: this.#settings.maxFrameSize, headerBytes: this.#settings.maxHeaderSize };
    const peer = new Peer(this.#connectionsMade, stream, limits, this.#faults);
    const session = new Session(peer, this.#sessionId(), this.#shared);
    this.#sessions.add(session);
    peer.start(session);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** What one dying session gives back must not go to the next one to die. */
  #holdDeliveries(): void {
    for (const session of this.#sessions) session.holdDeliveries();
  }

  #sessionId(): string {
    const number = String(this.#connectionsMade);
    if (this.#dialect.name === 'RabbitMQ') return `session-${number.padStart(22, 'A')}`;
    if (this.#dialect.name === 'ActiveMQ') return `ID:localhost-1:${number}`;
    return `session-${number}`;
  }

  #remember(connection: number, frame: Frame): void {
    const keep = this.#settings.rememberFrames;
    if (keep === 0) return;
    if (this.#seen.length >= 2 * keep) this.#seen = this.#seen.slice(-keep);
    this.#seen.push({ connection, command: frame.command, header: frame.header });
  }

  async #socketsClosed(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }
}
