import { basename } from 'node:path';
import { secondsText } from '../../transfer/verdict.js';
import type { InstanceStatus } from './instance-status.js';
import { type PublishedTransfer, publishedEnds, publishedNumber, publishedTransfers } from './published-facts.js';

/** One instance as a row: what is known of it, or why nothing is. */
export interface InstanceRow {
  readonly pidfile: string;
  /** undefined: not looked at yet */
  readonly status: InstanceStatus | undefined;
  /** what went wrong with looking */
  readonly fault: string | undefined;
  /** one of several transfers of the instance; its facts stand in the place of the instance's */
  readonly transfer?: PublishedTransfer;
}

/** What needs somebody comes first. */
const ORDER = [
  'stuck',
  'failed',
  'invalid',
  'not running',
  'unknown',
  'starting',
  'stopping',
  'moving',
  'idle',
  'ended',
  '',
];

const COLUMNS: readonly (readonly [title: string, value: (row: InstanceRow) => string, right: boolean])[] = [
  ['INSTANCE', ({ pidfile, transfer }) => nameOf(pidfile) + (transfer === undefined ? '' : `/${transfer.name}`), false],
  ['PID', ({ status }) => String(status?.pid ?? '-'), true],
  ['STATE', (row) => stateOf(row), false],
  ['SENT/S', (row) => numberOf(row, 1, 'rate', 'sent'), true],
  ['BACKLOG', (row) => numberOf(row, 0, 'backlog', 'elements'), true],
  ['OLDEST', (row) => timeOf(publishedNumber(recordOf(row), 'backlog', 'oldestMs')), true],
  ['FLIGHT', (row) => numberOf(row, 0, 'inFlight'), true],
  ['FAILED', (row) => numberOf(row, 0, 'failures', 'elements'), true],
  ['WHY', (row) => whyOf(row), false],
];

/** The rows as lines of at most `width` characters, a line of titles first; at most `height` lines. */
export function instanceTable(rows: readonly InstanceRow[], width: number, height: number): string[] {
  const rank = (row: InstanceRow) => ORDER.indexOf(stateOf(row));
  const order = (row: InstanceRow) => `${row.pidfile}\0${row.transfer?.name ?? ''}`;
  const sorted = rows.flatMap(transfersOf).sort((a, b) => rank(a) - rank(b) || (order(a) < order(b) ? -1 : 1));
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

/** A process that runs several transfers has a row for each of them. */
function transfersOf(row: InstanceRow): InstanceRow[] {
  const transfers = row.status?.verdict === undefined ? [] : publishedTransfers(row.status.record);
  return transfers === undefined || transfers.length === 0
    ? [row]
    : transfers.map((transfer) => ({ ...row, transfer }));
}

function nameOf(pidfile: string): string {
  return basename(pidfile).replace(/\.pid$/, '');
}

function recordOf({ status, transfer }: InstanceRow): unknown {
  return transfer?.facts ?? status?.record;
}

export function stateOf({ status, fault, transfer }: InstanceRow): string {
  if (fault !== undefined) return 'invalid';
  if (status === undefined) return '';
  if (transfer !== undefined) return transfer.state;
  return status.verdict?.state ?? (status.pid === undefined ? 'not running' : 'unknown');
}

/** Why it is stuck; otherwise the last error, though it was overcome. */
function whyOf(row: InstanceRow): string {
  const { status, fault, transfer } = row;
  if (fault !== undefined || status === undefined) return fault ?? '';
  const verdict = transfer ?? status.verdict;
  if (verdict === undefined) return status.unknown ?? '';
  if (verdict.state === 'stuck' || verdict.state === 'failed') return verdict.reason;
  const errors = publishedEnds(recordOf(row)).flatMap(({ lastError }) => lastError ?? []);
  const [last] = errors.sort((a, b) => a.agoMs - b.agoMs);
  return last === undefined ? '' : `${secondsText(last.agoMs)} ago: ${last.message}`;
}

function numberOf(row: InstanceRow, digits: number, ...path: readonly string[]): string {
  const value = row.status?.pid === undefined ? undefined : publishedNumber(recordOf(row), ...path);
  return value === undefined ? '-' : value.toFixed(digits);
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : secondsText(ms);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
