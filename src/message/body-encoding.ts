import { isUtf8 } from 'node:buffer';
import { type DecodeLimits, tooLarge, undecodable } from './decode-error.js';
import { DECOMPRESSIONS, type Decompress } from './decompress.js';

/** The `body` field of a message file, before its encodings are undone. */
export interface Body {
  readonly characters: string;
  readonly text: boolean;
  /** known to hold ASCII characters only */
  readonly ascii: boolean;
}

/**
 * The bytes of a body: undoes base64, then the compression, then utf8, in this order whatever order `encoding` names
 * them in. For text the bytes are UTF-8. Throws ELEMENT_UNDECODABLE or MESSAGE_TOO_LARGE.
 */
export function decodeBody(body: Body, encoding: string, limits: DecodeLimits): Buffer {
  const { characters, text } = body;
  if (encoding === '') {
    if (text) return bounded(Buffer.from(characters, 'utf8'), limits);
    return bounded(Buffer.from(bytesOnly(body), 'latin1'), limits);
  }
  const steps = readEncoding(encoding);
  let bytes: Buffer;
  if (steps.base64) bytes = decodeBase64(body, steps.decompress === undefined ? limits : compressedLimits(limits));
  else if (text && steps.decompress === undefined && !steps.utf8) bytes = Buffer.from(characters, 'utf8');
  else bytes = Buffer.from(bytesOnly(body), 'latin1');
  if (steps.decompress !== undefined) bytes = steps.decompress(bytes, limits);
  if (steps.utf8) {
    if (!isUtf8(bytes)) throw undecodable('the body is not valid UTF-8, which its encoding says it is');
    if (text) return bounded(bytes, limits);
    const decoded = bytes.toString('utf8');
    return bounded(Buffer.from(bytesOnly({ characters: decoded, text, ascii: false }), 'latin1'), limits);
  }
  // text without utf8: each byte is one character, as the Perl and Python libraries read it
  return bounded(text ? Buffer.from(bytes.toString('latin1'), 'utf8') : bytes, limits);
}

/** For a message without a body, which no encoding makes another. Throws ELEMENT_UNDECODABLE for an unknown one. */
export function checkEncoding(encoding: string): void {
  if (encoding !== '') readEncoding(encoding);
}

/** Is every character one byte? */
function isSingleByte({ ascii, characters }: Body): boolean {
  return ascii || !/[^\0-\xff]/.test(characters);
}

interface Steps {
  base64: boolean;
  utf8: boolean;
  decompress: Decompress | undefined;
}

function readEncoding(encoding: string): Steps {
  const steps: Steps = { base64: false, utf8: false, decompress: undefined };
  for (const name of encoding.split('+')) {
    const decompress = DECOMPRESSIONS.get(name);
    if (name === 'base64') steps.base64 = true;
    else if (name === 'utf8') steps.utf8 = true;
    else if (decompress === undefined) throw undecodable(`unknown encoding ${JSON.stringify(name.slice(0, 40))}`);
    else if (steps.decompress !== undefined && steps.decompress !== decompress) {
      throw undecodable('two compressions in one encoding');
    } else steps.decompress = decompress;
  }
  return steps;
}

/** Buffer.from skips what is not base64, and knows the alphabet of URLs: both are found by what they leave behind. */
function decodeBase64(body: Body, limits: DecodeLimits): Buffer {
  const { characters } = body;
  const { length } = characters;
  if (!isSingleByte(body) || length % 4 !== 0) throw badBase64();
  let padding = 0;
  if (characters.endsWith('==')) padding = 2;
  else if (characters.endsWith('=')) padding = 1;
  const expected = (length / 4) * 3 - padding;
  checkSize(expected, limits);
  const bytes = Buffer.from(characters, 'base64');
  if (bytes.length !== expected || characters.includes('-') || characters.includes('_')) throw badBase64();
  return bytes;
}

/** What does not shrink grows a little when compressed. */
function compressedLimits({ maxMessageSize }: DecodeLimits): DecodeLimits {
  return { maxMessageSize: maxMessageSize + (maxMessageSize >> 6) + 1024 };
}

function bytesOnly(body: Body): string {
  if (!isSingleByte(body)) throw undecodable('the body is bytes, but holds a character over U+00FF');
  return body.characters;
}

function bounded(bytes: Buffer, limits: DecodeLimits): Buffer {
  checkSize(bytes.length, limits);
  return bytes;
}

function checkSize(size: number, limits: DecodeLimits): void {
  if (size > limits.maxMessageSize) throw tooLarge(`the body has ${size} bytes`, limits);
}

function badBase64(): Error {
  return undecodable('the body is not base64');
}
