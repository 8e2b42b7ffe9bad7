import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { type Options, ReloadScene } from './reload-scene.js';
import { consume, produce } from './sample-messages.js';
import { ascending, DESTINATION, numbered } from './scene.js';
import { startedBroker } from './started-broker.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };

/** A folder, two brokers, and a transfer in this process from the queue `in` to outputs: the brokers `a` and `b`, queues by name. */
export class OutputsScene {
  readonly folder: string;
  readonly a: InProcessBroker;
  readonly b: InProcessBroker;
  readonly #test: Cleaning;

  private constructor(test: Cleaning, folder: string, a: InProcessBroker, b: InProcessBroker) {
    this.#test = test;
    this.folder = folder;
    this.a = a;
    this.b = b;
  }

  static async set(test: Cleaning): Promise<OutputsScene> {
    const folder = await tempFolder(test);
    mkdirSync(join(folder, 'in'));
    return new OutputsScene(test, folder, await startedBroker(test), await startedBroker(test));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** `outputs`: `a`, `b`, or what a queue is called; in their order. */
  options(deliver: string, outputs: readonly string[], more: Options = {}): Options {
    const each = outputs.map((name) => {
      if (name !== 'a' && name !== 'b') return { queue: { [name]: { path: this.path(name) } } };
      return { broker: { [name]: { uri: this[name].uri } } };
    });
    const from = { 'incoming-queue': { path: this.path('in') }, loop: true, remove: true };
    return { ...from, outgoing: each, deliver, 'failure-queue': { path: this.path('failed') }, ...QUICK, ...more };
  }

  run(deliver: string, outputs: readonly string[], more: Options = {}): Promise<ReloadScene> {
    return ReloadScene.run(this.#test, this.options(deliver, outputs, more), this.folder);
  }

  /** Puts `count` numbers from `first` on into the queue `in`. */
  fill(count: number, first = 0, header: Readonly<Record<string, string>> = {}): void {
    produce(this.path('in'), numbered(count, { destination: DESTINATION, ...header }, first));
  }

  /** Takes the numbers out of a queue, or a broker; sorted, repetitions included. */
  taken(name: string): number[] {
    const messages = name === 'a' || name === 'b' ? this[name].drain(DESTINATION) : [...consume(this.path(name))];
    return messages.map(({ header }) => Number(header['x-number'])).sort(ascending);
  }

  /** How many are waiting there. */
  waiting(broker: InProcessBroker): number {
    return broker.depth(DESTINATION).ready;
  }
}
