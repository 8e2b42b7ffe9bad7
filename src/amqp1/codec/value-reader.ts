import { isUtf8 } from 'node:buffer';

/** A value of another kind, as its descriptor says. */
export interface Described {
  readonly descriptor: bigint | string;
  readonly value: Value;
}

/** Sixteen bytes, as they are written: `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`. */
export class Uuid {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value of AMQP 1.0. Whole numbers of 64 bits and timestamps are `bigint`, symbols, characters and decimals texts. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | Uuid
  | Described
  | readonly Value[]
  | ReadonlyMap<Value, Value>;

/** Lists in lists: no producer nests deeper, and each level takes a call. */
const DEEPEST = 32;
/** of one message, or one frame: an array of empty values has any number of them in a few bytes */
const MOST_VALUES = 100_000;

/** Reads values (AMQP 1.0, part 1), from the front. Throws RangeError where the bytes end too early, or are no value. */
export class ValueReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;
  #left = MOST_VALUES;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** where the next value begins */
  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  value(depth = 0): Value {
    return this.#valueOf(this.#codeOf(depth), depth);
  }

  /** What stands between sections of a message, and in each frame. */
  described(): Described {
    const value = this.value();
    if (!isDescribed(value)) throw new RangeError('a value without a descriptor');
    return value;
  }

  /** The code of a value, behind its descriptors. */
  #codeOf(depth: number): { readonly code: number; readonly descriptors: readonly (bigint | string)[] } {
    if (depth > DEEPEST) throw new RangeError(`values are nested deeper than ${DEEPEST}`);
    this.#left -= 1;
    if (this.#left < 0) throw new RangeError(`more than ${MOST_VALUES} values`);
    const descriptors: (bigint | string)[] = [];
    let code = this.#uint(1);
    while (code === 0) {
      const descriptor = this.value(depth + 1);
      if (typeof descriptor !== 'bigint' && typeof descriptor !== 'string')
        throw new RangeError('a strange descriptor');
      descriptors.push(descriptor);
      if (descriptors.length > DEEPEST) throw new RangeError('too many descriptors');
      code = this.#uint(1);
    }
    return { code, descriptors };
  }

  #valueOf(
    { code, descriptors }: { readonly code: number; readonly descriptors: readonly (bigint | string)[] },
    depth: number,
  ): Value {
    let value = this.#plain(code, depth);
    for (const descriptor of [...descriptors].reverse()) value = { descriptor, value };
    return value;
  }

  #plain(code: number, depth: number): Value {
    switch (code >> 4) {
      case 0x4:
        return emptyValue(code);
      case 0x5:
      case 0x6:
      case 0x7:
      case 0x8:
      case 0x9:
        return this.#fixed(code);
      case 0xa:
        return variable(code, this.#take(this.#uint(1)));
      case 0xb:
        return variable(code, this.#take(this.#uint(4)));
      case 0xc:
        return this.#compound(code, 1, depth);
      case 0xd:
        return this.#compound(code, 4, depth);
      case 0xe:
        return this.#array(1, depth);
      case 0xf:
        return this.#array(4, depth);
      default:
        throw unknownCode(code);
    }
  }

  #fixed(code: number): Value {
    const bytes = this.#take(2 ** ((code >> 4) - 5));
    switch (code) {
      case 0x50:
      case 0x52:
      case 0x60:
      case 0x70:
        return bytes.readUIntBE(0, bytes.length);
      case 0x51:
      case 0x54:
      case 0x61:
      case 0x71:
        return bytes.readIntBE(0, bytes.length);
      case 0x53:
        return BigInt(bytes.readUInt8(0));
      case 0x55:
        return BigInt(bytes.readInt8(0));
      case 0x56:
        return bytes.readUInt8(0) !== 0;
      case 0x72:
        return bytes.readFloatBE(0);
      case 0x73:
        return characterOf(bytes.readUInt32BE(0));
      case 0x80:
        return bytes.readBigUInt64BE(0);
      case 0x81:
      case 0x83:
        return bytes.readBigInt64BE(0);
      case 0x82:
        return bytes.readDoubleBE(0);
      case 0x74:
      case 0x84:
      case 0x94:
        return `0x${bytes.toString('hex')}`;
      case 0x98:
        return new Uuid(bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
      default:
        throw unknownCode(code);
    }
  }

  #compound(code: number, width: 1 | 4, depth: number): Value {
    const { count, end } = this.#sizeAndCount(width);
    const values: Value[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.value(depth + 1));
    this.#closeAt(end);
    if ((code & 0xf) === 0) return values;
    if ((code & 0xf) !== 1) throw unknownCode(code);
    const map = new Map<Value, Value>();
    for (let index = 0; index + 1 < values.length; index += 2) {
      const name = values[index] ?? null;
      // the first one counts, as with repeated headers of STOMP
      if (!map.has(name)) map.set(name, values[index + 1] ?? null);
    }
    return map;
  }

  #array(width: 1 | 4, depth: number): Value {
    const { count, end } = this.#sizeAndCount(width);
    const values: Value[] = [];
    if (count === 0) {
      this.#at = end;
      return values;
    }
    const element = this.#codeOf(depth + 1);
    this.#left -= count;
    if (this.#left < 0) throw new RangeError(`more than ${MOST_VALUES} values`);
    for (let index = 0; index < count; index += 1) values.push(this.#valueOf(element, depth + 1));
    this.#closeAt(end);
    return values;
  }

  #sizeAndCount(width: 1 | 4): { readonly count: number; readonly end: number } {
    const size = this.#uint(width);
    const end = this.#at + size;
    if (end > this.#end) throw new RangeError('it ends within a value');
    return { count: this.#uint(width), end };
  }

  #closeAt(end: number): void {
    if (this.#at !== end) throw new RangeError('a list is longer or shorter than it says');
  }

  #uint(width: 1 | 4): number {
    const bytes = this.#take(width);
    return width === 1 ? bytes.readUInt8(0) : bytes.readUInt32BE(0);
  }

  #take(bytes: number): Buffer {
    const from = this.#at;
    this.#at += bytes;
    if (this.#at > this.#end) throw new RangeError('it ends within a value');
    return this.#bytes.subarray(from, this.#at);
  }
}

export function isDescribed(value: Value | undefined): value is Described {
  return typeof value === 'object' && value !== null && 'descriptor' in value;
}

function emptyValue(code: number): Value {
  switch (code) {
    case 0x40:
      return null;
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x43:
      return 0;
    case 0x44:
      return 0n;
    case 0x45:
      return [];
    default:
      throw unknownCode(code);
  }
}

function variable(code: number, bytes: Buffer): Value {
  switch (code & 0xf) {
    case 0:
      return bytes;
    case 1:
    case 3:
      return textOfBytes(bytes);
    default:
      throw unknownCode(code);
  }
}

function characterOf(point: number): string {
  if (point > 0x10ffff) throw new RangeError('a character that is none');
  return String.fromCodePoint(point);
}

function unknownCode(code: number): RangeError {
  return new RangeError(`a value of the unknown kind 0x${code.toString(16)}`);
}

/** Bytes as a text: what is not UTF-8 is read as ISO 8859-1, which loses nothing. */
export function textOfBytes(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
