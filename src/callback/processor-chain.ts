import type { Outcome, Processor } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/** Two processors one after the other: the second gets what the first lets pass, as the first left it. */
export class ProcessorChain implements Processor {
  readonly #first: Processor;
  readonly #second: Processor;

  constructor(first: Processor, second: Processor) {
    this.#first = first;
    this.#second = second;
  }

  async process(messages: readonly Message[]): Promise<readonly Outcome[]> {
    const outcomes = await this.#first.process(messages);
    const passed = outcomes.flatMap((outcome) => (outcome.kind === 'pass' ? [outcome.message] : []));
    if (passed.length === 0) return outcomes;
    const further = (await this.#second.process(passed)).values();
    const last: Outcome[] = [];
    for (const outcome of outcomes) {
      const after = outcome.kind === 'pass' ? further.next().value : outcome;
      // closed meanwhile: what comes after the first without an outcome has none either
      if (after === undefined) break;
      last.push(withOutput(after, outcome));
    }
    return last;
  }

  async idle(): Promise<void> {
    await this.#first.idle();
    await this.#second.idle();
  }

  async close(): Promise<void> {
    await Promise.all([this.#first.close(), this.#second.close()]);
  }
}

/** The second one's word on where it goes counts, if it has any. */
function withOutput(after: Outcome, before: Outcome): Outcome {
  if (after.kind !== 'pass' || before.kind !== 'pass' || after.to !== undefined || before.to === undefined)
    return after;
  return { ...after, to: before.to };
}
