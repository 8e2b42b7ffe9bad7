import { unreachable } from '../../base/errors.js';
import type { BlockNode, ConfigNode, Origin, ScalarNode } from '../formats/config-node.js';
import { formatOf } from '../formats/config-parser.js';
import { invalid, type Problem } from '../formats/problem.js';
import { endOfBlock, SIDE_WORDS } from './end-kinds.js';
import { KeyValueError, parseKeyValues, readCredential } from './key-value.js';
import type { OptionKind, OptionRow, TableKey } from './option.js';
import { type RuleList, readRuleList } from './rewrite-option.js';

/** The value of an option in its own type. Ranges, choices and keys are not checked yet. */
export type OptionValue = boolean | number | string | string[] | Table | Table[] | RuleList;
export type Table = Record<string, string | number>;

/** An option's value and where it, and each key inside it, was written. */
export interface ReadOption {
  readonly row: OptionRow;
  readonly value: OptionValue;
  /** what it was read from */
  readonly node: ConfigNode;
  readonly origin: Origin;
  /** the line of the value's first character */
  readonly textOrigin: Origin;
  /** where the parts were written; keys are paths such as `path` or `0.destination` */
  readonly places: ReadonlyMap<string, Origin>;
}

class Unreadable extends Error {
  readonly problem: Problem;

  constructor(origin: Origin, reason: string) {
    super(reason);
    this.problem = invalid(origin, reason);
  }
}

/** Reads what was written for the option `row`. A problem instead of a value when that cannot be its value. */
export function readOption(row: OptionRow, node: ConfigNode): ReadOption | Problem {
  const places = new Map<string, Origin>();
  try {
    const value = readValue(row, node, places);
    const first = node.kind === 'list' ? (node.items[0] ?? node) : node;
    const line = first.kind === 'scalar' ? first.textLine : first.origin.line;
    const textOrigin = line === node.origin.line ? node.origin : { file: first.origin.file, line };
    return { row, value, node, origin: node.origin, textOrigin, places };
  } catch (error) {
    if (error instanceof Unreadable) return error.problem;
    throw error;
  }
}

export function isProblem(result: ReadOption | Problem): result is Problem {
  return 'reason' in result;
}

type Places = Map<string, Origin>;

function readValue(row: OptionRow, node: ConfigNode, places: Places): OptionValue {
  switch (row.kind) {
    case 'tables':
      return itemsOf(node).map((item, index) => readTable(row, item, places, `${index}.`));
    case 'credentials':
      return itemsOf(node).map((item, index) => readAuth(row, item, places, `${index}.`));
    case 'rules':
      return readRuleList(node, places);
    case 'table':
      return readTable(row, only(row, node), places, '');
    default:
      return readScalar(row, row.kind, scalarOf(row, only(row, node)));
  }
}

type ScalarKind = Exclude<OptionKind, 'tables' | 'credentials' | 'rules' | 'table'>;

function readScalar(row: OptionRow, kind: ScalarKind, scalar: ScalarNode): OptionValue {
  const { origin } = scalar;
  switch (kind) {
    case 'boolean':
    case 'flag':
      return readBoolean(row, scalar);
    case 'number':
      if (row.unit === 'seconds') return readSeconds(`${row.name}:`, textOf(row, scalar), origin);
      return readNumber(row, textOf(row, scalar), origin);
    case 'count':
      return Math.min(readNumber(row, textOf(row, scalar), origin), 3);
    case 'size':
      return readSize(`${row.name}:`, textOf(row, scalar), origin);
    case 'choices':
      return readWords(row, textOf(row, scalar));
    case 'choice':
    case 'text':
      return textOf(row, scalar);
    default:
      return unreachable(kind);
  }
}

function itemsOf(node: ConfigNode): readonly ConfigNode[] {
  return node.kind === 'list' ? node.items : [node];
}

function only(row: OptionRow, node: ConfigNode): ConfigNode {
  if (node.kind !== 'list') return node;
  const [first, second] = node.items;
  if (first !== undefined && second === undefined) return only(row, first);
  if (second === undefined) throw new Unreadable(node.origin, `${row.name}: has no value`);
  throw new Unreadable(second.origin, `${row.name}: is given twice${howOften(row)}`);
}

/** Of inputs and outputs there may be several, and whoever gives two has meant that. */
function howOften({ name }: OptionRow): string {
  const block = name.replace(/-broker-uri$/, '-broker');
  const end = endOfBlock(block);
  if (end === undefined) return ', and can only be given once';
  const word = SIDE_WORDS[end.side];
  return `: for several ${word}s give each a name, as in <${block} NAME> (docs/${word}s.md)`;
}

function scalarOf(row: OptionRow, node: ConfigNode): ScalarNode {
  if (node.kind === 'scalar') return node;
  throw new Unreadable(node.origin, `${row.name}: takes a value, not a block`);
}

function textOf(row: OptionRow, scalar: ScalarNode): string {
  if (scalar.value === null) throw new Unreadable(scalar.origin, `${row.name}: has no value`);
  if (scalar.value.trim() === '') throw new Unreadable(scalar.origin, `${row.name}: is empty`);
  return scalar.value;
}

function readBoolean(row: OptionRow, scalar: ScalarNode): boolean {
  if (scalar.real !== undefined) return scalar.real;
  if (scalar.value === 'true' || scalar.value === '1') return true;
  if (scalar.value === 'false' || scalar.value === '0') return false;
  const written = scalar.value === null ? 'nothing' : `"${scalar.value}"`;
  throw new Unreadable(scalar.origin, `${row.name}: must be one of true, false, 1, 0, not ${written}`);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function readNumber(row: OptionRow, text: string, origin: Origin): number {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  throw new Unreadable(origin, `${row.name}: must be a number, not "${text}"`);
}

/** Words between blanks, commas and, as stompclt's `api+command`, plus signs; a switch may say that it is on or off. */
function readWords({ switches = false }: OptionRow, text: string): string[] {
  const words = text.split(switches ? /[\s,]+/ : /[\s,+]+/).filter((word) => word !== '');
  return switches ? words.map((word) => word.replace(/=.*$/s, '')) : words;
}

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Seconds as a number, or as people write times: `250ms`, `5m`, `1h30m`. */
function readSeconds(what: string, text: string, origin: Origin): number {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (!/^(?:\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)\s*)+$/.test(trimmed)) {
    throw new Unreadable(
      origin,
      `${what} must be a number of seconds, or a time such as 250ms, 5m or 1h, not "${text}"`,
    );
  }
  let milliseconds = 0;
  for (const [, amount, unit = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    milliseconds += Number(amount) * (SECONDS[unit] ?? 1) * 1000;
  }
  return milliseconds / 1000;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `what` is the option, and its key where it has one */
function readSize(what: string, text: string, origin: Origin): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*(b|[kmg](?:ib)?)?$/i.exec(text.trim());
  if (match === null) {
    throw new Unreadable(origin, `${what} must be a number of bytes such as 65536, 64KiB or 1MiB, not "${text}"`);
  }
  return Math.round(Number(match[1]) * (SIZE_UNITS[(match[2] ?? '').slice(0, 1).toLowerCase()] ?? 1));
}

/** `KEY=VALUE …` or a block, whose values are taken as they are. */
function readTable(row: OptionRow, node: ConfigNode, places: Places, prefix: string): Table {
  places.set(prefix.slice(0, -1), node.origin);
  const table = Object.create(null) as Table;
  for (const [key, value, origin] of pairsOf(row, node)) {
    places.set(`${prefix}${key}`, origin);
    const known = row.keys?.find((candidate) => candidate.name === key);
    table[key] = known === undefined ? value : readKey(row, known, value, origin);
  }
  return table;
}

function readKey(row: OptionRow, key: TableKey, text: string, origin: Origin): string | number {
  const what = `${row.name}: "${key.name}"`;
  switch (key.kind) {
    case 'integer':
      return key.unit === 'seconds' && /\d\s*[a-z]+\s*$/.test(text)
        ? readSeconds(what, text, origin)
        : readKeyInteger(row, key, text, origin);
    case 'size':
      return readSize(what, text, origin);
    case 'share':
      return readShare(what, text, origin);
    case 'text':
    case 'choice':
      return text;
    default:
      return unreachable(key.kind);
  }
}

function readShare(what: string, text: string, origin: Origin): string | number {
  const share = /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(text.trim());
  if (share === null) return readSize(what, text, origin);
  if (Number(share[1]) >= 100) throw new Unreadable(origin, `${what} must be less than 100%, not "${text}"`);
  return `${share[1]}%`;
}

function pairsOf(row: OptionRow, node: ConfigNode): [string, string, Origin][] {
  if (node.kind === 'list') throw new Unreadable(node.origin, `${row.name}: takes KEY=VALUE pairs, not a list`);
  if (node.kind === 'scalar') {
    try {
      return [...parseKeyValues(node.value ?? '')].map(([key, value]) => [key, value, node.origin]);
    } catch (error) {
      if (error instanceof KeyValueError)
        throw new Unreadable(node.origin, `${row.name}: ${error.message}${asBlock(row, node)}`);
      throw error;
    }
  }
  const entries = row.kind === 'tables' ? flatEntries(node) : [...node.entries];
  return entries.map(([key, child]) => {
    if (child.kind === 'list') throw new Unreadable(child.origin, `${row.name}: "${key}" is given twice`);
    if (child.kind === 'block') throw new Unreadable(child.origin, `${row.name}: "${key}" takes a value, not a block`);
    if (child.value === null) {
      throw new Unreadable(child.origin, `${row.name}: ${lackOfBlank(child.origin, key) ?? `"${key}" has no value`}`);
    }
    return [key, child.value, child.origin];
  });
}

/** In YAML a table is a block: the one that has the text for the key that matters most. */
function asBlock(row: OptionRow, { origin, value }: ScalarNode): string {
  if (formatOf(origin.file) !== 'yaml') return '';
  const main = row.keys === undefined ? 'destination' : row.keys.find(({ required }) => required)?.name;
  if (main === undefined || (row.keys === undefined && row.kind !== 'tables')) return '';
  // of several words one may be a password
  const text = value !== null && /^[^\s=,{}[\]"']{1,100}$/.test(value) ? value : '...';
  return `; or a block: {${main}: ${text}}`;
}

/** What YAML takes for a name without a value, as in `{path:/tmp/x}`; what is behind the colon may be a password. */
export function lackOfBlank({ file }: Origin, name: string): string | undefined {
  const [before = '', behind] = name.split(':');
  if (behind === undefined || formatOf(file) !== 'yaml') return undefined;
  return `"${before}" has no value: write a blank after the colon`;
}

/** Headers of a frame: a block inside is a part of their names, as `<prefetch> count = 3` is `prefetch-count`. */
function flatEntries(node: BlockNode, prefix = ''): [string, ConfigNode][] {
  return [...node.entries].flatMap(([key, child]): [string, ConfigNode][] =>
    child.kind === 'block' ? flatEntries(child, `${prefix}${key}-`) : [[`${prefix}${key}`, child]],
  );
}

function readKeyInteger(row: OptionRow, key: TableKey, text: string, origin: Origin): number {
  const trimmed = text.trim();
  if (/^0o?[0-7]+$/i.test(trimmed)) return Number.parseInt(trimmed.replace(/o/i, ''), 8);
  if (/^[+-]?(?:0|[1-9]\d*)$/.test(trimmed)) return Number(trimmed);
  throw new Unreadable(
    origin,
    `${row.name}: "${key.name}" must be a whole number (octal after a leading zero), not "${text}"`,
  );
}

function readAuth(row: OptionRow, node: ConfigNode, places: Places, prefix: string): Table {
  places.set(prefix.slice(0, -1), node.origin);
  if (node.kind !== 'scalar') return readTable(row, node, places, prefix);
  try {
    return readCredential(node.value ?? '');
  } catch (error) {
    if (error instanceof KeyValueError) throw new Unreadable(node.origin, `${row.name}: ${error.message}`);
    throw error;
  }
}
