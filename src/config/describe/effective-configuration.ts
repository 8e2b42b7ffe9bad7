import { unreachable } from '../../base/errors.js';
import { isSecretName, maskText, shownUri } from '../../observe/mask.js';
import { placeOf } from '../formats/config-node.js';
import type { OptionRow } from '../options/option.js';
import type { OptionValue, Table } from '../options/option-reader.js';
import { OPTION_TABLE } from '../options/option-table.js';
import type { OptionValues } from '../options/option-values.js';
import type { RuleList } from '../options/rewrite-option.js';
import type { Settings } from '../settings.js';

/** One option as it is in effect, secrets masked. */
export interface EffectiveOption {
  readonly name: string;
  /** as it would be written; code in full */
  readonly value: string;
  /** `default`, `FILE:LINE`, `command line` */
  readonly source: string;
}

/**
 * Every option in effect, in the order of the table: those that are given, and those whose default matters. With
 * `settings`, a default that depends on other options shows what it comes to.
 */
export function effectiveConfiguration(values: OptionValues, settings?: Settings): EffectiveOption[] {
  const own = OPTION_TABLE.flatMap((row): EffectiveOption[] => {
    if (row.commandLineOnly) return [];
    const given = values.given.get(row.name);
    if (given !== undefined) {
      return [{ name: row.name, value: textOf(row, given.value), source: placeOf(given.origin) }];
    }
    if (!matters(row, values)) return [];
    const value =
      (settings === undefined ? undefined : dependentDefault(row.name, settings)) ?? row.defaultNote ?? row.default;
    return value === undefined ? [] : [{ name: row.name, value: value.replaceAll('`', ''), source: 'default' }];
  });
  const ofEnds = [...values.inputs, ...values.outputs].flatMap(({ name, options }) =>
    [...options.values()].map(({ row, value, origin }) => ({
      name: `${row.name} (${name})`,
      value: textOf(row, value),
      source: placeOf(origin),
    })),
  );
  return [...ofEnds, ...own];
}

/** The same where the code of a callback is nobody's business: it may hold what no name tells to be a secret. */
export function withoutCode(options: readonly EffectiveOption[]): EffectiveOption[] {
  return options.map((each) => (each.name === 'callback-code' ? { ...each, value: linesOf(each.value) } : each));
}

function linesOf(code: string): string {
  const lines = code.trimEnd().split('\n').length;
  return `(${lines === 1 ? '1 line' : `${lines} lines`})`;
}

/** Does the option have anything to act on? */
function matters(row: OptionRow, values: OptionValues): boolean {
  if (row.name === 'callback-timeout' && values.has('rewrite')) return true;
  if (row.group === 'callback') return values.has('callback-code') || values.has('callback-path');
  if (row.name === 'max-parked') return values.hasAnywhere('incoming-broker-uri');
  if (row.name.startsWith('incoming-broker-') || ['prefetch', 'subscribe', 'unsubscribe'].includes(row.name)) {
    return values.has('incoming-broker-uri');
  }
  if (row.name.startsWith('outgoing-broker-')) return values.has('outgoing-broker-uri');
  if (row.name === 'deliver') return false;
  if (row.name === 'on-overlap') return values.has('pidfile');
  if (row.name === 'metrics-remote') return values.has('metrics-listen');
  if (row.name.startsWith('metrics-')) return false;
  if (row.name === 'loop' || row.name === 'remove')
    return values.hasAnywhere('incoming-queue') || (row.name === 'loop' && values.hasAnywhere('incoming-folder'));
  return true;
}

/** What a default that depends on other options comes to; undefined for the others. */
function dependentDefault(name: string, settings: Settings): string | undefined {
  if (name === 'sync') return settings.sync;
  if (name === 'log-level') return settings.logLevel;
  if (name === 'reconnect-attempts') return String(settings.reconnect.attempts ?? 'without end');
  return name === 'prefetch' ? prefetchText(settings) : undefined;
}

function prefetchText({ source, reliable, window }: Settings): string | undefined {
  switch (source.kind) {
    case 'queue':
    case 'folder':
    case 'command':
    case 'merged':
      return undefined;
    case 'broker':
      if (source.prefetch !== undefined) return String(source.prefetch);
      return reliable ? `the window (${window}) when the broker is known` : 'the broker decides';
    default:
      return unreachable(source);
  }
}

function textOf(row: OptionRow, value: OptionValue): string {
  if (row.name === 'callback-code') return String(value);
  switch (row.kind) {
    case 'rules':
      return ruleCount(value as RuleList);
    case 'credentials':
      return (value as Table[]).map(credentialText).join('; ');
    case 'tables':
      return (value as Table[]).map(tableText).join('; ');
    case 'table':
      return tableText(value as Table);
    case 'choices':
      return (value as string[]).join(' ');
    case 'flag':
    case 'boolean':
    case 'count':
    case 'number':
    case 'size':
    case 'text':
    case 'choice':
      return row.name.endsWith('-uri') ? shownUri(String(value)) : maskText(String(value));
    default:
      return unreachable(row.kind);
  }
}

function ruleCount({ rules }: RuleList): string {
  return rules.length === 1 ? '1 rule' : `${rules.length} rules`;
}

function tableText(table: Table): string {
  return Object.entries(table)
    .map(([key, value]) => `${encode(key)}=${isSecretName(key) ? '***' : encode(maskText(String(value)))}`)
    .join(' ');
}

function credentialText(table: Table): string {
  const { scheme, ...fields } = table;
  return `${scheme ?? ''} ${tableText(fields)}`.trim();
}

/** What would not survive the way back through a KEY=VALUE list, %-escaped. */
function encode(text: string): string {
  return text.replace(/[%\s\p{Cc}]/gu, (char) => encodeURIComponent(char));
}
