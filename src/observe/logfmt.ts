import { printable } from '../base/printable.js';
import type { LogFields } from './logger.js';

/** What needs no quotes. */
const PLAIN = /^[^\s"=\\\p{Cc}]+$/u;

/** `level=warn time=… event=open-retry msg="…" code=CONNECT_FAILED`, on one line, without a line end. */
export function logfmtLine({ level, time, pid, name: _, event, msg, ...fields }: LogFields): string {
  return logfmtPairs({ level, time, pid, event, msg, ...fields });
}

/** `key=value key="another value"`. What is not a text, a number or a boolean is JSON, in quotes. */
export function logfmtPairs(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${keyOf(key)}=${shownValue(value)}`)
    .join(' ');
}

function keyOf(key: string): string {
  return printable(key).replace(/[\s"=\\]/gu, '_');
}

function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return PLAIN.test(text) ? printable(text) : printable(JSON.stringify(text));
}
