import type { Checker, CheckOutcome } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/** Two checkers one after the other: the second gets what the first lets pass, as the first left it. */
export class CheckChain implements Checker {
  readonly #first: Checker;
  readonly #second: Checker;

  constructor(first: Checker, second: Checker) {
    this.#first = first;
    this.#second = second;
  }

  async check(messages: readonly Message[]): Promise<readonly CheckOutcome[]> {
    const outcomes = [...(await this.#first.check(messages))];
    const places: number[] = [];
    const passed: Message[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind !== 'pass') continue;
      places.push(index);
      passed.push(outcome.message);
    }
    if (passed.length === 0) return outcomes;
    const further = await this.#second.check(passed);
    for (const [index, outcome] of further.entries()) outcomes[places[index] as number] = outcome;
    // closed meanwhile: what comes after the first without an outcome has none either
    return further.length < passed.length ? outcomes.slice(0, places[further.length]) : outcomes;
  }

  async idle(): Promise<void> {
    await this.#first.idle();
    await this.#second.idle();
  }

  async close(): Promise<void> {
    await Promise.all([this.#first.close(), this.#second.close()]);
  }
}
