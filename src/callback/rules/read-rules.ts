import { PartReader } from '../../base/parsed-part.js';

const read = new PartReader('rewrite');

/** One rule, read and compiled. Lists are pairs in the order given. */
export interface Rule {
  readonly when: Condition | undefined;
  readonly drop: string | undefined;
  /** the output that the message goes to; the last rule that says so counts */
  readonly to: string | undefined;
  readonly remove: readonly string[];
  readonly rename: readonly (readonly [string, string])[];
  readonly defaults: readonly (readonly [string, string])[];
  readonly set: readonly (readonly [string, string])[];
  readonly replace: readonly { readonly name: string; readonly pattern: RegExp; readonly replacement: string }[];
  /** no rule after this one */
  readonly stop: boolean;
  /** there is anything to change */
  readonly changes: boolean;
}

/** All of it must hold. */
export interface Condition {
  readonly equal: readonly (readonly [string, string])[];
  readonly match: readonly (readonly [string, RegExp])[];
  readonly present: readonly string[];
  readonly absent: readonly string[];
  /** bytes of the body, exclusive */
  readonly larger: number | undefined;
  readonly smaller: number | undefined;
  readonly body: RegExp | undefined;
  readonly not: Condition | undefined;
}

/** Reads the value of `rewrite` as any of the file formats gives it: numbers and booleans are taken as text. */
export function readRules(value: unknown): Rule[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((item, index) => readRule(item, `rewrite[${index}]`));
}

const RULE_KEYS = ['when', 'drop', 'remove', 'rename', 'default', 'set', 'replace', 'to', 'stop'];
const CONDITION_KEYS = ['header', 'match', 'exists', 'missing', 'larger', 'smaller', 'body', 'not'];

/** One rule; `at` is what errors call it. Throws PartError. */
export function readRule(value: unknown, at: string): Rule {
  const table = read.table(value, at, RULE_KEYS);
  const rule = {
    when: table.when === undefined ? undefined : readCondition(table.when, `${at}.when`),
    drop: table.drop === undefined ? undefined : read.text(table.drop, `${at}.drop`),
    to: table.to === undefined ? undefined : read.text(table.to, `${at}.to`),
    remove: namesOf(table.remove, `${at}.remove`),
    rename: pairsOf(table.rename, `${at}.rename`),
    defaults: pairsOf(table.default, `${at}.default`),
    set: pairsOf(table.set, `${at}.set`),
    replace: readReplacements(table.replace, `${at}.replace`),
    stop: table.stop !== undefined && booleanOf(table.stop, `${at}.stop`),
  };
  if (rule.drop === '') throw read.invalid(`${at}.drop`, 'a reason must be given');
  const { remove, rename, defaults, set, replace } = rule;
  const changes = [remove, rename, defaults, set, replace].some((list) => list.length > 0);
  if (!changes && rule.drop === undefined && rule.to === undefined && !rule.stop) {
    throw read.invalid(at, 'the rule does nothing: give drop, remove, rename, default, set, replace, to or stop');
  }
  return { ...rule, changes };
}

function readCondition(value: unknown, at: string): Condition {
  const table = read.table(value, at, CONDITION_KEYS);
  return {
    equal: pairsOf(table.header, `${at}.header`),
    match: pairsOf(table.match, `${at}.match`).map(([name, text]) => [name, patternOf(text, `${at}.match.${name}`)]),
    present: namesOf(table.exists, `${at}.exists`),
    absent: namesOf(table.missing, `${at}.missing`),
    larger: table.larger === undefined ? undefined : numberOf(table.larger, `${at}.larger`),
    smaller: table.smaller === undefined ? undefined : numberOf(table.smaller, `${at}.smaller`),
    body: table.body === undefined ? undefined : patternOf(read.text(table.body, `${at}.body`), `${at}.body`),
    not: table.not === undefined ? undefined : readCondition(table.not, `${at}.not`),
  };
}

/** `replace: { destination: { pattern: "^/queue/", with: "/topic/" } }` */
function readReplacements(value: unknown, at: string): Rule['replace'] {
  if (value === undefined) return [];
  return Object.entries(read.table(value, at)).map(([name, item]) => {
    const table = read.table(item, `${at}.${name}`, ['pattern', 'with']);
    const pattern = patternOf(read.text(table.pattern, `${at}.${name}.pattern`), `${at}.${name}.pattern`, 'g');
    return { name, pattern, replacement: read.text(table.with, `${at}.${name}.with`) };
  });
}

function pairsOf(value: unknown, at: string): [string, string][] {
  if (value === undefined) return [];
  return Object.entries(read.table(value, at)).map(([name, item]) => [name, read.text(item, `${at}.${name}`)]);
}

/** Names with blanks between, in a text or several. */
function namesOf(value: unknown, at: string): string[] {
  if (value === undefined) return [];
  const texts = Array.isArray(value) ? value : [value];
  return texts.flatMap((item) => read.text(item, at).split(/\s+/)).filter((name) => name !== '');
}

const SIZE_UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function numberOf(value: unknown, at: string): number {
  const match = /^(\d{1,15})\s*([KMG]iB)?$/.exec(String(value));
  if (match === null) throw read.invalid(at, 'must be a number of bytes such as 65536, 64KiB or 1MiB');
  return Number(match[1]) * (SIZE_UNITS[match[2] ?? ''] ?? 1);
}

function booleanOf(value: unknown, at: string): boolean {
  const text = String(value);
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw read.invalid(at, 'must be one of true false 1 0');
}

/** A JavaScript pattern; `(?i)` in front ignores case. */
function patternOf(text: string, at: string, extra = ''): RegExp {
  const ignoreCase = text.startsWith('(?i)');
  try {
    return new RegExp(ignoreCase ? text.slice(4) : text, `u${ignoreCase ? 'i' : ''}${extra}`);
  } catch (error) {
    throw read.invalid(at, `is not a pattern: ${error instanceof Error ? error.message : String(error)}`);
  }
}
