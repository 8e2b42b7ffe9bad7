import { readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';

/** Elements that wait before no more are added, so that the consumer of the queue always has work and never a backlog. */
const WAITING = 1000;
/** Messages that are on their way at most: what fills must not run away from what empties. */
const UNDERWAY = 5000;
const EVERY_MS = 10;
const PURGE_EVERY_MS = 5000;
const BODY = 'x'.repeat(1000);

/** Keeps one queue filled with numbered messages and empties others, without end, and keeps account of the numbers. */
export class SoakQueues {
  readonly #in: SimpleQueue;
  readonly #out: readonly SimpleQueue[];
  readonly #header: Readonly<Record<string, string>>;
  /** how often each number came out */
  readonly #times: number[] = [];
  #arrived = 0;
  #different = 0;
  #filling = true;
  #emptying = true;
  #running: Promise<unknown> | undefined;

  /** `header` is that of every message, besides its `x-number`. */
  constructor(filled: string, emptied: readonly string[], header: Readonly<Record<string, string>>) {
    this.#in = new SimpleQueue({ path: filled });
    this.#out = emptied.map((path) => new SimpleQueue({ path }));
    this.#header = header;
  }

  start(): void {
    this.#running = Promise.all([this.#fill(), this.#empty()]);
  }

  /** how many went in */
  get produced(): number {
    return this.#times.length;
  }

  /** how many different ones came out */
  get different(): number {
    return this.#different;
  }

  get duplicates(): number {
    return this.#arrived - this.#different;
  }

  /** Elements that wait in the filled queue. */
  waiting(): Promise<number> {
    return this.#in.count();
  }

  stopFilling(): void {
    this.#filling = false;
  }

  /** Ends both. Rejects when one of them failed. */
  async stop(): Promise<void> {
    this.#filling = false;
    this.#emptying = false;
    await this.#running;
  }

  async #fill(): Promise<void> {
    while (this.#filling) {
      const room = UNDERWAY - (this.produced - this.#different);
      const missing = Math.min(room, WAITING - (await this.#in.count()));
      for (let index = 0; index < missing; index += 1) {
        const header = { ...this.#header, 'x-number': String(this.#times.length) };
        this.#times.push(0);
        await this.#in.add(JSON.stringify({ header, text: true, body: BODY }));
      }
      await pause();
    }
  }

  async #empty(): Promise<void> {
    let purgeAt = performance.now() + PURGE_EVERY_MS;
    while (this.#emptying) {
      for (const { path } of this.#out) for (const element of elements(path)) this.#take(element);
      if (performance.now() > purgeAt) {
        purgeAt = performance.now() + PURGE_EVERY_MS;
        for (const queue of this.#out) await queue.purge();
      }
      await pause();
    }
  }

  #take(element: string): void {
    const number = Number(/"x-number":"(\d+)"/.exec(readFileSync(element, 'utf8'))?.[1]);
    const times = this.#times[number];
    if (times === undefined) throw new Error(`${element}: was never produced`);
    if (times === 0) this.#different += 1;
    this.#times[number] = times + 1;
    this.#arrived += 1;
    unlinkSync(element);
  }
}

function elements(queue: string): string[] {
  const paths: string[] = [];
  for (const folder of readdirSync(queue).filter((name) => /^[0-9a-f]{8}$/.test(name))) {
    for (const name of readdirSync(join(queue, folder))) {
      if (/^[0-9a-f]{14}$/.test(name)) paths.push(join(queue, folder, name));
    }
  }
  return paths;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
