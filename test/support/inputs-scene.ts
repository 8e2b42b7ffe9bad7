import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from './eventually.js';
import { type Options, ReloadScene } from './reload-scene.js';
import { consume, produce } from './sample-messages.js';
import { DESTINATION, numbered } from './scene.js';
import { startedBroker } from './started-broker.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };

/** A folder, a broker, and transfers in this process from several inputs into the queue `out`. */
export class InputsScene {
  readonly folder: string;
  readonly broker: InProcessBroker;
  readonly #test: Cleaning;

  private constructor(test: Cleaning, folder: string, broker: InProcessBroker) {
    this.#test = test;
    this.folder = folder;
    this.broker = broker;
  }

  static async set(test: Cleaning): Promise<InputsScene> {
    return new InputsScene(test, await tempFolder(test), await startedBroker(test));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Makes the queue, with the numbers from `first` on in it. */
  fill(queue: string, count: number, first = 0): void {
    mkdirSync(this.path(queue), { recursive: true });
    produce(this.path(queue), numbered(count, {}, first));
  }

  /** Publishes the numbers from `first` on at the broker. */
  publish(count: number, first = 0): void {
    for (const { header, body } of numbered(count, { persistent: 'true' }, first)) {
      this.broker.publish(DESTINATION, header, body);
    }
  }

  /** A block of an input: a queue, and the broker. */
  queue(name: string): Options {
    return { queue: { [name]: { path: this.path(name) } } };
  }

  site(name = 'site', more: Options = {}): Options {
    return { broker: { [name]: { uri: this.broker.uri, subscribe: { destination: DESTINATION }, ...more } } };
  }

  options(incoming: readonly Options[], more: Options = {}): Options {
    return { incoming, 'outgoing-queue': { path: this.path('out') }, loop: true, remove: true, ...QUICK, ...more };
  }

  run(incoming: readonly Options[], more: Options = {}): Promise<ReloadScene> {
    return this.start(this.options(incoming, more));
  }

  start(options: Options): Promise<ReloadScene> {
    return ReloadScene.run(this.#test, options, this.folder);
  }

  /** The numbers that were stored, in order, repetitions included. */
  stored(): number[] {
    return [...consume(this.path('out'))].map(({ header }) => Number(header['x-number']));
  }

  async storedAre(count: number): Promise<void> {
    await eventually(() => this.stored().length >= count, { what: `${count} are stored` });
  }
}

/** What is told of the inputs of a run. */
export function inputsOfRun({ built }: ReloadScene) {
  return built.health().ends.flatMap(({ role, members = [] }) => (role === 'source' ? members : []));
}
