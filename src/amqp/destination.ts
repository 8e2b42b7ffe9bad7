import { createHash } from 'node:crypto';

/** A queue or exchange as `amqpclt` writes it: `name=x durable=true`. */
export interface DeclaredThing {
  /** empty: the broker makes a name (queue), or the default one (exchange) */
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  /** of an exchange: `fanout`, `direct`, `topic`, `headers` */
  readonly type: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
}

/** Where a `destination` leads, as RabbitMQ's STOMP plugin reads it; `declared` is the form of `amqpclt`. */
export type AmqpDestination =
  /** a durable queue, declared when it is used */
  | { readonly kind: 'queue'; readonly name: string }
  /** a queue that somebody else has made */
  | { readonly kind: 'amq-queue'; readonly name: string }
  | { readonly kind: 'topic'; readonly key: string }
  | { readonly kind: 'exchange'; readonly name: string; readonly key: string }
  | { readonly kind: 'temp-queue'; readonly name: string }
  | {
      readonly kind: 'declared';
      readonly queue: DeclaredThing | undefined;
      readonly exchange: DeclaredThing | undefined;
      readonly routingKey: string;
      /** with what the queue is bound: of use to an exchange of type `headers` */
      readonly bindingArguments: Readonly<Record<string, string | number | boolean>>;
    };

export const TOPIC_EXCHANGE = 'amq.topic';
const FORMS = '/queue/NAME, /amq/queue/NAME, /topic/KEY, /exchange/NAME[/KEY], /temp-queue/NAME';
/** AMQP 0-9-1, section 4.2.5.3: names and routing keys are short strings. */
const SHORT_BYTES = 255;

/** What a destination means; a text: why it means nothing. */
export function parseDestination(text: string): AmqpDestination | string {
  const found = parse(text);
  if (typeof found === 'string') return found;
  const long = textsOf(found).find((each) => Buffer.byteLength(each) > SHORT_BYTES);
  return long === undefined
    ? found
    : `a name in it has ${Buffer.byteLength(long)} bytes, AMQP has room for ${SHORT_BYTES}`;
}

function parse(text: string): AmqpDestination | string {
  if (/^(?:queue|exchange|routing_key|arguments)=/.test(text.trimStart())) return parseDeclared(text);
  const [first, type = '', ...rest] = text.split('/');
  // as the plugin: a name alone is a queue
  if (first === text && text !== '') return { kind: 'queue', name: unescaped(text) };
  if (first !== '') return unknown(text);
  if (type === 'amq' && rest[0] === 'queue') return named('amq-queue', rest.slice(1), text);
  // the name of a queue that the broker has made may have slashes in it
  if (type === 'reply-queue' && rest.join('/') !== '') return { kind: 'amq-queue', name: rest.join('/') };
  switch (type) {
    case 'queue':
    case 'temp-queue':
      return named(type, rest, text);
    case 'topic': {
      const [key = ''] = rest;
      return rest.length === 1 && key !== '' ? { kind: 'topic', key: unescaped(key) } : unknown(text);
    }
    case 'exchange': {
      const [name = '', key = ''] = rest;
      if (name === '' || rest.length > 2) return unknown(text);
      return { kind: 'exchange', name: unescaped(name), key: unescaped(key) };
    }
    default:
      return unknown(text);
  }
}

function named(
  kind: 'queue' | 'amq-queue' | 'temp-queue',
  rest: readonly string[],
  text: string,
): AmqpDestination | string {
  const [name = ''] = rest;
  return rest.length === 1 && name !== '' ? { kind, name: unescaped(name) } : unknown(text);
}

function unknown(text: string): string {
  return `${JSON.stringify(text.slice(0, 100))} is none of ${FORMS}; a slash in a name is written %2F`;
}

/** The plugin undoes this escape and no other one. */
function unescaped(text: string): string {
  return text.replaceAll('%2F', '/');
}

function textsOf(destination: AmqpDestination): string[] {
  switch (destination.kind) {
    case 'topic':
      return [destination.key];
    case 'exchange':
      return [destination.name, destination.key];
    case 'declared':
      return [destination.queue?.name ?? '', destination.exchange?.name ?? '', destination.routingKey];
    default:
      return [destination.name];
  }
}

/** The destination of a message that was delivered, as the plugin writes it. */
export function destinationText(exchange: string, routingKey: string): string {
  if (exchange === '') return `/queue/${escaped(routingKey)}`;
  if (exchange === TOPIC_EXCHANGE) return `/topic/${escaped(routingKey)}`;
  return routingKey === '' ? `/exchange/${escaped(exchange)}` : `/exchange/${escaped(exchange)}/${escaped(routingKey)}`;
}

/** Slashes only, which `unescaped` undoes: what else the plugin escapes it does not understand when it is sent back. */
function escaped(text: string): string {
  return text.replaceAll('/', '%2F');
}

const THING_KEYS: ReadonlySet<string> = new Set(['name', 'durable', 'auto_delete', 'exclusive', 'type', 'arguments']);
const EXCHANGE_TYPES: ReadonlySet<string> = new Set(['fanout', 'direct', 'topic', 'headers']);

/** `queue="name=x durable=true" exchange=name%3Dy%20type%3Dtopic routing_key=z`: in quotes, or %-escaped as `amqpclt` wants it. */
function parseDeclared(text: string): AmqpDestination | string {
  const pairs = pairsOf(text);
  if (typeof pairs === 'string') return pairs;
  const strange = Object.keys(pairs).find((key) => !/^(?:queue|exchange|routing_key|arguments)$/.test(key));
  if (strange !== undefined) return `${strange} is none of queue, exchange, routing_key, arguments`;
  const queue = pairs.queue === undefined ? undefined : parseThing(pairs.queue, 'queue');
  const exchange = pairs.exchange === undefined ? undefined : parseThing(pairs.exchange, 'exchange');
  if (typeof queue === 'string') return queue;
  if (typeof exchange === 'string') return exchange;
  const bindingArguments = valuesOf(pairs.arguments ?? '');
  if (typeof bindingArguments === 'string') return bindingArguments;
  return { kind: 'declared', queue, exchange, routingKey: pairs.routing_key ?? '', bindingArguments };
}

function parseThing(text: string, what: 'queue' | 'exchange'): DeclaredThing | string {
  const pairs = pairsOf(text);
  if (typeof pairs === 'string') return pairs;
  const strange = Object.keys(pairs).find((key) => !THING_KEYS.has(key));
  if (strange !== undefined) return `${strange} means nothing for ${what}; known are ${[...THING_KEYS].join(', ')}`;
  const { type = 'direct' } = pairs;
  if (!EXCHANGE_TYPES.has(type)) return `${JSON.stringify(type)} is none of ${[...EXCHANGE_TYPES].join(', ')}`;
  const values = valuesOf(pairs.arguments ?? '');
  if (typeof values === 'string') return values;
  return {
    name: pairs.name ?? '',
    durable: pairs.durable === 'true',
    autoDelete: pairs.auto_delete === 'true',
    exclusive: pairs.exclusive === 'true',
    type,
    arguments: values,
  };
}

function valuesOf(text: string): Readonly<Record<string, string | number | boolean>> | string {
  const pairs = pairsOf(text);
  return typeof pairs === 'string' ? pairs : argumentsOf(pairs);
}

/** Arguments of a declaration: numbers and truth values as such, since the broker tells them from texts. */
export function argumentsOf(pairs: Readonly<Record<string, string>>): Record<string, string | number | boolean> {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(pairs)) {
    if (/^\d{1,15}$/.test(value)) values[name] = Number(value);
    else values[name] = value === 'true' || value === 'false' ? value === 'true' : value;
  }
  return values;
}

/** KEY=VALUE, separated by blanks or commas; a value in double quotes, or %-escaped. */
function pairsOf(text: string): Record<string, string> | string {
  const pairs: Record<string, string> = Object.create(null) as Record<string, string>;
  const one = /[\s,]*([^\s,=]+)=(?:"([^"]*)"|([^\s,"]*))(?=[\s,]|$)/y;
  const whole = text.replace(/[\s,]+$/, '');
  while (one.lastIndex < whole.length) {
    const from = one.lastIndex;
    const match = one.exec(whole);
    if (match === null) return `${JSON.stringify(whole.slice(from, from + 60))} is not KEY=VALUE`;
    const [, key = '', quoted, plain = ''] = match;
    const value = quoted ?? decoded(plain);
    if (value === undefined) return `the value of ${key} has a % that begins no escape`;
    pairs[key] = value;
  }
  return pairs;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The queue in which RabbitMQ's STOMP plugin keeps a durable subscription: made of the MD5 of Erlang's external form of the pair
 * of routing key and id, both lists of bytes.
 */
export function durableQueueName(routingKey: string, id: string): string {
  const term = Buffer.concat([Buffer.of(131, 104, 2), erlangString(routingKey), erlangString(id)]);
  return `stomp-subscription-${createHash('md5').update(term).digest('base64url')}`;
}

const NIL_EXT = 106;
const STRING_EXT = 107;

function erlangString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0) return Buffer.of(NIL_EXT);
  return Buffer.concat([Buffer.of(STRING_EXT, bytes.length >> 8, bytes.length & 0xff), bytes]);
}
