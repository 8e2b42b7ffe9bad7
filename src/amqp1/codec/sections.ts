import { type Described, isDescribed, textOfBytes, Uuid, type Value, ValueReader } from './value-reader.js';

/** A message as it was sent (AMQP 1.0, part 3, section 3.2); what is absent is undefined. */
export interface Sections {
  /** durable, priority, ttl, first-acquirer, delivery-count */
  readonly header: readonly Value[];
  /** message-id, user-id, to, subject, reply-to, correlation-id, content-type, content-encoding, absolute-expiry-time, … */
  readonly properties: readonly Value[];
  readonly applicationProperties: ReadonlyMap<Value, Value>;
  readonly body: Buffer;
}

type Writable = { -readonly [K in keyof Sections]: Sections[K] };

const CODES: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', 0x70],
  ['amqp:properties:list', 0x73],
  ['amqp:application-properties:map', 0x74],
  ['amqp:data:binary', 0x75],
  ['amqp:amqp-sequence:list', 0x76],
  ['amqp:amqp-value:*', 0x77],
]);

/**
 * Reads the sections of a message. Data sections are joined; a value that is a text or bytes is these, another one, and sequences, are
 * JSON; annotations and footer are left out. Throws RangeError, unless `cut`: then what stands before the place that cannot be read is enough.
 */
export function readSections(payload: Buffer, cut = false): Sections {
  const found: Writable = { header: [], properties: [], applicationProperties: new Map(), body: Buffer.alloc(0) };
  const data: Buffer[] = [];
  const sequences: Value[] = [];
  const reader = new ValueReader(payload);
  while (!reader.atEnd) {
    const section = nextSection(reader, cut);
    if (section === undefined) break;
    const { descriptor, value } = section;
    switch (typeof descriptor === 'string' ? CODES.get(descriptor) : Number(descriptor)) {
      case 0x70:
        found.header = listOf(value);
        break;
      case 0x73:
        found.properties = listOf(value);
        break;
      case 0x74:
        found.applicationProperties = mapOf(value);
        break;
      case 0x75:
        if (!Buffer.isBuffer(value)) throw new RangeError('a data section that is no bytes');
        data.push(value);
        break;
      case 0x76:
        for (const each of listOf(value)) sequences.push(each);
        break;
      case 0x77:
        data.push(bytesOf(value));
        break;
      default:
    }
  }
  if (sequences.length > 0) data.push(Buffer.from(jsonOf(sequences)));
  const [first = found.body, ...others] = data;
  found.body = others.length === 0 ? first : Buffer.concat(data);
  return found;
}

function nextSection(reader: ValueReader, cut: boolean): Described | undefined {
  try {
    return reader.described();
  } catch (error) {
    if (cut) return undefined;
    throw error;
  }
}

function listOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[];
  throw new RangeError('a section that is no list');
}

function mapOf(value: Value): ReadonlyMap<Value, Value> {
  if (value instanceof Map) return value;
  throw new RangeError('a section that is no map');
}

function bytesOf(value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(textOf(value));
}

/** A value as the text of a header: numbers and booleans as they are written, lists and maps as JSON. Throws RangeError as `readSections`. */
export function textOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (Buffer.isBuffer(value)) return textOfBytes(value);
  if (value instanceof Uuid) return value.text;
  if (isDescribed(value)) return textOf(value.value);
  return jsonOf(value);
}

function jsonOf(value: Value): string {
  // JSON has no word for what is no number
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (value === null || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Map) {
    return `{${[...value].map(([name, each]) => `${keyOf(name as Value)}:${jsonOf(each as Value)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(jsonOf).join(',')}]`;
  if (isDescribed(value)) return jsonOf(value.value);
  return JSON.stringify(textOf(value));
}

/** A key of JSON is a text. One that is JSON itself would be escaped again at each level, and so be twice as long at each. */
function keyOf(name: Value): string {
  if (isDescribed(name)) return keyOf(name.value);
  if (Array.isArray(name) || name instanceof Map) throw new RangeError('a map with a list or map as a key');
  return JSON.stringify(textOf(name));
}
