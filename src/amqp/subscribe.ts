import { StompctlError, unreachable } from '../base/errors.js';
import type { AmqpSession } from './amqp-session.js';
import type { AmqpDelivery } from './delivery-reader.js';
import {
  type AmqpDestination,
  argumentsOf,
  type DeclaredThing,
  durableQueueName,
  parseDestination,
  TOPIC_EXCHANGE,
} from './destination.js';
import { OtherArguments } from './other-arguments.js';

type Header = Readonly<Record<string, string>>;

/** Arguments of a queue among the headers of SUBSCRIBE and SEND, as RabbitMQ's STOMP plugin takes them. */
const QUEUE_ARGUMENTS: ReadonlySet<string> = new Set([
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-message-ttl',
  'x-overflow',
  'x-queue-type',
]);

export interface Subscribing {
  /** what names the subscription at the broker, and its deliveries here */
  readonly id: string;
  /** the broker forgets a message once it is sent */
  readonly noAck: boolean;
  /** most unacknowledged messages; 0: any number */
  readonly prefetch: number;
}

/**
 * Subscribes to what the `destination` in `header` means: makes its queue where one is to be made, and receives from it. Resolves to
 * the name of the queue. Errors: CONFIG_INVALID, and those of the session.
 */
export async function subscribe(
  session: AmqpSession,
  header: Header,
  { id, noAck, prefetch }: Subscribing,
  onDelivery: (delivery: AmqpDelivery) => void,
): Promise<string> {
  const { destination: text = '' } = header;
  const destination = parseDestination(text);
  if (typeof destination === 'string')
    throw new StompctlError('CONFIG_INVALID', 'subscribe', 'destination', destination);
  const queue = await queueFor(session, destination, header, id);
  if (!noAck) await session.prefetch(prefetch);
  const priority = header['x-priority'];
  const values = priority === undefined ? {} : argumentsOf({ 'x-priority': priority });
  await session.consume(queue, { tag: id, noAck, arguments: values }, onDelivery);
  return queue;
}

function queueFor(session: AmqpSession, destination: AmqpDestination, header: Header, id: string): Promise<string> {
  switch (destination.kind) {
    case 'queue':
      return declareQueue(session, destination.name, header);
    case 'amq-queue':
      return Promise.resolve(destination.name);
    case 'temp-queue':
      return session.declareQueue('', { durable: false, exclusive: true, autoDelete: true });
    case 'topic':
      return ownQueue(session, TOPIC_EXCHANGE, destination.key, header, id);
    case 'exchange':
      return ownQueue(session, destination.name, destination.key, header, id);
    case 'declared':
      return declare(session, destination);
    default:
      return unreachable(destination);
  }
}

/**
 * The queue of `/queue/NAME`, before a message is sent to it: always one that stays, whatever the `header` of that message says of a
 * subscription, which it may have brought along; its arguments alone are taken. One that is there with other arguments is used as it is.
 */
export async function declareForSending(session: AmqpSession, name: string, header: Header): Promise<void> {
  const kept = { durable: true, autoDelete: false, exclusive: false, arguments: queueArguments(header) };
  try {
    await session.declareQueue(name, kept);
  } catch (error) {
    if (session.over !== undefined || !(error instanceof OtherArguments)) throw error;
  }
}

/** The queue of `/queue/NAME`, durable unless `header` says otherwise, as the STOMP plugin makes it. */
function declareQueue(session: AmqpSession, name: string, header: Header): Promise<string> {
  return session.declareQueue(name, queueOptions(header, header.durable !== 'false'));
}

/** A queue of the subscription's own, bound to an exchange; with `durable:true` it stays when the session ends. */
async function ownQueue(
  session: AmqpSession,
  exchange: string,
  key: string,
  header: Header,
  id: string,
): Promise<string> {
  const durable = header.durable === 'true';
  const name = header['x-queue-name'] ?? (durable ? durableQueueName(key, id) : '');
  const queue = await session.declareQueue(name, queueOptions(header, durable));
  await session.bindQueue(queue, exchange, key, {});
  return queue;
}

function queueOptions(header: Header, durable: boolean) {
  const wish = (name: string) => (header[name] === undefined ? !durable : header[name] === 'true');
  return { durable, autoDelete: wish('auto-delete'), exclusive: wish('exclusive'), arguments: queueArguments(header) };
}

/** Which arguments a queue is declared with, by the headers of SUBSCRIBE or SEND. */
export function queueArguments(header: Header): Record<string, string | number | boolean> {
  return argumentsOf(Object.fromEntries(Object.entries(header).filter(([name]) => QUEUE_ARGUMENTS.has(name))));
}

/** Makes the exchange and the queue as `amqpclt` does, and binds one to the other; resolves to the name of the queue. */
export async function declare(
  session: AmqpSession,
  { queue, exchange, routingKey, bindingArguments }: Extract<AmqpDestination, { kind: 'declared' }>,
): Promise<string> {
  if (exchange !== undefined && isOurs(exchange)) {
    const { name, type, durable, autoDelete, arguments: values } = exchange;
    await session.declareExchange(name, type, { durable, autoDelete, arguments: values });
  }
  if (queue === undefined) return '';
  const { durable, autoDelete, exclusive, arguments: values } = queue;
  const name = await session.declareQueue(queue.name, { durable, autoDelete, exclusive, arguments: values });
  if (exchange !== undefined && exchange.name !== '') {
    await session.bindQueue(name, exchange.name, routingKey, bindingArguments);
  }
  return name;
}

/** Those that begin with `amq.` are the broker's, and there. */
function isOurs({ name }: DeclaredThing): boolean {
  return name !== '' && !name.startsWith('amq.');
}
