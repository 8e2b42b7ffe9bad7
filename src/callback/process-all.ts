import type { Checker, CheckOutcome } from '../flow/processor.js';
import type { Message } from '../message/message.js';

/** The outcomes of all messages, in memory together; fewer only when `checks` was closed. */
export async function checkAll(checks: Pick<Checker, 'check'>, messages: readonly Message[]): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  while (outcomes.length < messages.length) {
    const further = await checks.check(messages.slice(outcomes.length));
    if (further.length === 0) break;
    outcomes.push(...further);
  }
  return outcomes;
}
