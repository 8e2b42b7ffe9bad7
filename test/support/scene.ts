import { join } from 'node:path';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { consume, produce, type Sample } from './sample-messages.js';
import { startedBroker } from './started-broker.js';
import { type Ended, type ProcessOptions, StompctlProcess } from './stompctl-process.js';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

export const DESTINATION = '/queue/q';

/** Small delays, so that a test that reconnects does not wait. */
const QUICK = ['--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'];

/** A folder, a broker, and the built command between them: what nearly every end-to-end test begins with. */
export class Scene {
  readonly folder: string;
  readonly broker: InProcessBroker;
  readonly #test: Cleaning;

  private constructor(test: Cleaning, folder: string, broker: InProcessBroker) {
    this.#test = test;
    this.folder = folder;
    this.broker = broker;
  }

  /** Everything in it is gone when the test ends. */
  static async set(test: Cleaning, options: BrokerOptions = {}): Promise<Scene> {
    return new Scene(test, await tempFolder(test), await startedBroker(test, options));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Puts the messages 0 to `count` - 1 into a queue; each says its number in `x-number` and in its body. */
  fill(queue: string, count: number, header: Readonly<Record<string, string>> = { destination: DESTINATION }): void {
    produce(this.path(queue), numbered(count, header));
  }

  /** Publishes the messages 0 to `count` - 1 at the broker, persistent. */
  publish(count: number, destination = DESTINATION): void {
    for (const { header, body } of numbered(count, { persistent: 'true' })) {
      this.broker.publish(destination, header, body);
    }
  }

  /** From the queue `in` to the broker, removing what was sent. */
  sender(...args: readonly string[]): string[] {
    const ends = ['--incoming-queue', `path=${this.path('in')}`, '--outgoing-broker-uri', this.broker.uri];
    return [...ends, '--remove', ...QUICK, ...args];
  }

  /** From the broker to the queue `out`. */
  receiver(...args: readonly string[]): string[] {
    const from = ['--incoming-broker-uri', this.broker.uri, '--subscribe', `destination=${DESTINATION}`];
    return [...from, '--outgoing-queue', `path=${this.path('out')}`, ...QUICK, ...args];
  }

  /** From the queue `in` to the queue `out`, removing what was moved. */
  mover(...args: readonly string[]): string[] {
    const ends = ['--incoming-queue', `path=${this.path('in')}`, '--outgoing-queue', `path=${this.path('out')}`];
    return [...ends, '--remove', ...args];
  }

  /** Starts the built command; it is killed when the test ends. */
  start(args: readonly string[], options: ProcessOptions = {}): StompctlProcess {
    const run = new StompctlProcess(args, options);
    atEnd(this.#test, () => run.stop('SIGKILL'));
    return run;
  }

  run(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
    return this.start(args, options).ended();
  }

  /** The numbers of the messages in a queue, sorted, repetitions included. */
  stored(queue: string): number[] {
    return [...consume(this.path(queue))].map(({ header }) => Number(header['x-number'])).sort(ascending);
  }

  /** Takes what waits at the broker; its numbers, in order of arrival. */
  arrived(destination = DESTINATION): number[] {
    return this.broker.drain(destination).map(({ header }) => Number(header['x-number']));
  }
}

export function ascending(a: number, b: number): number {
  return a - b;
}

/** 0 to `count` - 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/** The messages 0 to `count` - 1, or that many from `first` on; each says its number in `x-number` and in its body. */
export function* numbered(count: number, header: Readonly<Record<string, string>>, first = 0): Generator<Sample> {
  for (const number of upTo(count).map((index) => first + index)) {
    yield {
      number,
      header: { ...header, 'x-number': String(number) },
      body: Buffer.from(`body ${number}`),
      text: false,
    };
  }
}
