import { setImmediate as nextTurn } from 'node:timers/promises';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { hadItsTime, runWithin } from '../../base/time-limit.js';
import type { Outcome } from '../../flow/processor.js';
import { Message, newHeader } from '../../message/message.js';
import { type Condition, type Rule, readRules } from './read-rules.js';

/** Where nothing repeats, nothing is tried in more ways than one: such a pattern needs no watching. */
const MAY_TAKE_LONG = /[*+{|]|[^(]\?/;
const DEFAULT_TIMEOUT_MS = 1000;
const LONGEST_REASON = 300;
const MOST_REPLACED = 16 * 1024 * 1024;

/**
 * Declarative rules (`rewrite`): what a callback does, without code and without a sandbox. Each rule in turn, its
 * conditions met: drop, or remove, rename, default, set and replace headers, in this order.
 */
export class Rules {
  readonly #rules: readonly Rule[];
  readonly #timeoutMs: number;
  readonly #mayTakeLong: boolean;
  #closed = false;

  private constructor(rules: readonly Rule[], timeoutMs: number) {
    this.#rules = rules;
    this.#timeoutMs = timeoutMs;
    this.#mayTakeLong = rules.some((rule) => patternsOf(rule).some(({ source }) => MAY_TAKE_LONG.test(source)));
  }

  /**
   * From the value of `rewrite`: a rule or a list of them. CONFIG_INVALID names the rule and the key. `timeoutMs` is the longest
   * that the patterns may take for one message, in time of a processor: what the machine gives to others does not count.
   */
  static open(value: unknown, timeoutMs = DEFAULT_TIMEOUT_MS): Rules {
    return new Rules(readRules(value), Math.max(1, Math.round(timeoutMs)));
  }

  /** As `Processor.process`. A message whose patterns take longer than `timeoutMs` is rejected (CALLBACK_TIMEOUT). */
  async process(messages: readonly Message[]): Promise<Outcome[]> {
    if (!this.#mayTakeLong) return messages.map((message) => this.apply(message));
    const outcomes: Outcome[] = [];
    let patienceMs = this.#timeoutMs;
    while (outcomes.length < messages.length && !this.#closed) {
      const first = outcomes.length;
      const before = process.cpuUsage();
      const ended = runWithin(patienceMs, () => {
        for (const message of messages.slice(first)) outcomes.push(this.apply(message));
      });
      if (ended) break;
      // one that had not the whole time for itself gets another chance, and one on a busy machine more of it
      if (outcomes.length > first) patienceMs = this.#timeoutMs;
      else if (!hadItsTime(this.#timeoutMs, patienceMs, before)) patienceMs *= 2;
      else {
        outcomes.push({ kind: 'reject', error: tooLong(this.#timeoutMs) });
        patienceMs = this.#timeoutMs;
      }
      await nextTurn();
    }
    return outcomes;
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** A message that no rule changed comes back as the same object. */
  apply(message: Message): Outcome {
    try {
      return this.#apply(new Working(message));
    } catch (error) {
      // what V8 refuses of a large body or header: a deep stack, a text of more than half a gigabyte
      return { kind: 'reject', error: error instanceof StompctlError ? error : refused(reasonOf(error)) };
    }
  }

  #apply(work: Working): Outcome {
    let to: string | undefined;
    for (const rule of this.#rules) {
      if (rule.when !== undefined && !work.meets(rule.when)) continue;
      if (rule.drop !== undefined) return { kind: 'drop', reason: work.fill(rule.drop).slice(0, LONGEST_REASON) };
      work.change(rule);
      to = rule.to ?? to;
      if (rule.stop) break;
    }
    const message = work.result();
    return to === undefined ? { kind: 'pass', message } : { kind: 'pass', message, to };
  }
}

function patternsOf({ when, replace }: Rule): RegExp[] {
  return [...(when === undefined ? [] : conditionPatterns(when)), ...replace.map(({ pattern }) => pattern)];
}

function conditionPatterns({ match, body, not }: Condition): RegExp[] {
  const own = [...match.map(([, pattern]) => pattern), ...(body === undefined ? [] : [body])];
  return not === undefined ? own : [...own, ...conditionPatterns(not)];
}

function tooLong(timeoutMs: number): StompctlError {
  const reason = `a pattern took longer than ${timeoutMs} ms (callback-timeout)`;
  return new StompctlError('CALLBACK_TIMEOUT', 'rewrite', 'message', reason);
}

function refused(reason: string): StompctlError {
  return new StompctlError('CALLBACK_THREW', 'rewrite', 'message', `a rule cannot be applied: ${reason}`);
}

/** What stands around a match, put in its place at each match, makes a text as long as its square. */
function replaced(value: string, pattern: RegExp, replacement: string): string {
  if (/\$[`']/.test(replacement)) {
    const all = pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`);
    let left = pattern.global ? MOST_REPLACED : MOST_REPLACED - value.length;
    for (const _ of value.matchAll(all)) {
      left -= value.length;
      if (left < 0) throw refused(`the text would become longer than ${MOST_REPLACED} characters`);
      if (!pattern.global) break;
    }
  }
  return value.replace(pattern, replacement);
}

/** A message under the rules: its header is copied when first changed, its body turned to text when first looked at. */
class Working {
  readonly #message: Message;
  #header: Record<string, string> | undefined;
  #body: string | undefined;

  constructor(message: Message) {
    this.#message = message;
  }

  meets(condition: Condition): boolean {
    const header = this.#header ?? this.#message.header;
    const size = this.#message.body.length;
    for (const [name, value] of condition.equal) if (header[name] !== value) return false;
    for (const [name, pattern] of condition.match) {
      const value = header[name];
      if (value === undefined || !pattern.test(value)) return false;
    }
    for (const name of condition.present) if (header[name] === undefined) return false;
    for (const name of condition.absent) if (header[name] !== undefined) return false;
    if (condition.larger !== undefined && size <= condition.larger) return false;
    if (condition.smaller !== undefined && size >= condition.smaller) return false;
    if (condition.body !== undefined && !condition.body.test(this.#text())) return false;
    return condition.not === undefined || !this.meets(condition.not);
  }

  change(rule: Rule): void {
    if (!rule.changes) return;
    this.#header ??= newHeader(this.#message.header);
    const header = this.#header;
    for (const name of rule.remove) delete header[name];
    for (const [from, to] of rule.rename) {
      const value = header[from];
      if (value === undefined) continue;
      delete header[from];
      header[to] = value;
    }
    for (const [name, value] of rule.defaults) header[name] ??= this.fill(value);
    for (const [name, value] of rule.set) header[name] = this.fill(value);
    for (const { name, pattern, replacement } of rule.replace) {
      const value = header[name];
      if (value !== undefined) header[name] = replaced(value, pattern, replacement);
    }
  }

  /** `{name}` is the value of a header, empty when there is none; `{{` is a brace. */
  fill(template: string): string {
    if (!template.includes('{')) return template;
    const header = this.#header ?? this.#message.header;
    return template.replace(
      /\{\{|\{([^{}]+)\}/g,
      (all, name?: string) => (name === undefined ? all[0] : (header[name] ?? '')) ?? '',
    );
  }

  result(): Message {
    const header = this.#header;
    return header === undefined ? this.#message : new Message(header, this.#message.body, this.#message.text);
  }

  #text(): string {
    this.#body ??= this.#message.body.toString(this.#message.text ? 'utf8' : 'latin1');
    return this.#body;
  }
}
