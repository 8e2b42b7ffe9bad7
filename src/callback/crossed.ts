import { isUtf8 } from 'node:buffer';
import { newHeader } from '../message/message.js';
import { FieldReader } from './border/fields.js';

/** What came out of the sandbox has not the shape that it should have. */
export class BadResult extends Error {}

/** A header larger than this, or with more names, would hold up the main thread. */
const MOST_HEADER_BYTES = 16 * 1024 * 1024;
const MOST_NAMES = 10_000;

/** A header that crossed: JSON text, or a list of names and values. Throws BadResult, MalformedFields or SyntaxError. */
export function readCrossedHeader(bytes: Buffer, json: boolean): Readonly<Record<string, string>> {
  if (bytes.length > MOST_HEADER_BYTES) throw new BadResult(`the header is larger than ${MOST_HEADER_BYTES} bytes`);
  return json ? fromJson(bytes) : fromList(bytes);
}

function fromJson(utf8: Buffer): Readonly<Record<string, string>> {
  if (utf8.length > 4 * MOST_NAMES) checkNames(utf8);
  const text = textOf(utf8);
  const parsed: unknown = JSON.parse(text);
  // JSON can spell halves of surrogate pairs, which have no UTF-8: they would silently become another character
  checkHeader(parsed, text.includes('\\u'));
  return Object.setPrototypeOf(parsed, null);
}

function checkHeader(parsed: unknown, halves: boolean): asserts parsed is Record<string, string> {
  if (!isTable(parsed)) throw new BadResult('the header is not an object');
  for (const name in parsed) {
    const value = parsed[name];
    if (typeof value !== 'string') throw new BadResult(`header ${shown(name)} is not a string`);
    if (halves && (HALF.test(name) || HALF.test(value)))
      throw new BadResult(`header ${shown(name)} holds half a surrogate pair`);
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromList(list: Buffer): Readonly<Record<string, string>> {
  const fields = new FieldReader(list);
  const header = newHeader();
  for (let count = 0; !fields.ended; count += 1) {
    if (count === MOST_NAMES) throw tooMany();
    const name = fields.next();
    header[textOf(name)] = textOf(fields.next());
  }
  return header;
}

/** Four quotes a name and its value; escaped ones do not count. Each byte is looked at once, whatever the header holds. */
function checkNames(utf8: Buffer): void {
  let quotes = 0;
  for (let at = 0; at < utf8.length; at += 1) {
    const byte = utf8[at];
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) quotes += 1;
    if (quotes > 4 * MOST_NAMES) throw tooMany();
  }
}

function tooMany(): BadResult {
  return new BadResult(`the header has more than ${MOST_NAMES} names`);
}

/** A text of at most `most` UTF-16 units; what is no UTF-8 is U+FFFD. */
export function readText(utf8: Buffer, most: number): string {
  const text = utf8.toString('utf8', 0, 4 * most + 4);
  return text.length > most ? text.slice(0, most + 1) : text;
}

/** Each field by itself: two halves of a character may make one whole when they meet. */
function textOf(utf8: Buffer): string {
  if (!isUtf8(utf8)) throw new BadResult('the header holds half a surrogate pair, or bytes that are no UTF-8');
  return utf8.toString('utf8');
}

function shown(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

const HALF = /\p{Surrogate}/u;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A copy unless it is most of what it is a part of: a small body must not keep a whole log in memory. */
export function kept(bytes: Buffer): Buffer {
  return 2 * bytes.length < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
