import { StompctlError } from '../base/errors.js';
import type { Amqp1Broker } from './address.js';
import { destinationOf } from './address.js';
import { type Sections, textOf } from './codec/sections.js';
import { Uuid, type Value } from './codec/value-reader.js';

type Header = Record<string, string>;

/** A message as the library encodes it; what is undefined is not written. */
export type Amqp1Message = Readonly<Record<string, unknown>>;

/** How the library marks a value as one of a kind: the ones that are needed here. */
export interface ValueKinds {
  wrap_ulong(value: Buffer): unknown;
  wrap_uuid(value: Buffer): unknown;
  wrap_binary(value: Buffer): unknown;
}

type Kind = 'text' | 'symbol' | 'id' | 'bytes' | 'number';

/**
 * Which field of the properties is which header, and at which place it stands. `message-id` is what STOMP brokers name one delivery by: a
 * producer's own stands in `amqp-message-id`, as over AMQP 0-9-1.
 */
const PROPERTIES: readonly (readonly [field: string, at: number, header: string, kind: Kind, most?: number])[] = [
  ['message_id', 0, 'amqp-message-id', 'id'],
  ['user_id', 1, 'user-id', 'bytes'],
  ['reply_to', 4, 'reply-to', 'text'],
  ['correlation_id', 5, 'correlation-id', 'id'],
  ['content_type', 6, 'content-type', 'symbol'],
  ['content_encoding', 7, 'content-encoding', 'symbol'],
  ['absolute_expiry_time', 8, 'absolute-expiry-time', 'number', Number.MAX_SAFE_INTEGER],
  ['creation_time', 9, 'timestamp', 'number', Number.MAX_SAFE_INTEGER],
  ['group_id', 10, 'group-id', 'text'],
  ['group_sequence', 11, 'group-sequence', 'number', 0xffff_ffff],
  ['reply_to_group_id', 12, 'reply-to-group-id', 'text'],
];
const TO_AT = 2;
const SUBJECT_AT = 3;
/** of the section `header` */
const HEADER_FIELDS: readonly (readonly [field: string, at: number, header: string, most: number])[] = [
  ['priority', 1, 'priority', 255],
  ['ttl', 2, 'expiration', 0xffff_ffff],
];
const PERSISTENT = 'persistent';
/** What is no application property. */
const TAKEN: ReadonlySet<string> = new Set([
  'destination',
  PERSISTENT,
  ...PROPERTIES.map(([, , header]) => header),
  ...HEADER_FIELDS.map(([, , header]) => header),
]);
/** RabbitMQ keeps these in strings of AMQP 0-9-1, whose length is one byte. */
const SHORT_BYTES = 255;

/** JMS calls the subject `JMSType`, and STOMP brokers that `type`; for RabbitMQ it is the routing key. */
function subjectHeader(broker: Amqp1Broker): string {
  return broker === 'rabbitmq' ? 'subject' : 'type';
}

export interface Sending {
  readonly broker: Amqp1Broker;
  /** where the message goes to */
  readonly address: string;
  /** what a `persistent` in the header means; undefined: the message says nothing of it */
  readonly persistent: boolean | undefined;
  /** names of headers that stay here: they belong to another delivery or connection */
  readonly omit: ReadonlySet<string>;
}

/** Header, properties and application properties of a message to send. Errors: MESSAGE_BAD_HEADER. */
export function sectionsOf(header: Readonly<Header>, sending: Sending, kinds: ValueKinds): Amqp1Message {
  const { broker, address, persistent, omit } = sending;
  const fields: Record<string, unknown> = { to: address };
  if (persistent !== undefined) fields.durable = persistent;
  for (const [field, , name, most] of HEADER_FIELDS) {
    const value = header[name];
    if (value !== undefined) fields[field] = wholeNumber(name, value, most);
  }
  for (const [field, , name, kind, most = 0] of PROPERTIES) {
    const value = header[name];
    if (value === undefined) continue;
    if (broker === 'rabbitmq' && kind !== 'number') checkShort(name, value);
    fields[field] = written(name, value, kind, most, broker === 'rabbitmq' ? undefined : kinds);
  }
  const subject = subjectHeader(broker);
  if (header[subject] !== undefined) fields.subject = header[subject];
  // what has no key in its address is routed by the subject
  if (broker === 'rabbitmq' && /^\/exchange\/[^/]+\/?$/.test(address)) fields.subject = '';
  // without a prototype, as every header is: `__proto__` is a name like any other
  const own = Object.setPrototypeOf({}, null) as Header;
  for (const name in header) {
    const value = header[name];
    if (value !== undefined && name !== subject && !TAKEN.has(name) && !omit.has(name)) own[name] = value;
  }
  return { ...fields, application_properties: own };
}

function written(name: string, value: string, kind: Kind, most: number, kinds: ValueKinds | undefined): unknown {
  switch (kind) {
    case 'number':
      return wholeNumber(name, value, most);
    case 'bytes':
      return Buffer.from(value);
    case 'symbol':
      if (/[^\0-\x7f]/.test(value)) throw bad(`the header ${name} is not ASCII; correct or delete it in a callback`);
      return value;
    case 'id':
      return kinds === undefined ? value : idOf(value, kinds);
    default:
      return value;
  }
}

/** AMQP-JMS mapping, section 3.2.1.1: how an identifier that is no text is written as one. */
const ID = /^ID:AMQP_(?:(ULONG):(\d{1,20})|(UUID):([0-9a-fA-F-]{36})|(BINARY):((?:[0-9a-fA-F]{2})*))$/;

function idOf(text: string, kinds: ValueKinds): unknown {
  const [, ulong, number = '', uuid, hex = '', binary, bytes = ''] = ID.exec(text) ?? [];
  if (ulong !== undefined && BigInt(number) < 1n << 64n) {
    const room = Buffer.alloc(8);
    room.writeBigUInt64BE(BigInt(number));
    return kinds.wrap_ulong(room);
  }
  if (uuid !== undefined) {
    const room = Buffer.from(hex.replaceAll('-', ''), 'hex');
    if (room.length === 16) return kinds.wrap_uuid(room);
  }
  return binary === undefined ? text : kinds.wrap_binary(Buffer.from(bytes, 'hex'));
}

function idText(value: Value): string {
  if (typeof value === 'bigint') return `ID:AMQP_ULONG:${value}`;
  if (value instanceof Uuid) return `ID:AMQP_UUID:${value.text}`;
  if (Buffer.isBuffer(value)) return `ID:AMQP_BINARY:${value.toString('hex').toUpperCase()}`;
  return textOf(value);
}

export interface Received {
  readonly broker: Amqp1Broker;
  /** the `destination` of the subscription */
  readonly subscribed: string;
  /** its id */
  readonly subscription: string;
  readonly deliveryId: number;
}

/** The headers of a delivery, without a prototype. Those that tell of the delivery win over application properties of the same name. */
export function headerFromSections(sections: Sections, received: Received): Header {
  const { header: section, properties, applicationProperties } = sections;
  const { broker, subscribed, subscription, deliveryId } = received;
  const header = Object.setPrototypeOf({}, null) as Header;
  header.destination = toldDestination(properties[TO_AT], subscribed);
  header['message-id'] = `${subscription}@@${deliveryId}`;
  header.subscription = subscription;
  const [durable, , , firstAcquirer, count] = section;
  header.redelivered = String((typeof count === 'number' && count > 0) || firstAcquirer === false);
  for (const [, at, name, kind] of PROPERTIES) {
    const value = properties[at] ?? null;
    if (value !== null) header[name] = kind === 'id' ? idText(value) : textOf(value);
  }
  const subject = properties[SUBJECT_AT] ?? null;
  if (subject !== null && !(broker === 'rabbitmq' && isKey(textOf(subject), subscribed))) {
    header[subjectHeader(broker)] = textOf(subject);
  }
  for (const [, at, name] of HEADER_FIELDS) {
    const value = section[at] ?? null;
    if (value !== null) header[name] = textOf(value);
  }
  if (typeof durable === 'boolean') header[PERSISTENT] = String(durable);
  for (const [name, value] of applicationProperties) {
    const text = textOf(name);
    if (header[text] === undefined) header[text] = textOf(value);
  }
  return header;
}

/** RabbitMQ tells the routing key of a message that came over another protocol. */
function isKey(subject: string, subscribed: string): boolean {
  return subject === '' || subscribed.replaceAll('%2F', '/').endsWith(subject);
}

/** Of a pattern only the message itself says what it was sent to. */
function toldDestination(to: Value | undefined, subscribed: string): string {
  const said = to === undefined || to === null ? '' : textOf(to);
  return /[*#>]/.test(subscribed) && said !== '' ? destinationOf(said, subscribed) : subscribed;
}

function wholeNumber(name: string, value: string, most: number): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number <= most) return number;
  throw bad(`the header ${name} is not a whole number up to ${most}; correct or delete it in a callback`);
}

function checkShort(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= SHORT_BYTES) return;
  throw bad(
    `the header ${name} has ${bytes} bytes, RabbitMQ has room for ${SHORT_BYTES}; shorten or delete it in a callback`,
  );
}

function bad(reason: string): StompctlError {
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', reason);
}
