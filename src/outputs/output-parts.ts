import { didYouMean } from '../base/closest-name.js';
import { StompctlError } from '../base/errors.js';
import type { Sink } from '../flow/sink.js';
import { factsOf, type MemberParts } from '../members/member-group.js';
import type { Logger } from '../observe/logger.js';
import type { MemberFacts } from '../transfer/verdict.js';

/** One of several outputs: its sink, not opened yet, and who opens it. */
export interface OutputParts extends MemberParts {
  readonly name: string;
  readonly end: Sink;
}

export interface OutputsOptions {
  /** in the order of the configuration; not empty */
  readonly outputs: readonly OutputParts[];
  /** refusals of one message, others being accepted, before it is rejected */
  readonly maxAttempts: number;
  /** called at each opening of an output after its first */
  readonly onReopened: () => void;
  readonly logger: Logger;
}

/** For logs: `outputs main, local`. */
export function nameOfAll(outputs: readonly OutputParts[]): string {
  return `outputs ${outputs.map(({ name }) => name).join(', ')}`;
}

/** For people: `main (broker stomp://host:61613)`. */
export function nameOfOne({ name, end }: OutputParts): string {
  return `${name} (${end.name})`;
}

export interface OutputCounts {
  /** sends that it has not answered */
  readonly inFlight: number;
  /** those that it has made safe */
  readonly messages: number;
}

/** An output as a member of all. */
export function outputFacts(parts: OutputParts, counts: OutputCounts): MemberFacts {
  return { ...factsOf({ name: nameOfOne(parts), parts, ...counts }), called: parts.name };
}

/** of a name that a callback made up */
const LONGEST_SHOWN = 64;

/** A message is for an output that there is not among `names`; without names, messages have no output by name. */
export function unknownOutput(to: string, names: readonly string[]): StompctlError {
  const shown = to.length > LONGEST_SHOWN ? `${to.slice(0, LONGEST_SHOWN)}…` : to;
  const reason =
    names.length === 0
      ? 'messages have an output by name only with deliver = route (docs/outputs.md)'
      : `there is no such output: there are ${names.join(', ')}${didYouMean(to, names)}`;
  return new StompctlError('OUTPUT_UNKNOWN', 'send', JSON.stringify(shown), reason);
}
