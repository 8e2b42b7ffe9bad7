import { parseDestination } from '../amqp/destination.js';
import type { Target } from './amqp1-sender.js';

/** Whose addresses are meant: brokers read the same address in different ways. */
export type Amqp1Broker = 'rabbitmq' | 'activemq' | 'other';

/** By the `product` that a broker names when it opens a connection. */
export function brokerOf(product: string | undefined): Amqp1Broker {
  if (product === 'RabbitMQ') return 'rabbitmq';
  return product === 'ActiveMQ' ? 'activemq' : 'other';
}

/** What a queue or topic is called in `destination`, and whether it is one. */
const PLACE = /^\/(queue|topic)\/(.+)$/s;
const SCHEME = /^(queue|topic):\/\/(.+)$/s;

/** Where messages of a destination go to; a text: why they go nowhere. */
export function targetOf(destination: string, broker: Amqp1Broker): Target | string {
  if (broker !== 'rabbitmq') return elsewhere(destination, broker);
  const meant = onRabbitmq(destination);
  if (typeof meant === 'string') return meant;
  if (meant.kind !== 'temp-queue') return { address: destination, capability: undefined };
  return '/temp-queue/NAME is a queue of one subscriber: only it knows its name, and gives it as reply-to';
}

/** Where messages of a subscription come from; a text: why they come from nowhere. */
export function sourceOf(destination: string, broker: Amqp1Broker): Target | string {
  if (broker !== 'rabbitmq') return elsewhere(destination, broker);
  const meant = onRabbitmq(destination);
  if (typeof meant === 'string') return meant;
  if (meant.kind === 'queue' || meant.kind === 'amq-queue') return { address: destination, capability: undefined };
  const why =
    'RabbitMQ 3 would leave a queue behind at each connection: it makes one without a name and never removes it';
  return `over AMQP 1.0 there are only /queue/NAME and /amq/queue/NAME, for ${why}; bind a queue and name it, or use amqp091 or stomp`;
}

function onRabbitmq(destination: string) {
  const meant = parseDestination(destination);
  if (typeof meant === 'string') return meant;
  if (meant.kind === 'declared') return 'queue=… exchange=… is of AMQP 0-9-1: nothing is declared over AMQP 1.0';
  // its process for the session ends by it
  if (/[^\x20-\x7e]/.test(destination))
    return 'RabbitMQ reads addresses of AMQP 1.0 in ASCII only: use amqp091 or stomp';
  return meant;
}

function elsewhere(destination: string, broker: Amqp1Broker): Target {
  const [, kind, name = ''] = PLACE.exec(destination) ?? [];
  if (kind === undefined) return { address: destination, capability: SCHEME.exec(destination)?.[1] };
  return { address: broker === 'activemq' ? `${kind}://${name}` : name, capability: kind };
}

/** An address as a `destination`, which leads there: what is said of a message that came by a pattern. */
export function destinationOf(address: string, subscribed: string): string {
  const [, schemed, name = ''] = SCHEME.exec(address) ?? [];
  if (schemed !== undefined) return `/${schemed}/${name}`;
  const kind = PLACE.exec(subscribed)?.[1];
  return kind === undefined || address.startsWith('/') ? address : `/${kind}/${address}`;
}
