import { StompctlError } from '../base/errors.js';
import { Message, newHeader } from '../message/message.js';
import type { CheckOutcome } from './outcome.js';
import { type Condition, type Rule, readRules } from './read-rules.js';

/**
 * Declarative rules (`rewrite`): what a callback does, without code and without a sandbox. Each rule in turn, its
 * conditions met: drop, or remove, rename, default, set and replace headers, in this order.
 */
export class Rules {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** From the value of `rewrite`: a rule or a list of them. CONFIG_INVALID names the rule and the key. */
  static open(value: unknown): Rules {
    return new Rules(readRules(value));
  }

  check(messages: readonly Message[]): Promise<CheckOutcome[]> {
    return Promise.resolve(messages.map((message) => this.apply(message)));
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A message that no rule changed comes back as the same object. */
  apply(message: Message): CheckOutcome {
    const work = new Working(message);
    for (const rule of this.#rules) {
      if (rule.when !== undefined && !work.meets(rule.when)) continue;
      if (rule.drop !== undefined) return { kind: 'drop', reason: work.fill(rule.drop) };
      work.change(rule);
      if (rule.stop) break;
    }
    try {
      return { kind: 'pass', message: work.result() };
    } catch (error) {
      if (error instanceof StompctlError) return { kind: 'reject', error };
      throw error;
    }
  }
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
      if (value !== undefined) header[name] = value.replace(pattern, replacement);
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
