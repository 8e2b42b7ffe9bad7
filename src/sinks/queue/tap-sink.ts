import type { StompctlError } from '../../base/errors.js';
import type { Sink } from '../../flow/sink.js';
import type { StoredElement } from '../../flow/stored-element.js';
import type { Message } from '../../message/message.js';

/** Sends every message to two sinks: a message is safe when both say so. What one of them refuses may be in the other. */
export class TapSink implements Sink {
  readonly #main: Sink;
  #tap: Sink | undefined;

  /** Without `tap` there is nothing but `main`, until one is added. */
  constructor(main: Sink, tap?: Sink) {
    this.#main = main;
    this.#tap = tap;
  }

  get name(): string {
    return this.#main.name;
  }

  /** From now on messages are sent there too. It opens itself. */
  add(tap: Sink): void {
    this.#tap = tap;
  }

  async open(lost?: (error: StompctlError) => void): Promise<void> {
    await both(this.#main.open(lost), this.#tap?.open(lost));
  }

  send(message: Message, id?: string, to?: string): Promise<void> {
    const sent = this.#main.send(message, id, to);
    return this.#tap === undefined ? sent : both(sent, this.#tap.send(message, id));
  }

  get moves(): boolean {
    return this.#tap === undefined && this.#main.moves === true;
  }

  async move(element: StoredElement): Promise<void> {
    // a tap that was added since it was taken gets a copy of it
    await (this.moves ? this.#main.move?.(element) : this.send(element.message));
  }

  async flush(): Promise<void> {
    await both(this.#main.flush(), this.#tap?.flush());
  }

  /** What one of the two has begun, or has, may come there again when the other gives it up. */
  async recall(): Promise<void> {
    await both(this.#main.recall?.() ?? Promise.resolve(), this.#tap?.recall?.());
  }

  async close(): Promise<void> {
    await both(this.#main.close(), this.#tap?.close());
  }
}

/** Resolves when both have; rejects when both are done, with what the first of them said. */
async function both(main: Promise<void>, tap: Promise<void> | undefined): Promise<void> {
  const results = await Promise.allSettled([main, tap]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
