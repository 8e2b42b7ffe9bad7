import { isAscii, isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { StompctlError } from '../base/errors.js';
import { ownFile } from '../base/own-files.js';
import { type Header, Message, newHeader } from './message.js';

/** What a content-type says of a body. */
interface ContentType {
  readonly text: boolean;
  /** lower case; undefined: none given */
  readonly charset: string | undefined;
}

const CONTENT_TYPE = 'content-type';
const TEXT_TYPE = /^\s*text\/[^\s;]+\s*$/i;
const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i;
const BYTES: ContentType = { text: false, charset: undefined };
const TEXT: ContentType = { text: true, charset: undefined };

/** the last content-types seen: a queue or a broker repeats a few of them */
const seen = new Map<string, ContentType>();
const MOST_SEEN = 64;

/** Is a body of this content-type text? `text/SUBTYPE` without parameters is, and whatever carries a charset. */
export function isTextContentType(contentType: string | undefined): boolean {
  return readContentType(contentType).text;
}

/**
 * The message in a received frame. Its body is text when the content-type says so and the bytes agree; then they are
 * decoded from the charset and held as UTF-8. Bytes that are not what the content-type says stay as they are, as bytes.
 * The body of the frame is used, not copied, when it needs no decoding.
 */
export function messageFromFrame(header: Readonly<Header>, body: Buffer): Message {
  const { text, charset } = readContentType(header[CONTENT_TYPE]);
  if (!text) return new Message(header, body, false);
  if (isAscii(body) && isAsciiSuperset(charset)) return new Message(header, body, true);
  if (isUnicode8(charset)) return new Message(header, body, isUtf8(body));
  const decoded = transcode(body, charset as string);
  return decoded === undefined ? new Message(header, body, false) : new Message(header, decoded, true);
}

/**
 * The header and body of a SEND frame for `message`: a text message without content-type gets `text/unknown`, one with a
 * charset is encoded in it. The header is copied only when it changes. Throws MESSAGE_BAD_HEADER when the text has a
 * character that the charset has not.
 */
export function frameFromMessage(message: Message): { header: Readonly<Header>; body: Buffer } {
  const { header, body } = message;
  if (!message.text) return { header, body };
  const contentType = header[CONTENT_TYPE];
  if (contentType === undefined) {
    const typed = newHeader(header);
    typed[CONTENT_TYPE] = 'text/unknown';
    return { header: typed, body };
  }
  const { charset } = readContentType(contentType);
  if (isUnicode8(charset) || (isAscii(body) && isAsciiSuperset(charset))) return { header, body };
  return { header, body: encodeText(body, charset as string) };
}

function readContentType(contentType: string | undefined): ContentType {
  if (contentType === undefined) return BYTES;
  const known = seen.get(contentType);
  if (known !== undefined) return known;
  const charset = CHARSET.exec(contentType);
  let result = TEXT_TYPE.test(contentType) ? TEXT : BYTES;
  if (charset !== null) result = { text: true, charset: (charset[1] ?? charset[2] ?? '').toLowerCase() };
  if (seen.size >= MOST_SEEN) seen.clear();
  seen.set(contentType, result);
  return result;
}

function isUnicode8(charset: string | undefined): boolean {
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}

/** Charsets in which every ASCII byte is that ASCII character: most text needs no decoding at all. */
function isAsciiSuperset(charset: string | undefined): boolean {
  return isUnicode8(charset) || /^(?:us-ascii|iso-?8859-?\d+|latin\d|windows-125\d|cp125\d)$/.test(charset as string);
}

interface Iconv {
  encodingExists(name: string): boolean;
  decode(bytes: Buffer, charset: string, options?: { stripBOM?: boolean }): string;
  encode(text: string, charset: string): Buffer;
}

let iconv: Iconv | undefined;

/** iconv-lite is large, and text in another charset is rare. */
function loadIconv(): Iconv {
  iconv ??= createRequire(import.meta.url)(ownFile('iconv-lite.cjs')) as Iconv;
  return iconv;
}

/**
 * UTF-8 from `charset`; undefined when the charset is unknown or the bytes are not valid in it. What cannot be decoded and
 * encoded back would arrive changed at the far end; it is judged on the bytes that will be encoded, since UTF-8 has no
 * half surrogate pairs, which a string of JavaScript may hold.
 */
function transcode(body: Buffer, charset: string): Buffer | undefined {
  if (!isCharset(charset)) return undefined;
  if (body.length === 0) return body;
  const order = byteOrder(body, charset);
  if (order === undefined) {
    if (MARKED[plainName(charset)] !== undefined) return undefined;
    const decoded = Buffer.from(loadIconv().decode(body, charset, { stripBOM: false }), 'utf8');
    return loadIconv().encode(decoded.toString('utf8'), charset).equals(body) ? decoded : undefined;
  }
  const decoded = Buffer.from(loadIconv().decode(body.subarray(order.mark.length), order.charset, KEEP_MARK), 'utf8');
  if (decoded.length === 0 || !encodeMarked(decoded, order).equals(body)) return undefined;
  if (order.little) littleEndian.add(decoded);
  return decoded;
}

interface ByteOrder {
  readonly charset: string;
  readonly mark: Buffer;
  readonly little: boolean;
}

const KEEP_MARK = { stripBOM: false };

/**
 * The charsets whose byte order a mark at the start of the body tells. The mark is no character of the text (RFC 2781,
 * section 3.2); without one the order is a guess. Big-endian is what is written, as Perl does.
 */
const MARKED: Readonly<Record<string, readonly ByteOrder[]>> = {
  utf16: [
    { charset: 'utf-16be', mark: Buffer.from([0xfe, 0xff]), little: false },
    { charset: 'utf-16le', mark: Buffer.from([0xff, 0xfe]), little: true },
  ],
  utf32: [
    { charset: 'utf-32be', mark: Buffer.from([0, 0, 0xfe, 0xff]), little: false },
    { charset: 'utf-32le', mark: Buffer.from([0xff, 0xfe, 0, 0]), little: true },
  ],
};

/** the decoded bodies that came in little-endian order: as long as they are not rewritten they leave so */
const littleEndian = new WeakSet<Buffer>();

function byteOrder(body: Buffer, charset: string): ByteOrder | undefined {
  return MARKED[plainName(charset)]?.find(({ mark }) => body.subarray(0, mark.length).equals(mark));
}

function encodeMarked(text: Buffer, { charset, mark }: ByteOrder): Buffer {
  return Buffer.concat([mark, loadIconv().encode(text.toString('utf8'), charset)]);
}

/** as iconv-lite compares them */
function plainName(charset: string): string {
  const name = charset.replace(/[^0-9a-z]/g, '');
  return name === 'ucs4' ? 'utf32' : name;
}

/** Known, and a charset: iconv-lite has the transfer encodings of mail as well. */
function isCharset(charset: string): boolean {
  return !/^(?:base64|hex)$/.test(plainName(charset)) && loadIconv().encodingExists(charset);
}

function encodeText(body: Buffer, charset: string): Buffer {
  if (!isCharset(charset)) throw badCharset(charset, 'is not known');
  const orders = MARKED[plainName(charset)];
  const order = orders?.find(({ little }) => little === littleEndian.has(body));
  if (body.length === 0) return body;
  if (order !== undefined) return encodeMarked(body, order);
  const library = loadIconv();
  const text = body.toString('utf8');
  const encoded = library.encode(text, charset);
  if (library.decode(encoded, charset, KEEP_MARK) !== text) throw badCharset(charset, 'lacks a character of the body');
  return encoded;
}

function badCharset(charset: string, why: string): StompctlError {
  const reason = `charset ${JSON.stringify(charset.slice(0, 40))} ${why}: correct the content-type header`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', reason);
}
