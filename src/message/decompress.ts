import { inflateSync } from 'node:zlib';
import { errnoOf } from '../base/errors.js';
import { type DecodeLimits, tooLarge, undecodable } from './decode-error.js';

/** Undoes one compression; never makes more than `maxMessageSize` bytes. Throws a DecodeError. */
export type Decompress = (bytes: Buffer, limits: DecodeLimits) => Buffer;

/** How each compression is undone. A table, so that another one is another row. */
export const DECOMPRESSIONS: ReadonlyMap<string, Decompress> = new Map([
  ['zlib', inflate],
  ['lz4', decompressLz4],
  ['snappy', decompressSnappy],
]);

function inflate(bytes: Buffer, limits: DecodeLimits): Buffer {
  try {
    const { buffer, engine } = inflated(bytes, Math.max(1, limits.maxMessageSize));
    if (engine.bytesWritten === bytes.length) return buffer;
  } catch (error) {
    if (errnoOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('the body, once inflated, has more bytes', limits);
    throw undecodable('the body is not zlib data');
  }
  throw undecodable('the body has more bytes after its zlib data');
}

/** `info` gives the engine, and with it how much of the bytes belonged to the stream; Node's types do not know it. */
function inflated(bytes: Buffer, maxOutputLength: number): { buffer: Buffer; engine: { bytesWritten: number } } {
  const result: unknown = inflateSync(bytes, { maxOutputLength, info: true });
  return result as { buffer: Buffer; engine: { bytesWritten: number } };
}

/**
 * One LZ4 block after its uncompressed size, 32 bits little-endian (LZ4 Block Format: sequences of a token, literals, a
 * 16-bit offset and a match; both lengths continue in bytes of 255).
 */
function decompressLz4(bytes: Buffer, limits: DecodeLimits): Buffer {
  if (bytes.length < 4) throw undecodable('the body is not lz4 data');
  const output = new Output(bytes.readUInt32LE(0), 'lz4', limits);
  let at = 4;
  const length = (nibble: number): number => {
    let total = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; at += 1) {
      byte = bytes[at] ?? output.fail();
      total += byte;
    }
    return total;
  };
  while (at < bytes.length) {
    const token = bytes[at] ?? 0;
    at += 1;
    const literals = length(token >> 4);
    output.literals(bytes, at, literals);
    at += literals;
    // the last sequence is literals alone
    if (at >= bytes.length) break;
    if (at + 2 > bytes.length) output.fail();
    const offset = bytes.readUInt16LE(at);
    at += 2;
    output.match(offset, length(token & 15) + 4);
  }
  return output.done();
}

/** Raw snappy: the uncompressed size as a varint, then literals and copies of 1, 2 or 4 offset bytes (Snappy format). */
function decompressSnappy(bytes: Buffer, limits: DecodeLimits): Buffer {
  let size = 0;
  let at = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    const byte = bytes[at];
    if (byte === undefined || shift > 28) throw undecodable('the body is not snappy data');
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  at += 1;
  const output = new Output(size, 'snappy', limits);
  const number = (count: number): number => {
    if (at + count > bytes.length) output.fail();
    at += count;
    return bytes.readUIntLE(at - count, count);
  };
  while (at < bytes.length) {
    const tag = number(1);
    const high = tag >> 2;
    const kind = tag & 3;
    if (kind === 0) {
      const literals = (high < 60 ? high : number(high - 59)) + 1;
      output.literals(bytes, at, literals);
      at += literals;
    } else if (kind === 1) output.match(((high >> 3) << 8) | number(1), (high & 7) + 4);
    else output.match(number(kind === 2 ? 2 : 4), high + 1);
  }
  return output.done();
}

/** The bytes being made: as many as were announced, no more and no fewer. */
class Output {
  readonly #bytes: Buffer;
  readonly #format: string;
  #length = 0;

  constructor(size: number, format: string, limits: DecodeLimits) {
    if (size > limits.maxMessageSize) throw tooLarge(`the body has ${size} bytes`, limits);
    this.#bytes = Buffer.allocUnsafe(size);
    this.#format = format;
  }

  literals(from: Buffer, at: number, count: number): void {
    if (at + count > from.length || this.#length + count > this.#bytes.length) this.fail();
    from.copy(this.#bytes, this.#length, at, at + count);
    this.#length += count;
  }

  /** Copies from `offset` bytes before the end; what it copies may be what it just made. */
  match(offset: number, count: number): void {
    const start = this.#length - offset;
    if (offset === 0 || start < 0 || this.#length + count > this.#bytes.length) this.fail();
    if (offset >= count) this.#bytes.copyWithin(this.#length, start, start + count);
    else
      for (let index = 0; index < count; index += 1)
        this.#bytes[this.#length + index] = this.#bytes[start + index] ?? 0;
    this.#length += count;
  }

  done(): Buffer {
    if (this.#length !== this.#bytes.length) this.fail();
    return this.#bytes;
  }

  fail(): never {
    throw undecodable(`the body is not ${this.#format} data`);
  }
}
