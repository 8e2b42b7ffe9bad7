import type { StompctlError } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import type { Outcome, Processor } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/**
 * A processor that can be put in the place of another between two batches, while messages keep coming. What it lets pass to an output
 * that there is not is rejected.
 */
export class SwappableProcessor implements Processor {
  #current: Processor | undefined;
  #closed = false;
  /** what was asked for so far, one after the other */
  readonly #queue = new SerialQueue();

  readonly #outputFault: (to: string) => StompctlError | undefined;

  /** Without a processor every message passes as it is; `outputFault` says why one cannot be for an output. */
  constructor(processor: Processor | undefined, outputFault: (to: string) => StompctlError | undefined) {
    this.#current = processor;
    this.#outputFault = outputFault;
  }

  process(messages: readonly Message[]): Promise<readonly Outcome[]> {
    return this.#queue.run(async () => {
      const outcomes = await this.#current?.process(messages);
      return outcomes?.map(this.#checked) ?? messages.map((message) => ({ kind: 'pass', message }) as const);
    });
  }

  readonly #checked = (outcome: Outcome): Outcome => {
    const error = outcome.kind === 'pass' && outcome.to !== undefined ? this.#outputFault(outcome.to) : undefined;
    return error === undefined ? outcome : { kind: 'reject', error };
  };

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
