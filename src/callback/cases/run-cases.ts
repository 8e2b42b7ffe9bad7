import { unreachable } from '../../base/errors.js';
import type { Outcome, Processor } from '../../flow/processor.js';
import type { Message } from '../../message/message.js';
import { processAll } from '../process-all.js';
import { differenceOf, visible } from './message-difference.js';
import { type Case, type CaseMessage, caseMessageOf, messageOf } from './read-cases.js';

export interface CaseResult {
  readonly name: string;
  /** lines that tell expected (`-`) from found (`+`); none when the case holds */
  readonly difference: readonly string[];
}

/** Runs cases in order, in one go, as the messages of one batch would be. Resolves to a result a case. */
export async function runCases(cases: readonly Case[], checks: Pick<Processor, 'process'>): Promise<CaseResult[]> {
  const given = cases.map((item) => ({ item, message: messageOf(item.message) }));
  const messages = given.map(({ message }) => message);
  const outcomes = await processAll(checks, messages);
  return given.map(({ item, message }, index) => ({
    name: item.name,
    difference: differenceFrom(item, message, outcomes[index]),
  }));
}

/** A case that holds now, from a real message and what became of it: for `test --record`. */
export function recordCase(name: string, message: Message, outcome: Outcome): Case {
  const given = { name, message: caseMessageOf(message) };
  switch (outcome.kind) {
    case 'drop':
      return { ...given, drop: outcome.reason };
    case 'reject':
      return { ...given, reject: outcome.error.code };
    case 'pass': {
      const unchanged = differenceOf(message, outcome.message).length === 0;
      const expect = unchanged ? 'same' : caseMessageOf(outcome.message);
      return { ...given, expect, ...(outcome.to !== undefined && { to: outcome.to }) };
    }
    default:
      return unreachable(outcome);
  }
}

function differenceFrom(item: Case, before: Message, outcome: Outcome | undefined): string[] {
  const { expect, drop, reject } = item;
  if (outcome === undefined) return ['+ no outcome'];
  if (expect !== undefined) return fromExpected(expect, item.to, before, outcome);
  const found = foundText(outcome);
  if (drop !== undefined) {
    const holds = outcome.kind === 'drop' && (drop === true || drop === outcome.reason);
    return holds ? [] : [`- dropped${wantedText(drop)}`, `+ ${found}`];
  }
  const holds = outcome.kind === 'reject' && (reject === true || isError(outcome.error, String(reject)));
  return holds ? [] : [`- rejected${wantedText(reject ?? true)}`, `+ ${found}`];
}

function fromExpected(
  expect: CaseMessage | 'same',
  to: string | undefined,
  before: Message,
  outcome: Outcome,
): string[] {
  if (outcome.kind !== 'pass') return ['- passed on', `+ ${foundText(outcome)}`];
  const difference = differenceOf(expect === 'same' ? before : messageOf(expect, before), outcome.message);
  return outcome.to === to ? difference : [`- ${outputText(to)}`, `+ ${outputText(outcome.to)}`, ...difference];
}

function isError({ code, message }: { readonly code: string; readonly message: string }, wanted: string): boolean {
  return code === wanted || message.includes(wanted);
}

function wantedText(wanted: string | true): string {
  return wanted === true ? '' : `: ${visible(wanted)}`;
}

function foundText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'pass':
      return 'passed on';
    case 'drop':
      return `dropped: ${visible(outcome.reason)}`;
    case 'reject':
      return `rejected: ${visible(outcome.error.message)} (${outcome.error.code})`;
    default:
      return unreachable(outcome);
  }
}

function outputText(to: string | undefined): string {
  return to === undefined ? 'to no output by name' : `to ${visible(to)}`;
}
