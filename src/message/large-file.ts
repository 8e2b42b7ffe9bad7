import { isAscii } from 'node:buffer';
import { type DecodeLimits, tooLarge, undecodable } from './decode-error.js';
import { ESCAPE_LETTERS, sameLength } from './json-text.js';

/**
 * Large message files read without large strings: a body is unescaped and decoded as bytes, so that a message is in memory
 * twice at most while its file is read, not five times. Their bytes are taken over: nobody else may write there.
 */
export const LARGE_BYTES = 65_536;
/** up to here what has an escape is left to JSON.parse: unescaping bytes is slower */
export const LARGE_TEXT_BYTES = 1 << 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PIECE = 1 << 20;
/** the byte that a letter means behind a backslash; 0: none */
const SHORT_UNESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries(ESCAPE_LETTERS)) SHORT_UNESCAPES[letter.charCodeAt(0)] = byte;
SHORT_UNESCAPES['/'.charCodeAt(0)] = '/'.charCodeAt(0);

/** Where the characters of the `body` field stand in a file. */
export interface BodyPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * The place of the one `body` string of a JSON object. Undefined when there is none, several, or anything else is unusual:
 * JSON.parse, which reads the rest, then reads it all and says what is wrong.
 */
export function findBody(file: Buffer): BodyPlace | undefined {
  let place: BodyPlace | undefined;
  let at = skipBlanks(file, 0);
  if (file[at] !== 0x7b) return undefined;
  do {
    const key = skipBlanks(file, at + 1);
    const keyEnd = endOfString(file, key);
    const colon = skipBlanks(file, keyEnd);
    if (file[colon] !== 0x3a) return undefined;
    const value = skipBlanks(file, colon + 1);
    const end = endOfValue(file, value);
    // a key with an escape could be `body` too
    if (file.subarray(key, keyEnd).includes(BACKSLASH)) return undefined;
    if (file.toString('latin1', key, keyEnd) === '"body"') {
      if (place !== undefined || file[value] !== QUOTE) return undefined;
      place = { start: value + 1, end: end - 1 };
    }
    at = skipBlanks(file, end);
  } while (file[at] === 0x2c);
  return place;
}

/** The file with an empty body in place of its large one. */
export function withoutBody(file: Buffer, { start, end }: BodyPlace): Buffer {
  return Buffer.concat([file.subarray(0, start), file.subarray(end)]);
}

/** The bytes of base64 characters. Throws a DecodeError. */
export function decodeLargeBase64(characters: Buffer, limits: DecodeLimits): Buffer {
  const { length } = characters;
  if (length % 4 !== 0) throw undecodable('the body is not base64');
  let padding = 0;
  while (padding < 2 && characters[length - 1 - padding] === 0x3d) padding += 1;
  const size = (length / 4) * 3 - padding;
  if (size > limits.maxMessageSize) throw tooLarge(`the body has ${size} bytes`, limits);
  const bytes = Buffer.allocUnsafe(size);
  let written = 0;
  for (let from = 0; from < length; from += PIECE) {
    written += bytes.write(characters.toString('latin1', from, Math.min(from + PIECE, length)), written, 'base64');
    // fewer bytes than characters stand for: some were not of the alphabet
    if (written !== Math.min(size, ((from + PIECE) / 4) * 3)) throw undecodable('the body is not base64');
  }
  // the alphabet of URLs, which Buffer.write knows as well
  if (characters.includes(0x2d) || characters.includes(0x5f)) throw undecodable('the body is not base64');
  return bytes;
}

/**
 * The bytes of the characters of a JSON string that is valid UTF-8, unescaped where they stand: the answer is a part of
 * `characters`. Undefined when that cannot be done here: an escaped character over U+007F, or, unless `text`, any
 * character that is not ASCII. Throws a DecodeError for what is not JSON.
 */
export function unescapeLarge(characters: Buffer, text: boolean): Buffer | undefined {
  if (!text && !isAscii(characters)) return undefined;
  const same = sameLength(characters);
  // looked at before anything is moved
  if (hasWideEscape(characters.subarray(same))) return undefined;
  const { length } = characters;
  let to = same;
  let from = same;
  while (from < length) {
    const byte = characters[from] ?? 0;
    from += 1;
    if (byte >= 0x20 && byte !== BACKSLASH) {
      characters[to] = byte;
      to += 1;
      continue;
    }
    if (byte < 0x20) throw undecodable('not JSON: a control character in a string');
    const letter = characters[from] ?? 0;
    from += 1;
    let meant = SHORT_UNESCAPES[letter] ?? 0;
    if (letter === 0x75) {
      meant = Number.parseInt(characters.toString('latin1', from, from + 4), 16);
      from += 4;
    } else if (meant === 0) throw undecodable('not JSON: an unknown escape in a string');
    characters[to] = meant;
    to += 1;
  }
  return characters.subarray(0, to);
}

/**
 * Is there a `\u` escape over U+007F, or one that is none? Those change how many bytes a character takes. An escaped
 * backslash before a `u` may look like one: the body is then read in the other way, which takes everything.
 */
function hasWideEscape(characters: Buffer): boolean {
  // most text has none, and looking for the two characters together is quick
  for (let at = characters.indexOf('\\u', 0, 'latin1'); at >= 0; at = characters.indexOf('\\u', at + 1, 'latin1')) {
    if (!/^00[0-7][0-9a-f]$/i.test(characters.toString('latin1', at + 2, at + 6))) return true;
  }
  return false;
}

function skipBlanks(file: Buffer, from: number): number {
  let at = from;
  while (file[at] === 0x20 || file[at] === 0x0a || file[at] === 0x0d || file[at] === 0x09) at += 1;
  return at;
}

/** Where the string that opens at `from` has ended; the end of the file when it opens none, or never ends. */
function endOfString(file: Buffer, from: number): number {
  if (file[from] !== QUOTE) return file.length;
  for (let quote = file.indexOf(QUOTE, from + 1); quote >= 0; quote = file.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (file[quote - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return quote + 1;
  }
  return file.length;
}

/** Where the value that begins at `from` has ended: a string, an object (strings inside skipped), or a word. */
function endOfValue(file: Buffer, from: number): number {
  if (file[from] === QUOTE) return endOfString(file, from);
  let depth = 0;
  for (let at = from; at < file.length; at += 1) {
    const byte = file[at];
    if (byte === QUOTE) at = endOfString(file, at) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (byte === 0x2c && depth === 0) return at;
  }
  return file.length;
}
