import { FieldReader, type FieldTable } from './field-value.js';

/** The properties of a message (AMQP 0-9-1, class basic); absent: not set. */
export interface AmqpProperties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: FieldTable;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly expiration?: string;
  readonly messageId?: string;
  readonly timestamp?: bigint;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  readonly clusterId?: string;
}

type Writable = { -readonly [K in keyof AmqpProperties]: AmqpProperties[K] };

const CLASS_AND_WEIGHT_BYTES = 4;

/** What a content header frame says: how long the body is, and the properties. Throws RangeError. */
export function readContentHeader(payload: Buffer): { bodyBytes: number; properties: AmqpProperties } {
  const reader = new FieldReader(payload, CLASS_AND_WEIGHT_BYTES);
  const bodyBytes = reader.longLong();
  if (bodyBytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`a body of ${bodyBytes} bytes`);
  return { bodyBytes: Number(bodyBytes), properties: readProperties(reader) };
}

/** In the order of the flags, the highest bit first. */
const READERS: readonly ((reader: FieldReader, into: Writable) => void)[] = [
  (reader, into) => {
    into.contentType = reader.shortText();
  },
  (reader, into) => {
    into.contentEncoding = reader.shortText();
  },
  (reader, into) => {
    into.headers = reader.table();
  },
  (reader, into) => {
    into.deliveryMode = reader.octet();
  },
  (reader, into) => {
    into.priority = reader.octet();
  },
  (reader, into) => {
    into.correlationId = reader.shortText();
  },
  (reader, into) => {
    into.replyTo = reader.shortText();
  },
  (reader, into) => {
    into.expiration = reader.shortText();
  },
  (reader, into) => {
    into.messageId = reader.shortText();
  },
  (reader, into) => {
    into.timestamp = reader.longLong();
  },
  (reader, into) => {
    into.type = reader.shortText();
  },
  (reader, into) => {
    into.userId = reader.shortText();
  },
  (reader, into) => {
    into.appId = reader.shortText();
  },
  (reader, into) => {
    into.clusterId = reader.shortText();
  },
];

function readProperties(reader: FieldReader): AmqpProperties {
  const flags = reader.short();
  if ((flags & 1) !== 0) throw new RangeError('more properties than there are');
  const properties: Writable = {};
  for (const [index, read] of READERS.entries()) {
    if ((flags & (0x8000 >> index)) !== 0) read(reader, properties);
  }
  return properties;
}
