import type { Options } from 'amqplib';
import { StompctlError } from '../base/errors.js';
import type { AmqpProperties } from './codec/content.js';
import { fieldText } from './codec/field-value.js';
import type { AmqpDelivery } from './delivery-reader.js';
import { destinationText } from './destination.js';

type Header = Record<string, string>;

/**
 * Which property is which header: those of RabbitMQ's STOMP plugin, so that a message has the same headers over both protocols.
 * `message-id` is what STOMP brokers name one delivery by: a producer's own stands in `amqp-message-id`.
 */
export const TEXT_PROPERTIES = [
  ['contentType', 'content-type'],
  ['contentEncoding', 'content-encoding'],
  ['correlationId', 'correlation-id'],
  ['replyTo', 'reply-to'],
  ['expiration', 'expiration'],
  ['messageId', 'amqp-message-id'],
  ['type', 'type'],
  ['userId', 'user-id'],
  ['appId', 'app-id'],
] as const satisfies readonly (readonly [keyof AmqpProperties & keyof Options.Publish, string])[];

export const NUMBER_PROPERTIES = [
  ['priority', 'priority', 255],
  ['timestamp', 'timestamp', Number.MAX_SAFE_INTEGER],
] as const;

const PERSISTENT = 'persistent';

/** Headers that are no field of the table: they are a property, or the address. */
const NO_FIELDS: ReadonlySet<string> = new Set([
  'destination',
  PERSISTENT,
  ...TEXT_PROPERTIES.map(([, header]) => header),
  ...NUMBER_PROPERTIES.map(([, header]) => header),
]);

/** Of RabbitMQ: further routing keys. It takes nothing but a list. */
const KEY_LISTS: ReadonlySet<string> = new Set(['CC', 'BCC']);

/** AMQP 0-9-1, section 4.2.5.3: the length of a short string is one byte. Names of fields are such strings. */
const SHORT_BYTES = 255;
/** of all fields together: the library encodes them in a buffer of this size */
const TABLE_BYTES = 65_536;
/** what a header frame has besides properties, and the flags, delivery-mode, priority and timestamp among these */
const HEAD_BYTES = 64;

/** The headers of a delivery, without a prototype. Those that tell of the delivery win over fields of the same name. */
export function headerOf(delivery: AmqpDelivery, subscription?: string): Header {
  const { properties, exchange, routingKey, redelivered, consumerTag, deliveryTag } = delivery;
  const header = Object.setPrototypeOf({}, null) as Header;
  header.destination = destinationText(exchange, routingKey);
  header['message-id'] = `${consumerTag}@@${deliveryTag}`;
  if (subscription !== undefined) header.subscription = subscription;
  header.redelivered = String(redelivered);
  for (const [property, name] of TEXT_PROPERTIES) {
    const value = properties[property];
    if (value !== undefined) header[name] = value;
  }
  for (const [property, name] of NUMBER_PROPERTIES) {
    const value = properties[property];
    if (value !== undefined) header[name] = String(value);
  }
  if (properties.deliveryMode !== undefined) header[PERSISTENT] = String(properties.deliveryMode === 2);
  for (const [name, value] of properties.headers ?? []) {
    if (header[name] === undefined) header[name] = fieldText(value);
  }
  return header;
}

export interface PublicationOptions {
  /** what a `persistent` in the header means; undefined: the message says nothing of it */
  readonly persistent: boolean | undefined;
  /** names of headers that stay here: they belong to another delivery or connection */
  readonly omit: ReadonlySet<string>;
  /** bytes of a frame */
  readonly frameMax: number;
}

/** Properties and fields of a message to send. Errors: MESSAGE_BAD_HEADER, for what AMQP has no room for. */
export function propertiesOf(header: Readonly<Header>, options: PublicationOptions): Options.Publish {
  const properties: Options.Publish = { mandatory: true };
  if (options.persistent !== undefined) properties.deliveryMode = options.persistent ? 2 : 1;
  let bytes = HEAD_BYTES;
  for (const [property, name] of TEXT_PROPERTIES) {
    const value = header[name];
    if (value === undefined) continue;
    bytes += 1 + checkShort(value, `the header ${name}`);
    properties[property] = value;
  }
  if (properties.expiration !== undefined && !/^\d{1,15}$/.test(String(properties.expiration))) {
    throw bad('the header expiration is not a whole number of milliseconds; correct or delete it in a callback');
  }
  for (const [property, name, most] of NUMBER_PROPERTIES) {
    const value = header[name];
    if (value !== undefined) properties[property] = wholeNumber(name, value, most);
  }
  const { fields, tableBytes } = fieldsOf(header, options.omit);
  properties.headers = fields;
  if (bytes + tableBytes > options.frameMax) {
    const reason = `its headers take ${bytes + tableBytes} bytes, and the broker takes frames of ${options.frameMax} (frame-max)`;
    throw bad(`${reason}; carry them in the body, or raise frame_max of the broker`);
  }
  return properties;
}

function fieldsOf(header: Readonly<Header>, omit: ReadonlySet<string>): { fields: object; tableBytes: number } {
  // without a prototype, as every header is: `__proto__` is a name like any other
  const fields = Object.setPrototypeOf({}, null) as Record<string, string | readonly string[]>;
  let bytes = 4;
  for (const name in header) {
    const value = header[name];
    if (value === undefined || NO_FIELDS.has(name) || omit.has(name)) continue;
    const keys = KEY_LISTS.has(name) ? keyList(value) : undefined;
    bytes += 6 + checkShort(name, `the name of the header ${JSON.stringify(name.slice(0, 40))}…`);
    bytes += Buffer.byteLength(value) + 8 * (keys?.length ?? 0);
    fields[name] = keys ?? value;
  }
  if (bytes > TABLE_BYTES) {
    throw bad(`its headers take ${bytes} bytes, more than ${TABLE_BYTES}; carry the large ones in the body`);
  }
  return { fields, tableBytes: bytes };
}

/** The keys in a list that was made text when it was received; any other text is one key. */
function keyList(value: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(value);
    if (Array.isArray(list) && list.every((key) => typeof key === 'string')) return list;
  } catch {
    // no list: one key
  }
  return [value];
}

function checkShort(text: string, what: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes > SHORT_BYTES) {
    throw bad(`${what} has ${bytes} bytes, AMQP has room for ${SHORT_BYTES}; shorten or delete it in a callback`);
  }
  return bytes;
}

function wholeNumber(name: string, value: string, most: number): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number <= most) return number;
  throw bad(`the header ${name} is not a whole number up to ${most}; correct or delete it in a callback`);
}

function bad(reason: string): StompctlError {
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', reason);
}
