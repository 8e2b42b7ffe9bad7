import type { Origin } from './formats/config-node.js';
import type { Problem } from './formats/problem.js';
import type { OptionValues } from './options/option-values.js';

export interface RuleContext {
  /** with one input and one output */
  readonly values: OptionValues;
  /** with all of them */
  readonly all: OptionValues;
  /** where a problem with what is missing belongs: the file, or the command line */
  readonly whole: Origin;
}

/** A rule across options. `check` yields what breaks it. */
export interface Rule {
  readonly name: string;
  check(context: RuleContext): Iterable<Problem>;
}

/** Where an option was given. */
export function originOf({ values, whole }: RuleContext, name: string): Origin {
  return values.given.get(name)?.origin ?? whole;
}
