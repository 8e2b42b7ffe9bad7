import { FLAG, OUTCOME } from '../border/engine-contract.js';
import { FieldReader, LENGTH_BYTES, packFields, readFields } from '../border/fields.js';

/**
 * How messages are laid out between engine.ts and Stompctl.pm. Perl is quick at `split` and `join`, slow at `pack` and
 * `unpack` of many fields: a header crosses as its names and values with NUL in between, unless one of them holds a NUL.
 */
export const HEADER = { apart: 4, packed: 8, wide: 16 } as const;

/** What Perl gets of a batch, and what is kept back for it or to compare with. */
export interface Arriving {
  readonly request: Uint8Array;
  /** by position in the batch */
  readonly flags: readonly number[];
  readonly bodies: readonly Uint8Array[];
}

/** Two fields a message: a byte of flags and the header; the body, or, of a large one, its length. */
export function layOut(batch: Uint8Array, count: number): Arriving {
  const reader = new FieldReader(batch);
  const request = Buffer.allocUnsafe(batch.length + count * 32);
  const flags: number[] = [];
  const bodies: Uint8Array[] = [];
  let at = 0;
  for (let position = 0; position < count; position += 1) {
    const flag = reader.next()[0] ?? 0;
    const header = reader.next();
    const body = reader.next();
    const start = at + 4;
    const apart = body.length >= LARGE;
    const form = joinHeader(header, request, start + 1);
    request[start] = (flag & (FLAG.text | FLAG.noBody)) | form | (apart ? HEADER.apart : 0);
    at = start + 1 + joinedLength(header, form);
    request.writeUInt32LE(at - start, start - 4);
    const crossing = apart ? Buffer.from(String(body.length)) : body;
    request.writeUInt32LE(crossing.length, at);
    request.set(crossing, at + 4);
    at += 4 + crossing.length;
    flags.push(flag);
    bodies.push(body);
  }
  reader.end();
  return { request: request.subarray(0, at), flags, bodies };
}

/** Writes the fields of a list with NUL in between, or as they are when one holds a NUL; gives the flags that say so. */
function joinHeader(list: Buffer, into: Buffer, start: number): number {
  let at = start;
  let wide = 0;
  for (let from = 0; from < list.length; ) {
    const end = from + 4 + list.readUInt32LE(from);
    if (end > list.length) throw new RangeError('a header field is shorter than it says');
    if (from > 0) into[at++] = 0;
    for (from += 4; from < end; from += 1) {
      const byte = list[from] ?? 0;
      if (byte === 0) {
        into.set(list, start);
        return HEADER.packed | HEADER.wide;
      }
      wide |= byte;
      into[at++] = byte;
    }
  }
  return wide > 0x7f ? HEADER.wide : 0;
}

function joinedLength(list: Buffer, form: number): number {
  if ((form & HEADER.packed) !== 0) return list.length;
  let fields = 0;
  for (let from = 0; from < list.length; from += 4 + list.readUInt32LE(from)) fields += 1;
  return fields === 0 ? 0 : list.length - 4 * fields + fields - 1;
}

/** What Perl said about one message, or undefined when it is no outcome. `apart`: the body that came after it. */
export function readOutcome(said: Buffer, apart: Buffer | undefined, original: Original): Buffer | undefined {
  switch (said[0]) {
    case CODE.header:
      return packFields([headerList(said.subarray(2), said[1] ?? 0)], OUTCOME.header);
    case CODE.message:
      return messageOutcome(said, apart, original);
    case CODE.to: {
      const name = new FieldReader(said, 1).next();
      const inner = said.subarray(1 + LENGTH_BYTES + name.length);
      const outcome = inner[0] === CODE.to ? undefined : readOutcome(inner, apart, original);
      return outcome && Buffer.concat([packFields([name], OUTCOME.to), outcome]);
    }
    case CODE.drop:
    case CODE.bad:
      return packFields([utf8(said.subarray(1, LONGEST_TEXT))], said[0] === CODE.drop ? OUTCOME.drop : OUTCOME.bad);
    case CODE.threw: {
      const { name, message, stack } = describe(utf8(said.subarray(1, LONGEST_TEXT)));
      return packFields([name, message, stack], OUTCOME.threw);
    }
    default:
      return undefined;
  }
}

/** The message as it came in. */
export interface Original {
  readonly flags: number;
  readonly body: Uint8Array | undefined;
}

function messageOutcome(said: Buffer, apart: Buffer | undefined, original: Original): Buffer {
  const { flags, header, body } = readMessage(said, 1, apart);
  const textBefore = original.flags & FLAG.text;
  if (textBefore === flags && original.body !== undefined && body.equals(original.body)) {
    return packFields([header], OUTCOME.header);
  }
  return packFields([Buffer.of(flags), header, body], OUTCOME.message);
}

/** A tap: path, type, flags, header, body. */
export function readTap(said: Buffer, apart: Buffer | undefined): Buffer {
  const reader = new FieldReader(said, 1);
  const path = reader.next();
  const type = reader.next();
  const { flags, header, body } = readMessage(said, 1 + 8 + path.length + type.length, apart);
  return packFields([path, type, Buffer.of(flags), header, body]);
}

function readMessage(
  said: Buffer,
  from: number,
  apart: Buffer | undefined,
): { flags: number; header: Buffer; body: Buffer } {
  const flags = said[from] ?? 0;
  const header = new FieldReader(said, from + 1).next();
  const body = apart ?? said.subarray(from + 5 + header.length);
  return { flags: flags & FLAG.text, header: headerList(header, flags), body };
}

/** A list of fields, of a header as Perl gave it. */
function headerList(header: Buffer, flags: number): Buffer {
  if ((flags & HEADER.packed) !== 0) return packFields(readFields(header));
  if (header.length === 0) return header;
  const list = Buffer.allocUnsafe(header.length + 4 * (1 + countNul(header)) + 4);
  let start = 0;
  let at = 4;
  for (let from = 0; from < header.length; from += 1) {
    const byte = header[from] ?? 0;
    if (byte !== 0) list[at++] = byte;
    else {
      list.writeUInt32LE(at - start - 4, start);
      start = at;
      at += 4;
    }
  }
  list.writeUInt32LE(at - start - 4, start);
  return list.subarray(0, at);
}

function countNul(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0) count += 1;
  return count;
}

/** Whether the body of what was said comes in a record of its own. */
export function bodyIsApart(said: Uint8Array): boolean {
  if (said[0] === CODE.message) return ((said[1] ?? 0) & HEADER.apart) !== 0;
  const view = Buffer.from(said.buffer, said.byteOffset, said.byteLength);
  if (said[0] === CODE.to) {
    const after = 1 + LENGTH_BYTES + new FieldReader(view, 1).next().length;
    return said[after] === CODE.message && ((said[after + 1] ?? 0) & HEADER.apart) !== 0;
  }
  if (said[0] !== CODE.tap) return false;
  const reader = new FieldReader(view, 1);
  return ((view[9 + reader.next().length + reader.next().length] ?? 0) & HEADER.apart) !== 0;
}

/** Perl's own text: its line is in it, and once more where errors of callbacks have it. */
export function describe(text: string): { name: string; message: string; stack: string } {
  const line = /(?:^| )at .+? line (\d+)/.exec(text)?.[1];
  return { name: '', message: text.trimEnd(), stack: line === undefined ? '' : `callback:${line}` };
}

/** Text of Perl's: characters when the bytes are UTF-8, else a character a byte. */
export function utf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

function code(letter: string): number {
  return letter.charCodeAt(0);
}

/** First byte of what Perl says. */
export const CODE = {
  header: code('h'),
  message: code('m'),
  to: code('o'),
  drop: code('d'),
  bad: code('r'),
  threw: code('t'),
  tap: code('q'),
  log: code('l'),
  answer: code('a'),
  body: code('b'),
  needsBody: code('n'),
  zone: code('z'),
} as const;

/** bytes of a reason or an error that are looked at: the main thread shows fewer */
const LONGEST_TEXT = 4096;

/** a body of this size or more crosses on its own, both ways: the same number stands in Stompctl.pm */
export const LARGE = 65536;
