import { basename } from 'node:path';
import { secondsText } from '../../transfer/verdict.js';
import type { InstanceStatus } from './instance-status.js';
import { publishedEnds, publishedNumber } from './published-facts.js';

/** One instance as a row: what is known of it, or why nothing is. */
export interface InstanceRow {
  readonly pidfile: string;
  /** undefined: not looked at yet */
  readonly status: InstanceStatus | undefined;
  /** what went wrong with looking */
  readonly fault: string | undefined;
}

/** What needs somebody comes first. */
const ORDER = ['stuck', 'invalid', 'not running', 'unknown', 'stopping', 'moving', 'idle', ''];

const COLUMNS: readonly (readonly [title: string, value: (row: InstanceRow) => string, right: boolean])[] = [
  ['INSTANCE', ({ pidfile }) => basename(pidfile).replace(/\.pid$/, ''), false],
  ['PID', ({ status }) => String(status?.pid ?? '-'), true],
  ['STATE', (row) => stateOf(row), false],
  ['SENT/S', (row) => numberOf(row, 1, 'rate', 'sent'), true],
  ['BACKLOG', (row) => numberOf(row, 0, 'backlog', 'elements'), true],
  ['OLDEST', ({ status }) => timeOf(publishedNumber(status?.record, 'backlog', 'oldestMs')), true],
  ['FLIGHT', (row) => numberOf(row, 0, 'inFlight'), true],
  ['FAILED', (row) => numberOf(row, 0, 'failures', 'elements'), true],
  ['WHY', (row) => whyOf(row), false],
];

/** The rows as lines of at most `width` characters, a line of titles first; at most `height` lines. */
export function instanceTable(rows: readonly InstanceRow[], width: number, height: number): string[] {
  const rank = (row: InstanceRow) => ORDER.indexOf(stateOf(row));
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || (a.pidfile < b.pidfile ? -1 : 1));
  const cells = sorted.map((row) => COLUMNS.map(([, value]) => value(row).replace(/\p{Cc}/gu, ' ')));
  const widths = COLUMNS.map(([title], column) =>
    Math.max(title.length, ...cells.map((cell) => cell[column]?.length ?? 0)),
  );
  const line = (texts: readonly string[]) => {
    const parts = texts.map((text, column) => {
      if (column === texts.length - 1) return text;
      return COLUMNS[column]?.[2] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
    });
    return cut(parts.join('  ').trimEnd(), width);
  };
  const lines = [line(COLUMNS.map(([title]) => title)), ...cells.map(line)];
  if (lines.length <= height) return lines;
  const shown = Math.max(1, height - 1);
  return [...lines.slice(0, shown), cut(`… and ${lines.length - shown} more`, width)];
}

export function stateOf({ status, fault }: InstanceRow): string {
  if (fault !== undefined) return 'invalid';
  if (status === undefined) return '';
  return status.verdict?.state ?? (status.pid === undefined ? 'not running' : 'unknown');
}

/** Why it is stuck; otherwise the last error, though it was overcome. */
function whyOf({ status, fault }: InstanceRow): string {
  if (fault !== undefined || status === undefined) return fault ?? '';
  if (status.verdict === undefined) return status.unknown ?? '';
  if (status.verdict.state === 'stuck') return status.verdict.reason;
  const errors = publishedEnds(status.record).flatMap(({ lastError }) => lastError ?? []);
  const [last] = errors.sort((a, b) => a.agoMs - b.agoMs);
  return last === undefined ? '' : `${secondsText(last.agoMs)} ago: ${last.message}`;
}

function numberOf({ status }: InstanceRow, digits: number, ...path: readonly string[]): string {
  const value = status?.pid === undefined ? undefined : publishedNumber(status.record, ...path);
  return value === undefined ? '-' : value.toFixed(digits);
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : secondsText(ms);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
