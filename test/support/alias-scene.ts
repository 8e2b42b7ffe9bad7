import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Resolver } from '../../src/members/resolver.js';
import type { MemberFacts } from '../../src/transfer/verdict.js';
import { eventually } from './eventually.js';
import { type Options, ReloadScene } from './reload-scene.js';
import { consume, produce } from './sample-messages.js';
import { ascending, DESTINATION, numbered } from './scene.js';
import { startedBroker } from './started-broker.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

const ALIAS = 'stomp://mq.test';
const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };

/** Says who is behind the alias, by SRV records: as the test wants it. */
export class ScriptedResolver implements Resolver {
  /** who is behind the alias now; or why nobody can tell */
  answer: readonly InProcessBroker[] | Error = [];
  lookUps = 0;

  async services(name: string): Promise<readonly { host: string; port: number }[]> {
    this.lookUps += 1;
    if (name !== '_stomp._tcp.mq.test') throw new Error(`services(${name}): not the alias`);
    if (this.answer instanceof Error) throw this.answer;
    return this.answer.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Without SRV records there is nothing. */
  async addresses(): Promise<readonly string[]> {
    return [];
  }
}

/** A folder, three brokers behind an alias, and a transfer in this process with one of them as an end. */
export class AliasScene {
  readonly folder: string;
  readonly resolver = new ScriptedResolver();
  readonly brokers: readonly InProcessBroker[];
  readonly #test: Cleaning;
  /** what was taken from brokers by `sentTo` */
  readonly #drained = new Map<InProcessBroker, number[]>();

  private constructor(test: Cleaning, folder: string, brokers: readonly InProcessBroker[]) {
    this.#test = test;
    this.folder = folder;
    this.brokers = brokers;
    this.resolver.answer = brokers;
  }

  static async set(test: Cleaning, ...options: readonly BrokerOptions[]): Promise<AliasScene> {
    const folder = await tempFolder(test);
    const brokers = [];
    for (const index of [0, 1, 2]) brokers.push(await startedBroker(test, options[index] ?? {}));
    mkdirSync(join(folder, 'in'));
    return new AliasScene(test, folder, brokers);
  }

  broker(index: number): InProcessBroker {
    const broker = this.brokers[index];
    if (broker === undefined) throw new Error(`broker(${index}): there are three`);
    return broker;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** From all members to the queue `out`. */
  get receiver(): Options {
    const members = { 'incoming-broker-members': 'all', 'resolve-interval': 0.1 };
    const from = { 'incoming-broker-uri': ALIAS, subscribe: { destination: DESTINATION }, ...members };
    return { ...from, 'outgoing-queue': { path: this.path('out') }, ...QUICK };
  }

  /** From the queue `in` to the members. */
  get sender(): Options {
    const members = { 'outgoing-broker-members': 'all', 'resolve-interval': 0.1 };
    const from = { 'incoming-queue': { path: this.path('in') }, loop: true, remove: true };
    return { ...from, 'outgoing-broker-uri': ALIAS, ...members, ...QUICK };
  }

  run(options: Options): Promise<ReloadScene> {
    return ReloadScene.run(this.#test, options, this.folder, this.resolver);
  }

  /** Puts `count` numbers from `first` on into the queue `in`. */
  fill(count: number, first = 0): void {
    produce(this.path('in'), numbered(count, { destination: DESTINATION }, first));
  }

  /** Publishes `count` numbers from `first` on at a broker. */
  publish(broker: InProcessBroker, count: number, first = 0): void {
    for (const { header, body } of numbered(count, { persistent: 'true' }, first)) {
      broker.publish(DESTINATION, header, body);
    }
  }

  /** The numbers that a broker was sent so far, in order of arrival. */
  sentTo(broker: InProcessBroker): readonly number[] {
    const before = this.#drained.get(broker) ?? [];
    const all = [...before, ...broker.drain(DESTINATION).map(({ header }) => Number(header['x-number']))];
    this.#drained.set(broker, all);
    return all;
  }

  /** The numbers that all brokers together were sent so far, sorted, repetitions included. */
  sent(): number[] {
    return this.brokers.flatMap((broker) => this.sentTo(broker)).sort(ascending);
  }

  /** The numbers in the queue `out`, sorted, repetitions included. */
  stored(): number[] {
    return [...consume(this.path('out'))].map(({ header }) => Number(header['x-number'])).sort(ascending);
  }
}

/** The members of the alias as the run has them. */
export function membersOf(scene: ReloadScene): readonly MemberFacts[] {
  return scene.built.health().ends.flatMap(({ members = [] }) => members);
}

/** Resolves when so many members are open, and nobody else is one. */
export async function membersUp(scene: ReloadScene, count: number): Promise<void> {
  await eventually(
    () => {
      const members = membersOf(scene);
      return members.length === count && members.every(({ phase }) => phase === 'open');
    },
    { what: `${count} members are up` },
  );
}
