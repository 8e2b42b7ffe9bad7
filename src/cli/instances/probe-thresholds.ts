import { StompctlError } from '../../base/errors.js';

/** A range as Nagios plugins have it: what is outside of it alerts; with `@`, what is inside. */
export interface AlertRange {
  readonly text: string;
  alerts(value: number): boolean;
}

const RANGE = /^(@?)(?:(~|-?\d+(?:\.\d+)?):)?(-?\d+(?:\.\d+)?)?$/;

/** `10`: below 0 or above 10; `10:` below 10; `~:10` above 10; `10:20` outside of them; `@10:20` inside. USAGE for others. */
export function parseRange(text: string, option: string): AlertRange {
  const match = RANGE.exec(text);
  const [, inside, from, to] = match ?? [];
  const low = from === undefined ? 0 : from === '~' ? Number.NEGATIVE_INFINITY : Number(from);
  const high = to === undefined ? Number.POSITIVE_INFINITY : Number(to);
  if (match === null || (from === undefined && to === undefined) || low > high) {
    const reason = `"${text}" is no range of Nagios, such as 10, 10:, ~:10, 10:20 or @10:20`;
    throw new StompctlError('USAGE', 'option', option, reason);
  }
  const outside = (value: number) => value < low || value > high;
  return { text, alerts: (value) => (inside === '@' ? !outside(value) : outside(value)) };
}

/** What may be judged, in the order in which it is told. */
export const PROBED = ['backlog', 'age', 'failures', 'parked', 'rejected', 'in_flight', 'unsettled', 'rate'] as const;
export type Probed = (typeof PROBED)[number];

/** `backlog=1000,age=60` by name. USAGE when it is none. */
export function parseRanges(text: string, option: string): Map<Probed, AlertRange> {
  const ranges = new Map<Probed, AlertRange>();
  for (const part of text.split(',')) {
    const [, name = '', range = ''] = /^([a-z_]+)=(.*)$/.exec(part.trim()) ?? [];
    const known = PROBED.find((each) => each === name);
    if (known === undefined) {
      const reason = `"${part.trim()}" is not NAME=RANGE, with one of ${PROBED.join(', ')} as the name`;
      throw new StompctlError('USAGE', 'option', option, reason);
    }
    if (ranges.has(known)) throw new StompctlError('USAGE', 'option', option, `${known} is given twice`);
    ranges.set(known, parseRange(range, option));
  }
  return ranges;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A whole number, or, where `units` are allowed, also a time such as `90`, `5m`, `2h`: seconds. USAGE for others. */
export function parseMost(text: string, option: string, units: boolean): AlertRange {
  const [, number, unit = 's'] = /^(\d{1,15})([smhd])?$/.exec(text) ?? [];
  if (number === undefined || (!units && /[a-z]$/.test(text))) {
    const reason = `"${text}" is not a ${units ? 'time, such as 90, 5m or 2h' : 'number'}`;
    throw new StompctlError('USAGE', 'option', option, reason);
  }
  return parseRange(String(Number(number) * (SECONDS[unit] ?? 1)), option);
}
