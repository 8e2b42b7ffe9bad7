import { isUtf8 } from 'node:buffer';

/** Bytes of a text for C: what the bytes mean as UTF-8, broken places as U+FFFD. Made in pieces: V8's heap is small here. */
export function sizeAsText(bytes: Uint8Array): number {
  if (isUtf8(bytes)) return bytes.length;
  let size = 0;
  for (const piece of pieces(bytes)) size += Buffer.byteLength(piece);
  return size;
}

/** Writes it to `target`, which has the room that `sizeAsText` said. */
export function writeAsText(bytes: Uint8Array, target: Buffer): void {
  if (bytes.length === target.length) {
    target.set(bytes);
    return;
  }
  let at = 0;
  for (const piece of pieces(bytes)) at += target.write(piece, at, 'utf8');
}

function* pieces(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield decoder.decode(bytes.subarray(at, at + PIECE_BYTES), { stream: at + PIECE_BYTES < bytes.length });
  }
}

/** The length of a text as a JSON string, quotes included; a NUL must not be in what crosses as a C string. */
export function sizeAsJson(utf8: Uint8Array): number {
  let size = utf8.length + 2;
  for (const byte of utf8) {
    if (byte < 0x20) size += 5;
    else if (byte === QUOTE || byte === BACKSLASH) size += 1;
  }
  return size;
}

export function writeAsJson(utf8: Uint8Array, target: Buffer): void {
  let at = 0;
  target[at++] = QUOTE;
  for (const byte of utf8) {
    if (byte < 0x20) at += target.write(`\\u${byte.toString(16).padStart(4, '0')}`, at, 'latin1');
    else {
      if (byte === QUOTE || byte === BACKSLASH) target[at++] = BACKSLASH;
      target[at++] = byte;
    }
  }
  target[at] = QUOTE;
}

/** Half a surrogate pair, which QuickJS writes as three bytes that are no UTF-8, becomes U+FFFD, three bytes, too. */
export function mendSurrogates(utf8: Buffer): void {
  if (isUtf8(utf8)) return;
  for (let at = utf8.indexOf(0xed); at >= 0; at = utf8.indexOf(0xed, at + 3)) {
    if ((utf8[at + 1] ?? 0) >= 0xa0) utf8.set(REPLACEMENT, at);
  }
}

const PIECE_BYTES = 64 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const REPLACEMENT = [0xef, 0xbf, 0xbd];
