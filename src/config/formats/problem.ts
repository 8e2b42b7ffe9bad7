import { type ErrorCode, StompctlError } from '../../base/errors.js';
import { type Origin, placeOf } from './config-node.js';

/** Where options of the command line come from. */
export const COMMAND_LINE: Origin = { file: 'command line', line: 0 };

/** Something wrong with a configuration. All of them are collected, so that one look shows what is to be done. */
export interface Problem {
  readonly code: Extract<ErrorCode, 'USAGE' | 'CONFIG_INVALID' | 'URI_INVALID' | 'CREDENTIAL_INVALID'>;
  readonly origin: Origin;
  readonly reason: string;
}

/** A problem with what was written at `origin`: on the command line, a usage error. */
export function invalid(origin: Origin, reason: string): Problem {
  return { code: origin === COMMAND_LINE ? 'USAGE' : 'CONFIG_INVALID', origin, reason };
}

/** `FILE:LINE: reason`, or `command line: reason`. */
export function problemText(problem: Problem): string {
  return `${placeOf(problem.origin)}: ${problem.reason}`;
}

/** The error that ends the run: the first problem, and how to see the others. */
export function problemError(problems: readonly [Problem, ...Problem[]]): StompctlError {
  const [first] = problems;
  return new StompctlError(
    first.code,
    'configuration',
    placeOf(first.origin),
    `${first.reason}${othersText(problems)}`,
  );
}

/** The first of a long list, and how many there are more: a wrong file is known by the first hundred lines about it. */
export function firstOf(texts: readonly string[], what: string): string[] {
  if (texts.length <= MOST_SHOWN) return [...texts];
  return [...texts.slice(0, MOST_SHOWN), `${texts.length - MOST_SHOWN} more ${what}, which are not shown`];
}

const MOST_SHOWN = 100;
const MOST_TOLD = 4;

function othersText([, ...others]: readonly Problem[]): string {
  if (others.length === 0) return '';
  // `check` needs a file: what is wrong with a command line is told at once
  const ofFile = others.some(({ origin }) => origin !== COMMAND_LINE) || others.length > MOST_TOLD;
  const shown = others.length < MOST_SHOWN ? 'them all' : `the first ${MOST_SHOWN}`;
  if (ofFile) return ` (and ${others.length} more: stompctl check shows ${shown})`;
  return others.map(({ reason }) => `; ${reason}`).join('');
}
