import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { RealBroker } from './real-broker.js';
import { consume, elementPaths, produce, type StoredMessage } from './sample-messages.js';
import { ascending, numbered } from './scene.js';
import { StompctlProcess } from './stompctl-process.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

/** Small delays, so that a test that reconnects waits for its broker only. */
const QUICK = ['--reconnect-delay', '0.05', '--reconnect-max-delay', '0.5'];

/** A folder with queues, and the built command between them and real brokers. */
export class RealScene {
  readonly folder: string;
  readonly destination = `/queue/${process.pid}-${Date.now()}`;
  readonly #test: Cleaning;
  readonly #auth: string;
  #produced = 0;

  private constructor(test: Cleaning, folder: string, { user, pass }: RealBroker) {
    this.#test = test;
    this.folder = folder;
    this.#auth = `plain name=${encodeURIComponent(user)} pass=${encodeURIComponent(pass)}`;
  }

  /** Logs in as `broker` wants it. Everything in it is gone when the test ends. */
  static async set(test: Cleaning, broker: RealBroker): Promise<RealScene> {
    return new RealScene(test, await tempFolder(test), broker);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** How many messages `produce` has made. */
  get produced(): number {
    return this.#produced;
  }

  /** Puts the next `count` numbers into the queue `in`; each message says its number in `x-number`, and in its body unless given. */
  produce(count: number, header: Readonly<Record<string, string>> = {}, body?: Buffer): void {
    const destination = { destination: this.destination };
    const samples = [...numbered(count, { ...destination, ...header }, this.#produced)];
    produce(this.path('in'), body === undefined ? samples : samples.map((sample) => ({ ...sample, body })));
    this.#produced += count;
  }

  /** Puts messages into the queue `in` until the timer is cleared; no more than `most` wait there, however long a broker takes to start. */
  keepBusy(test: Cleaning, most = 1000): NodeJS.Timeout {
    const load = setInterval(() => {
      if (this.elements('in') < most) this.produce(4);
    }, 20);
    test.after(async () => clearInterval(load));
    return load;
  }

  /** Elements of a queue that are there now. */
  elements(queue: string): number {
    return elementPaths(this.path(queue)).length;
  }

  /** From the queue `in` to a broker, removing what was sent, without end. */
  startSender(uri: string, ...args: readonly string[]): StompctlProcess {
    const ends = ['--incoming-queue', `path=${this.path('in')}`, '--outgoing-broker-uri', uri];
    return this.start([...ends, '--outgoing-broker-auth', this.#auth, '--loop', '--remove', ...args]);
  }

  /** From `destination` at a broker to the queue `out`, without end; other subscriptions replace that one. */
  startReceiver(uri: string, ...args: readonly string[]): StompctlProcess {
    const subscribe = args.includes('--subscribe') ? [] : ['--subscribe', `destination=${this.destination}`];
    const ends = ['--incoming-broker-uri', uri, ...subscribe, '--outgoing-queue', `path=${this.path('out')}`];
    return this.start([...ends, '--incoming-broker-auth', this.#auth, ...args]);
  }

  /** Starts the built command; it is killed when the test ends. */
  start(args: readonly string[]): StompctlProcess {
    const run = new StompctlProcess([...args, ...QUICK]);
    this.#test.after(async () => {
      if (run.running) await run.stop('SIGKILL');
    });
    return run;
  }

  /** The messages in a queue. */
  messages(queue: string): StoredMessage[] {
    return [...consume(this.path(queue))];
  }

  /** The different numbers of the messages in a queue, sorted. */
  numbers(queue: string): number[] {
    return [...new Set(this.messages(queue).map(({ header }) => Number(header['x-number'])))].sort(ascending);
  }
}

/** Asks it to stop, and checks that it does so without complaint. */
export async function stopsWell(run: StompctlProcess): Promise<void> {
  const ended = await run.stop();
  assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr.slice(-2000));
}
