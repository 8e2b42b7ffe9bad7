import { StompctlError, unreachable } from '../../base/errors.js';
import type { OptionRow } from '../../config/options/option.js';
import { optionCalled } from '../../config/options/option-table.js';

/** Does the option take a value on the command line? */
export function takesValue(row: OptionRow): boolean {
  switch (row.kind) {
    case 'flag':
    case 'boolean':
    case 'count':
      return false;
    case 'number':
    case 'size':
    case 'text':
    case 'choice':
    case 'choices':
    case 'table':
    case 'tables':
    case 'credentials':
    case 'rules':
      return true;
    default:
      return unreachable(row.kind);
  }
}

/**
 * Rewrites arguments as stompclt's users write them into the one form that is parsed: full names with two dashes, and
 * `--name=value` for every option with a value, so that a value that starts with a dash stays one. One dash and a long
 * name means two; `--noX` is `--no-X`; `--loop=false` is `--no-loop`; `-dd` is `-d` twice. Names are never abbreviated.
 * Throws USAGE for a value that a boolean cannot have. `extra` are options of the command itself: they keep their form. Unknown options are left to the parser to refuse.
 */
export function normalizeArguments(args: readonly string[], extra: readonly string[] = []): string[] {
  const normal: string[] = [];
  const rest = args.values();
  for (const arg of rest) {
    if (arg === '--') return [...normal, arg, ...rest];
    const [, name = '', value] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === '') normal.push(arg);
    else if (extra.includes(name)) normal.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    else {
      const row = optionCalled(name);
      if (row?.fileOnly) {
        throw new StompctlError('USAGE', 'option', `--${name}`, 'can only be given in a configuration file');
      }
      if (row === undefined || !takesValue(row)) normal.push(...withoutValue(name, value));
      else if (value !== undefined) normal.push(`--${row.name}=${value}`);
      else {
        const next = rest.next();
        normal.push(next.done ? `--${row.name}` : `--${row.name}=${next.value}`);
      }
    }
  }
  return normal;
}

function withoutValue(name: string, value: string | undefined): string[] {
  const row = optionCalled(name);
  if (row === undefined) return negatedOrUnknown(name, value);
  if (value === undefined) return [`--${row.name}`];
  if (row.kind === 'boolean' && ['true', '1'].includes(value)) return [`--${row.name}`];
  if (row.kind === 'boolean' && ['false', '0'].includes(value)) return [`--no-${row.name}`];
  if (row.kind === 'count' && /^[0-9]$/.test(value)) return Array(Number(value)).fill(`--${row.name}`);
  const reason = row.kind === 'boolean' ? `must be one of true, false, 1, 0, not "${value}"` : 'takes no value';
  throw new StompctlError('USAGE', 'option', `--${row.name}`, reason);
}

function negatedOrUnknown(name: string, value: string | undefined): string[] {
  const positive = optionCalled(name.replace(/^no-?/, ''));
  if (name.startsWith('no') && positive?.kind === 'boolean' && value === undefined) return [`--no-${positive.name}`];
  const letter = optionCalled(name.charAt(0));
  const repeated = letter?.kind === 'count' && [...name].every((char) => char === name[0]);
  if (repeated && value === undefined) return Array(name.length).fill(`--${letter.name}`);
  // one letter keeps its one dash, as it was written
  if (name.length === 1) return [`-${name}`];
  return [value === undefined ? `--${name}` : `--${name}=${value}`];
}
