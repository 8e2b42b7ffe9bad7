import { isSecretName, maskText } from '../observe/mask.js';
import { placeOf } from './config-node.js';
import type { OptionRow } from './option.js';
import type { OptionValue, Table } from './option-reader.js';
import { OPTION_TABLE } from './option-table.js';
import type { OptionValues } from './option-values.js';

/** One option as it is in effect, secrets masked. */
export interface EffectiveOption {
  readonly name: string;
  /** as it would be written; code in full */
  readonly value: string;
  /** `default`, `FILE:LINE`, `command line` */
  readonly source: string;
}

/** Every option in effect, in the order of the table: those that are given, and those with a default. */
export function effectiveConfiguration(values: OptionValues): EffectiveOption[] {
  return OPTION_TABLE.flatMap((row): EffectiveOption[] => {
    if (row.commandLineOnly) return [];
    const given = values.given.get(row.name);
    if (given !== undefined) {
      return [{ name: row.name, value: textOf(row, given.value), source: placeOf(given.origin) }];
    }
    const value = row.defaultNote ?? row.default;
    return value === undefined || row.later !== undefined
      ? []
      : [{ name: row.name, value: value.replaceAll('`', ''), source: 'default' }];
  });
}

function textOf(row: OptionRow, value: OptionValue): string {
  if (row.name === 'callback-code') return String(value);
  if (row.kind === 'credentials') return (value as Table[]).map(credentialText).join('; ');
  if (row.kind === 'tables') return (value as Table[]).map(tableText).join('; ');
  if (row.kind === 'table') return tableText(value as Table);
  if (Array.isArray(value)) return value.join(' ');
  return maskText(String(value));
}

function tableText(table: Table): string {
  return Object.entries(table)
    .map(([key, value]) => `${encode(key)}=${isSecretName(key) ? '***' : encode(maskText(String(value)))}`)
    .join(' ');
}

function credentialText(table: Table): string {
  const { scheme, ...fields } = table;
  return `${scheme} ${tableText(fields)}`.trim();
}

/** What would not survive the way back through a KEY=VALUE list, %-escaped. */
function encode(text: string): string {
  return text.replace(/[%\s\p{Cc}]/gu, (char) => encodeURIComponent(char));
}
