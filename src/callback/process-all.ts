import type { Outcome, Processor } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/** The outcomes of all messages, in memory together; fewer only when `checks` was closed. */
export async function processAll(checks: Pick<Processor, 'process'>, messages: readonly Message[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < messages.length) {
    const further = await checks.process(messages.slice(outcomes.length));
    if (further.length === 0) break;
    outcomes.push(...further);
  }
  return outcomes;
}
