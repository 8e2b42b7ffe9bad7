import { StompctlError } from '../../base/errors.js';
import type { StompVersion } from './frame.js';

const UNSAFE_1_2 = /[\\\n\r:]/;
const UNSAFE_1_1 = /[\\\n:]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };

/**
 * A header name as it goes on the wire.
 * STOMP 1.2 "Value Encoding": `\\`, `\n`, `\r`, `\c`; STOMP 1.1 has no `\r`, a CR is data there; STOMP 1.0 has none, so that a
 * name with LF or `:` cannot be carried: MESSAGE_BAD_HEADER.
 */
export function escapeName(name: string, version: StompVersion): string {
  if (name === '') throw badHeader(name, 'a header name is empty');
  if (version !== '1.0') return escapeText(name, version);
  if (name.includes('\n') || name.includes(':')) {
    throw badHeader(name, 'STOMP 1.0 carries no line feed or colon in a header name; use STOMP 1.1 or 1.2');
  }
  return name;
}

/** A header value as it goes on the wire. On STOMP 1.0 a line feed cannot be carried: MESSAGE_BAD_HEADER. */
export function escapeValue(name: string, value: string, version: StompVersion): string {
  if (version !== '1.0') return escapeText(value, version);
  if (value.includes('\n')) {
    throw badHeader(name, 'STOMP 1.0 carries no line feed in a header value; use STOMP 1.1 or 1.2');
  }
  return value;
}

/** CONNECT and CONNECTED are not escaped in any version: what would need it is a MESSAGE_BAD_HEADER. */
export function unescapable(name: string, value: string): void {
  if (/[\n\r:]/.test(name) || name === '' || /[\n\r]/.test(value)) {
    throw badHeader(name, 'CONNECT and CONNECTED carry no line end in a header, nor a colon in a header name');
  }
}

function escapeText(text: string, version: StompVersion): string {
  if (version === '1.2') return UNSAFE_1_2.test(text) ? text.replace(/[\\\n\r:]/g, (c) => ESCAPES[c] ?? c) : text;
  return UNSAFE_1_1.test(text) ? text.replace(/[\\\n:]/g, (c) => ESCAPES[c] ?? c) : text;
}

/**
 * The text that `escaped` stands for on STOMP 1.1 and 1.2; undefined when it has an undefined escape.
 * STOMP 1.2: "Undefined escape sequences such as \t MUST be treated as a fatal protocol error". STOMP 1.1 says nothing about them,
 * and RabbitMQ sends `\r` on 1.1 sessions too, so that one is understood on both.
 */
export function unescapeText(escaped: string): string | undefined {
  let text = '';
  let from = 0;
  for (let at = escaped.indexOf('\\'); at >= 0; at = escaped.indexOf('\\', from)) {
    const plain = UNESCAPES[escaped[at + 1] ?? ''];
    if (plain === undefined) return undefined;
    text += escaped.slice(from, at) + plain;
    from = at + 2;
  }
  return text + escaped.slice(from);
}

const UNESCAPES: Readonly<Record<string, string | undefined>> = { '\\': '\\', n: '\n', r: '\r', c: ':' };

function badHeader(name: string, reason: string): StompctlError {
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', `header ${JSON.stringify(name.slice(0, 80))}`, reason);
}
