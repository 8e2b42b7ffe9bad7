import { isAscii, isUtf8 } from 'node:buffer';
import { deflateSync } from 'node:zlib';
import { reasonOf, StompctlError } from '../base/errors.js';
import { type Body, checkEncoding, decodeBody } from './body-encoding.js';
import { DecodeError, type DecodeLimits, foreign, tooLarge, undecodable } from './decode-error.js';
import { exactNumbers } from './exact-numbers.js';
import { escapedLength, isPlain, sameLength, writeEscaped } from './json-text.js';
import {
  decodeLargeBase64,
  findBody,
  LARGE_BYTES,
  LARGE_TEXT_BYTES,
  unescapeLarge,
  withoutBody,
} from './large-file.js';
import { type Header, Message, newHeader } from './message.js';

/** V8 cannot hold a longer string: no file beyond this can be decoded. */
const LONGEST_FILE = 0x1fffffe8;

/** below this nothing is gained */
const LEAST_COMPRESSED = 256;

/** how bodies are compressed on writing; `!`: whether it helps or not */
export type Compression = 'zlib' | 'zlib!';

const FIELDS: ReadonlySet<string> = new Set(['header', 'body', 'text', 'encoding']);
const LONE_SURROGATE = /\p{Surrogate}/u;
/** the most bytes that one of a body takes in JSON (`\u0001`) */
const MOST_PER_BYTE = 6;
/** and one character of a header's JSON, in UTF-8 */
const MOST_PER_CHARACTER = 3;
/** files of this size are put together here: nothing is allocated for them, and nothing has to be counted first */
const shared = Buffer.allocUnsafeSlow(524_288);
const HEAD = '{"body":"';
/** it needs no escape, and is no text */
const DELETE = 0x7f;

/**
 * The largest element file that may hold a message of `maxMessageSize` bytes: one byte of a body takes at most six in
 * JSON (`\u0001`). What is larger need not be read.
 */
export function largestFile(maxMessageSize: number): number {
  return Math.min(LONGEST_FILE, maxMessageSize * MOST_PER_BYTE + 65536);
}

/**
 * The bytes of an element file for `message`, as Perl's and Python's messaging libraries write them. A body said to be
 * text that is not valid UTF-8 is written as bytes, without the flag: bytes are never lost.
 * `compression` is used for a body of over 255 bytes that gets smaller by it, with `!` for every body.
 * Throws MESSAGE_BAD_HEADER for a header that is not valid Unicode (a lone surrogate).
 */
export function encodeMessage(message: Message, compression?: Compression): Buffer {
  const file = encodeForNow(message, compression);
  return file.buffer === shared.buffer ? Buffer.from(file) : file;
}

/** The same, for who is done with the bytes before another message is encoded: they may stand where the next ones go. */
export function encodeForNow(message: Message, compression?: Compression): Buffer {
  const header = headerJson(message.header);
  const { body, text } = message;
  if (compression !== undefined) {
    const file = compressedFile(message, header, compression);
    if (file !== undefined) return file;
  }
  if (body.length === 0) {
    const fields = header === undefined ? [] : [`"header":${header}`];
    if (text) fields.push('"text":true');
    return Buffer.from(`{${fields.join()}}`, 'utf8');
  }
  const ascii = isAscii(body);
  if (ascii || (text && isUtf8(body))) {
    const same = sameLength(body);
    const plain = text || (!body.includes(DELETE) && isPlain(body.subarray(same)));
    if (plain) return plainFile(body, same, tailOf(header, text));
  }
  return base64File(body, tailOf(header, false, 'base64'));
}

/**
 * The message in an element file. Throws ELEMENT_UNDECODABLE with the reason, or MESSAGE_TOO_LARGE. Reading is strict:
 * what another implementation would refuse, or would read as another message, is not guessed at. The bytes of a large file
 * are taken over: its body is made where it stands. `name` is what the error calls it, `instead` what it says of something
 * that is no message at all.
 */
export function decodeMessage(bytes: Buffer, limits: DecodeLimits, name = 'message', instead?: string): Message {
  try {
    return decode(bytes, limits);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const next = error.isForeign && instead !== undefined ? `; ${instead}` : '';
    throw new StompctlError(error.code, 'decode', name, `${error.message}${next}`);
  }
}

function decode(bytes: Buffer, limits: DecodeLimits): Message {
  if (bytes.length > largestFile(limits.maxMessageSize)) throw tooLarge(`the file has ${bytes.length} bytes`, limits);
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) throw foreign('the file is not valid UTF-8');
  if (bytes.length > LARGE_BYTES) {
    const message = decodeLarge(bytes, limits);
    if (message !== undefined) return message;
  }
  return readFields(bytes, ascii, limits);
}

/** A large file, its body apart from the rest; undefined when it must be read as a whole. */
function decodeLarge(bytes: Buffer, limits: DecodeLimits): Message | undefined {
  if (bytes.length <= LARGE_TEXT_BYTES && bytes.includes('\\')) return undefined;
  const place = findBody(bytes);
  if (place === undefined || place.end - place.start < LARGE_BYTES) return undefined;
  const rest = withoutBody(bytes, place);
  const { encoding = '' } = parse(rest.toString('utf8'));
  if (encoding !== '' && encoding !== 'base64') return undefined;
  const message = readFields(rest, isAscii(rest), limits);
  const characters = bytes.subarray(place.start, place.end);
  if (encoding === 'base64' && (message.text || characters.includes('\\'))) return undefined;
  if (encoding === 'base64') return new Message(message.header, decodeLargeBase64(characters, limits), false);
  const body = unescapeLarge(characters, message.text);
  if (body === undefined) return undefined;
  if (body.length > limits.maxMessageSize) throw tooLarge(`the body has ${body.length} bytes`, limits);
  return new Message(message.header, body, message.text);
}

function readFields(bytes: Buffer, ascii: boolean, limits: DecodeLimits): Message {
  const json = ascii ? bytes.toString('latin1') : bytes.toString('utf8');
  const fields = parse(json);
  const escaped = json.includes('\\u');
  for (const name in fields) if (!FIELDS.has(name)) throw foreign(`unknown field ${JSON.stringify(name)}`);
  const text = fields.text === undefined ? false : fields.text;
  if (typeof text !== 'boolean') throw undecodable('field "text" is not true or false');
  const header = readHeader(fields.header, escaped);
  const encoding = readScalar(fields.encoding, 'encoding');
  if (fields.body === undefined) {
    checkEncoding(encoding);
    return new Message(header, undefined, text);
  }
  const characters = readScalar(fields.body, 'body');
  if (escaped && LONE_SURROGATE.test(characters)) throw undecodable('the body holds half a surrogate pair');
  const body: Body = { characters, text, ascii: ascii && !escaped };
  return new Message(header, decodeBody(body, encoding, limits), text);
}

function parse(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = exactNumbers(JSON.parse(json), json);
  } catch (error) {
    // the text of V8's error quotes the input: a body must not reach the logs
    throw foreign(
      `not JSON: ${reasonOf(error)
        .replace(/,?[\s.]*"[\s\S]*/, '')
        .trim()}`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw foreign('not a JSON object');
  return value as Record<string, unknown>;
}

function readHeader(value: unknown, escaped: boolean): Header {
  const header = newHeader();
  if (value === undefined) return header;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw undecodable('field "header" is not an object');
  }
  const fields = value as Record<string, unknown>;
  for (const name in fields) {
    const field = fields[name];
    if (typeof field === 'string') header[name] = field;
    else if (typeof field === 'number') header[name] = String(field);
    else throw undecodable(`header ${JSON.stringify(name)} is not a string`);
    // each by itself: half a pair at the end of the name and half at the start of the value make none
    if (escaped && (LONE_SURROGATE.test(name) || LONE_SURROGATE.test(header[name] ?? ''))) {
      throw undecodable('a header holds half a surrogate pair');
    }
  }
  return header;
}

function readScalar(value: unknown, name: string): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw undecodable(`field "${name}" is not a string`);
}

function headerJson(header: Readonly<Header>): string | undefined {
  for (const _name in header) {
    const json = JSON.stringify(header);
    // JSON.stringify escapes a surrogate only when it stands alone
    if (json.includes('\\ud') && LONE_SURROGATE.test(Object.entries(header).join())) {
      throw new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', 'a header holds half a surrogate pair');
    }
    return json;
  }
  return undefined;
}

/** What stands behind the characters of a body. */
function tailOf(header: string | undefined, text: boolean, encoding?: string): string {
  const encoded = encoding === undefined ? '' : `,"encoding":"${encoding}"`;
  return `"${encoded}${header === undefined ? '' : `,"header":${header}`}${text ? ',"text":true' : ''}}`;
}

/** undefined: not worth it */
function compressedFile(message: Message, header: string | undefined, compression: Compression): Buffer | undefined {
  const { body } = message;
  const forced = compression === 'zlib!';
  if (body.length === 0 || (!forced && body.length < LEAST_COMPRESSED)) return undefined;
  const ascii = isAscii(body);
  const text = message.text && (ascii || isUtf8(body));
  const compressed = deflateSync(body);
  const plainLength = text || (ascii && isPlain(body)) ? body.length : (body.length * 4) / 3;
  if (!forced && Math.ceil(compressed.length / 3) * 4 >= plainLength) return undefined;
  return base64File(compressed, tailOf(header, text, text && !ascii ? 'base64+utf8+zlib' : 'base64+zlib'));
}

/** A body that is valid UTF-8: `same` bytes as they are, the others escaped where they must be. */
function plainFile(body: Buffer, same: number, tail: string): Buffer {
  const rest = body.subarray(same);
  const least = HEAD.length + same + tail.length * MOST_PER_CHARACTER;
  const file =
    least + rest.length * MOST_PER_BYTE <= shared.length ? shared : Buffer.allocUnsafe(least + escapedLength(rest));
  let at = file.write(HEAD, 'latin1');
  at += body.copy(file, at, 0, same);
  at = writeEscaped(rest, file, at);
  return file.subarray(0, at + file.write(tail, at, 'utf8'));
}

/** A piece at a time: a large body is never held as a string as well. */
function base64File(body: Buffer, tail: string): Buffer {
  const length = Math.ceil(body.length / 3) * 4;
  const most = HEAD.length + length + tail.length * MOST_PER_CHARACTER;
  const file = most <= shared.length ? shared : Buffer.allocUnsafe(HEAD.length + length + Buffer.byteLength(tail));
  let at = file.write(HEAD, 'latin1');
  const PIECE = 3 * 65536;
  for (let from = 0; from < body.length; from += PIECE) {
    at += file.write(body.toString('base64', from, Math.min(from + PIECE, body.length)), at, 'latin1');
  }
  return file.subarray(0, at + file.write(tail, at, 'utf8'));
}
