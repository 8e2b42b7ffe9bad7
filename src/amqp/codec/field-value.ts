import { isUtf8 } from 'node:buffer';

/** A value of a table. Whole numbers of 64 bits are `bigint`: a number would round them. */
export type FieldValue = string | number | bigint | boolean | null | Decimal | readonly FieldValue[] | FieldTable;

export type FieldTable = ReadonlyMap<string, FieldValue>;

export interface Decimal {
  /** of the digits, how many stand behind the point */
  readonly places: number;
  readonly digits: number;
}

/** Tables in tables: no producer nests deeper, and each level takes a call. What is below is not read. */
const DEEPEST = 32;
/** behind the point: a number with more of them is written with an exponent, or a few bytes would be long texts */
const MOST_PLACES = 20;

/** Reads what stands in a frame, from the front. Throws RangeError where the bytes end too early, or are no value. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#step(1));
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#step(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#step(4));
  }

  longLong(): bigint {
    return this.#bytes.readBigUInt64BE(this.#step(8));
  }

  shortText(): string {
    return textOf(this.#take(this.octet()));
  }

  longText(): string {
    return textOf(this.#take(this.long()));
  }

  table(depth = 0): Map<string, FieldValue> {
    const inside = new FieldReader(this.#take(this.long()));
    const table = new Map<string, FieldValue>();
    while (!inside.atEnd) {
      const name = inside.shortText();
      const value = inside.value(depth);
      // the first one counts, as with repeated headers of STOMP
      if (!table.has(name)) table.set(name, value);
    }
    return table;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The tags are those of RabbitMQ and its clients, not of the specification: nobody uses the latter. */
  value(depth: number): FieldValue {
    const tag = String.fromCharCode(this.octet());
    switch (tag) {
      case 't':
        return this.octet() !== 0;
      case 'b':
        return this.#bytes.readInt8(this.#step(1));
      case 'B':
        return this.octet();
      case 's':
        return this.#bytes.readInt16BE(this.#step(2));
      case 'u':
        return this.short();
      case 'I':
        return this.#bytes.readInt32BE(this.#step(4));
      case 'i':
        return this.long();
      case 'l':
        return this.#bytes.readBigInt64BE(this.#step(8));
      case 'T':
        return this.longLong();
      case 'f':
        return this.#bytes.readFloatBE(this.#step(4));
      case 'd':
        return this.#bytes.readDoubleBE(this.#step(8));
      case 'D':
        return { places: this.octet(), digits: this.long() };
      case 'S':
      case 'x':
        return this.longText();
      case 'A':
        return depth < DEEPEST ? this.#array(depth + 1) : this.#unread();
      case 'F':
        return depth < DEEPEST ? this.table(depth + 1) : this.#unread();
      case 'V':
        return null;
      default:
        throw new RangeError(`a value of the unknown kind ${JSON.stringify(tag)}`);
    }
  }

  /** What stands in a table or array, as it is: a message that is nested too deep is no reason to end the session that it came over. */
  #unread(): string {
    return `0x${this.#take(this.long()).toString('hex')}`;
  }

  #array(depth: number): FieldValue[] {
    const inside = new FieldReader(this.#take(this.long()));
    const values: FieldValue[] = [];
    while (!inside.atEnd) values.push(inside.value(depth));
    return values;
  }

  #step(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('it ends within a value');
    return from;
  }

  #take(bytes: number): Buffer {
    const from = this.#step(bytes);
    return this.#bytes.subarray(from, from + bytes);
  }
}

/** AMQP names no charset for texts: what is not UTF-8 is read as ISO 8859-1, which loses nothing. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/** A value as the text of a header: numbers and booleans as they are written, tables and arrays as JSON. */
export function fieldText(value: FieldValue): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : json(value);
}

function json(value: FieldValue): string {
  if (typeof value === 'string' || value === null) return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (isArray(value)) return `[${value.map(json).join(',')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([name, each]) => `${JSON.stringify(name)}:${json(each)}`).join(',')}}`;
  }
  return decimalText(value as Decimal);
}

function isArray(value: FieldValue): value is readonly FieldValue[] {
  return Array.isArray(value);
}

function decimalText({ places, digits }: Decimal): string {
  if (places === 0) return String(digits);
  if (places > MOST_PLACES) return `${digits}e-${places}`;
  const text = String(digits).padStart(places + 1, '0');
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}
