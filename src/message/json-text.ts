/** Bodies as the characters of a JSON string, byte by byte: nothing is made of them on the way. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** the letter that stands for a byte behind a backslash */
export const ESCAPE_LETTERS = { b: 8, t: 9, n: 10, f: 12, r: 13, '"': QUOTE, '\\': BACKSLASH } as const;
/** what a byte becomes after a backslash; 0: six characters, or nothing special */
const SHORT_ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries(ESCAPE_LETTERS)) SHORT_ESCAPES[byte] = letter.charCodeAt(0);

/** each byte of a word */
const ONES = 0x01010101;
const BLANKS = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const TOP_BITS = 0x80808080;

/**
 * How many of the first bytes are the same in a JSON string, or up to three less. Four bytes are looked at
 * together: a byte less than another has the top bit of their difference, when it had not itself; one that is equal to it leaves 0,
 * which is less than 1. What is borrowed from the next byte can only find more in a word that has one already.
 */
export function sameLength(body: Buffer): number {
  const { buffer, byteOffset, length } = body;
  let at = 0;
  while (at < length && (byteOffset + at) % 4 !== 0) {
    if (mustEscape(body[at] ?? 0)) return at;
    at += 1;
  }
  if (length - at < 4) return at;
  const words = new Int32Array(buffer, byteOffset + at, (length - at) >> 2);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? 0;
    const quotes = word ^ QUOTES;
    const backslashes = word ^ BACKSLASHES;
    const controls = (word - BLANKS) & ~word;
    if ((controls | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes)) & TOP_BITS)
      return at + index * 4;
  }
  return at + words.length * 4;
}

function mustEscape(byte: number): boolean {
  return byte < 0x20 || byte === QUOTE || byte === BACKSLASH;
}

/** Are all of these bytes TAB, LF, CR or printable ASCII? */
export function isPlain(body: Buffer): boolean {
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte > 0x7e || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  }
  return true;
}

/** How many bytes `writeEscaped` makes of a body. */
export function escapedLength(body: Buffer): number {
  let length = body.length;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if ((SHORT_ESCAPES[byte] ?? 0) !== 0) length += 1;
    else if (byte < 0x20) length += 5;
  }
  return length;
}

/** Writes a body that is valid UTF-8 into `file` from `at`, as the characters of a JSON string; answers where they end. */
export function writeEscaped(body: Buffer, file: Buffer, at: number): number {
  let to = at;
  for (let from = 0; from < body.length; from += 1) {
    const byte = body[from] ?? 0;
    const letter = SHORT_ESCAPES[byte] ?? 0;
    if (letter !== 0) {
      file[to] = BACKSLASH;
      file[to + 1] = letter;
      to += 2;
    } else if (byte < 0x20) to += file.write(`\\u00${byte.toString(16).padStart(2, '0')}`, to, 'latin1');
    else {
      file[to] = byte;
      to += 1;
    }
  }
  return to;
}
