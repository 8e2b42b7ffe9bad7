/**
 * What crosses between the main thread and a callback engine is made of fields: the length as four bytes, little-endian,
 * and that many bytes. A list is fields in a row (in Perl: `pack '(V/a*)*'`). Both sides trust no length they read.
 */
export class MalformedFields extends Error {}

/** Reads fields one after the other; throws MalformedFields rather than read past the end. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = from;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field: a view, not a copy. */
  next(): Buffer {
    const start = this.#at + LENGTH_BYTES;
    if (start > this.#bytes.length) throw new MalformedFields('a field has no length');
    const end = start + this.#bytes.readUInt32LE(this.#at);
    if (end > this.#bytes.length) throw new MalformedFields('a field is shorter than it says');
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.ended) throw new MalformedFields('more follows than fields');
  }
}

/** Fields in a row, after `prefix` as it is. */
export function packFields(fields: readonly (Uint8Array | string)[], prefix = ''): Buffer {
  let length = prefix.length;
  for (const field of fields) length += LENGTH_BYTES + bytesOf(field);
  const packed = Buffer.allocUnsafe(length);
  let at = packed.write(prefix, 'latin1');
  for (const field of fields) {
    const start = at + LENGTH_BYTES;
    if (typeof field === 'string') at = start + packed.write(field, start, 'utf8');
    else {
      packed.set(field, start);
      at = start + field.length;
    }
    packed.writeUInt32LE(at - start, start - LENGTH_BYTES);
  }
  return packed;
}

/** The fields of a list. */
export function readFields(list: Uint8Array, from = 0): Buffer[] {
  const reader = new FieldReader(list, from);
  const fields: Buffer[] = [];
  while (!reader.ended) fields.push(reader.next());
  return fields;
}

export function bytesOf(field: Uint8Array | string): number {
  return typeof field === 'string' ? Buffer.byteLength(field) : field.length;
}

export const LENGTH_BYTES = 4;
