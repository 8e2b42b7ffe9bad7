import { reasonOf, StompctlError } from '../../base/errors.js';
import { runWithinOwnTime } from '../../base/time-limit.js';
import type { Message } from '../../message/message.js';

/** a regular expression can take exponential time: neither it, nor what it searches, nor the search may be long */
const LONGEST_EXPRESSION = 1000;
const LONGEST_VALUE = 65_536;
const LONGEST_SEARCH_MS = 250;

interface Condition {
  readonly header: string;
  readonly expression: RegExp;
}

/** `--match HEADER=REGEX`, once or more: does a message have these headers, with values in which they are found? */
export class HeaderMatch {
  readonly #conditions: readonly Condition[];

  /** Throws USAGE for what is not HEADER=REGEX, or no expression of JavaScript. */
  constructor(texts: readonly string[]) {
    this.#conditions = texts.map(readCondition);
  }

  /** nothing was asked for: every message matches */
  get isEmpty(): boolean {
    return this.#conditions.length === 0;
  }

  /** Throws USAGE when an expression takes too long. */
  matches({ header }: Message): boolean {
    return this.#conditions.every((condition) => {
      const value = header[condition.header];
      return value !== undefined && this.#found(condition, value.slice(0, LONGEST_VALUE));
    });
  }

  #found({ header, expression }: Condition, value: string): boolean {
    let found = false;
    const search = (): void => {
      found = expression.test(value);
    };
    if (runWithinOwnTime(LONGEST_SEARCH_MS, search)) return found;
    const reason = `takes more than ${LONGEST_SEARCH_MS} ms on one message: write a simpler expression`;
    throw new StompctlError('USAGE', 'match', `${header}=${expression.source}`, reason);
  }
}

function readCondition(text: string): Condition {
  const equals = text.indexOf('=');
  if (equals < 1) throw new StompctlError('USAGE', 'option', '--match', `"${text}" is not HEADER=REGEX`);
  const source = text.slice(equals + 1);
  if (source.length > LONGEST_EXPRESSION) {
    const reason = `the expression has ${source.length} characters, of at most ${LONGEST_EXPRESSION}`;
    throw new StompctlError('USAGE', 'option', '--match', reason);
  }
  try {
    return { header: text.slice(0, equals), expression: new RegExp(source, 'u') };
  } catch (error) {
    throw new StompctlError('USAGE', 'option', '--match', reasonOf(error), error);
  }
}
