/** Bodies as the characters of a JSON string, byte by byte: nothing is made of them on the way. */

const BACKSLASH = 0x5c;
/** the letter that stands for a byte behind a backslash */
export const ESCAPE_LETTERS = { b: 8, t: 9, n: 10, f: 12, r: 13, '"': 0x22, '\\': BACKSLASH } as const;
/** what a byte becomes after a backslash; 0: six characters, or nothing special */
const SHORT_ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries(ESCAPE_LETTERS)) SHORT_ESCAPES[byte] = letter.charCodeAt(0);

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
