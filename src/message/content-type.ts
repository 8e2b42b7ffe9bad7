import { isAscii, isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { StompctlError } from '../base/errors.js';
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
  iconv ??= createRequire(import.meta.url)('iconv-lite') as Iconv;
  return iconv;
}

/** UTF-8 from `charset`; undefined when the charset is unknown or the bytes are not valid in it. */
function transcode(body: Buffer, charset: string): Buffer | undefined {
  const library = loadIconv();
  if (!library.encodingExists(charset)) return undefined;
  const text = library.decode(body, charset, { stripBOM: false });
  // what cannot be decoded and encoded back would arrive changed at the far end
  if (!library.encode(text, charset).equals(body)) return undefined;
  return Buffer.from(text, 'utf8');
}

function encodeText(body: Buffer, charset: string): Buffer {
  const library = loadIconv();
  if (!library.encodingExists(charset)) throw badCharset(charset, 'is not known');
  const text = body.toString('utf8');
  const encoded = library.encode(text, charset);
  if (library.decode(encoded, charset, { stripBOM: false }) !== text)
    throw badCharset(charset, 'lacks a character of the body');
  return encoded;
}

function badCharset(charset: string, why: string): StompctlError {
  const reason = `charset ${JSON.stringify(charset.slice(0, 40))} ${why}: correct the content-type header`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', reason);
}
