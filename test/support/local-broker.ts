import { reasonOf } from '../../src/base/errors.js';
import { type BrokerFolder, BrokerProcess, type Command } from './broker-process.js';
import { RawStomp } from './raw-stomp.js';
import type { BrokerKind, QueueDepth, RealBroker } from './real-broker.js';

/** The user of every broker that the tests start; the same as in docker-compose.yml. */
export const TEST_USER = 'stompctl';
export const TEST_PASS = 'stompctl';

/** Generous, for a loaded machine: both brokers start in two to five seconds on an idle one. */
const START_DEADLINE_MS = 120_000;
const LOOK_EVERY_MS = 50;

export interface LocalBrokerParts {
  readonly kind: BrokerKind;
  readonly folder: BrokerFolder;
  readonly port: number;
  readonly webUri?: string;
  readonly tlsUri?: string;
  readonly webTlsUri?: string;
  readonly amqpUri?: string;
  readonly amqpTlsUri?: string;
  readonly server: Command;
  /** a process that the server needs beside it, started already; lives until `stop` */
  readonly helper?: BrokerProcess;
  /** asks the broker's own tools */
  depth(name: string): Promise<QueueDepth>;
  /** the same, to write down which queues there are; without it they are as soon as they are made */
  keep?(): Promise<void>;
  /** the same, for what a test asks of them */
  tool?(args: readonly string[]): Promise<string>;
}

/** A broker that we started: its server process can be killed and started again on the same folder and port. */
export class LocalBroker implements RealBroker {
  readonly #parts: LocalBrokerParts;
  readonly host = '127.0.0.1';
  readonly user = TEST_USER;
  readonly pass = TEST_PASS;
  readonly vhost = '/';
  #server: BrokerProcess | undefined;

  private constructor(parts: LocalBrokerParts) {
    this.#parts = parts;
  }

  /** Resolves when a login succeeds. When the broker does not get there, cleans up and rejects with its log's tail. */
  static async launch(parts: LocalBrokerParts): Promise<LocalBroker> {
    const broker = new LocalBroker(parts);
    try {
      await broker.start();
      return broker;
    } catch (error) {
      await broker.stop();
      throw error;
    }
  }

  get kind(): BrokerKind {
    return this.#parts.kind;
  }

  get port(): number {
    return this.#parts.port;
  }

  get uri(): string {
    return `stomp://${this.host}:${this.port}`;
  }

  get webUri(): string | undefined {
    return this.#parts.webUri;
  }

  get tlsUri(): string | undefined {
    return this.#parts.tlsUri;
  }

  get webTlsUri(): string | undefined {
    return this.#parts.webTlsUri;
  }

  get amqpUri(): string | undefined {
    return this.#parts.amqpUri;
  }

  get amqpTlsUri(): string | undefined {
    return this.#parts.amqpTlsUri;
  }

  async start(): Promise<void> {
    if (this.#server?.running) throw new Error(`start(${this.kind}): it runs already`);
    const server = await BrokerProcess.start(this.#parts.folder, this.#parts.server);
    this.#server = server;
    const end = performance.now() + START_DEADLINE_MS;
    let reason = 'no attempt yet';
    while (performance.now() < end) {
      if (!server.running) throw await this.#failure('its process ended');
      try {
        await this.#logIn(end - performance.now());
        return;
      } catch (error) {
        reason = reasonOf(error);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw await this.#failure(`no login within ${START_DEADLINE_MS} ms: ${reason}`);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.#server?.kill(signal);
  }

  async stop(): Promise<void> {
    await this.#server?.kill();
    await this.#parts.helper?.kill();
    await this.#parts.folder.remove();
  }

  logTail(lines?: number): Promise<string> {
    return this.#parts.folder.logTail(lines);
  }

  queueDepth(name: string): Promise<QueueDepth> {
    return this.#parts.depth(name);
  }

  async keepQueues(): Promise<void> {
    await this.#parts.keep?.();
  }

  async tool(...args: readonly string[]): Promise<string> {
    const { tool, kind } = this.#parts;
    if (tool === undefined) throw new Error(`tool(${kind}): not known here`);
    return await tool(args);
  }

  async #logIn(deadlineMs: number): Promise<void> {
    const client = await RawStomp.open(this);
    try {
      client.frame('CONNECT', { 'accept-version': '1.2', host: this.vhost, login: this.user, passcode: this.pass });
      const answer = await client.next(deadlineMs);
      if (answer.command !== 'CONNECTED') throw new Error(`${answer.command}: ${answer.body.toString()}`);
    } finally {
      client.destroy();
    }
  }

  async #failure(reason: string): Promise<Error> {
    const tail = await this.logTail().catch(reasonOf);
    return new Error(`start(${this.kind}): ${reason}. The end of its log:\n${tail}`);
  }
}
