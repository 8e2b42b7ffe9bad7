import { SerialQueue } from '../base/serial-queue.js';
import type { Outcome, Processor } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/** A processor that can be put in the place of another between two batches, while messages keep coming. */
export class SwappableProcessor implements Processor {
  #current: Processor | undefined;
  #closed = false;
  /** what was asked for so far, one after the other */
  readonly #queue = new SerialQueue();

  /** undefined: every message passes as it is */
  constructor(processor: Processor | undefined) {
    this.#current = processor;
  }

  process(messages: readonly Message[]): Promise<readonly Outcome[]> {
    return this.#queue.run(
      async () => this.#current?.process(messages) ?? messages.map((message) => ({ kind: 'pass', message }) as const),
    );
  }

  idle(): Promise<void> {
    return this.#queue.run(async () => this.#current?.idle());
  }

  /** Batches asked for from now on go to `processor`; the old one is closed once its last batch is done. */
  replace(processor: Processor | undefined): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#closed) {
        await processor?.close();
        return;
      }
      const old = this.#current;
      this.#current = processor;
      await old?.close();
    });
  }

  /** Not in the queue: it ends a check that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.close();
  }
}
