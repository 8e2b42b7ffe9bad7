import { parseDestination } from '../amqp/destination.js';
import type { BrokerProtocol } from './broker-uri.js';
import { brokersProtocol } from './broker-uris.js';
import type { OptionValues } from './options/option-values.js';

/** What `…-broker-protocol` may say. */
const PROTOCOLS: readonly BrokerProtocol[] = ['stomp', 'amqp', 'amqp091', 'amqp1'];
const SIDES = ['incoming', 'outgoing'] as const;

/** What is spoken with the brokers of a side. */
export function sideProtocol(values: OptionValues, side: 'incoming' | 'outgoing'): BrokerProtocol {
  const given = values.text(`${side}-broker-protocol`);
  const protocol = PROTOCOLS.find((known) => known === given);
  return brokersProtocol(values.text(`${side}-broker-uri`) ?? '', protocol);
}

export interface AmqpProblem {
  readonly option: string;
  /** which of several values */
  readonly place?: string;
  readonly reason: string;
}

/** What is asked of an AMQP broker that it has no room for. */
export function* amqpProblems(values: OptionValues): Iterable<AmqpProblem> {
  for (const side of SIDES) {
    const protocol = values.has(`${side}-broker-uri`) ? sideProtocol(values, side) : 'stomp';
    if (protocol === 'stomp') continue;
    const connect = `${side}-broker-connect`;
    const known = protocol === 'amqp091' ? ['host'] : ['host', 'client-id'];
    const strange = Object.keys(values.table(connect) ?? {}).find((name) => !known.includes(name));
    if (strange !== undefined) {
      const reason = `${connect}: "${strange}" is a header of STOMP: over AMQP there is only ${known.join(' and ')}`;
      yield { option: connect, reason };
    }
    const debug = `${side}-broker-stomp-debug`;
    if (values.has(debug))
      yield { option: debug, reason: `${debug}: there are no STOMP frames over AMQP: leave it out` };
  }
  const incoming = values.has('incoming-broker-uri') ? sideProtocol(values, 'incoming') : 'stomp';
  if (incoming === 'amqp1') yield* durableWithoutName(values);
  if (incoming !== 'amqp' && incoming !== 'amqp091') return;
  for (const [index, { destination, durable, id, 'x-queue-name': name }] of values.tables('subscribe').entries()) {
    const place = String(index);
    const meant = parseDestination(String(destination ?? ''));
    // that there is none is another rule's
    if (typeof meant === 'string') {
      if (destination !== undefined) yield { option: 'subscribe', place, reason: `subscribe: ${meant}` };
    } else if (
      (meant.kind === 'topic' || meant.kind === 'exchange') &&
      durable === 'true' &&
      (id ?? name) === undefined
    ) {
      const reason = 'subscribe: a durable subscription needs an id, which names its queue (or x-queue-name)';
      yield { option: 'subscribe', place, reason };
    } else if (meant.kind === 'declared' && meant.queue === undefined) {
      yield { option: 'subscribe', place, reason: 'subscribe: needs a queue, as in queue="name=x durable=true"' };
    }
  }
}

/** Over AMQP 1.0 the broker knows a durable subscription by two names; what else a destination may be is the broker's. */
function* durableWithoutName(values: OptionValues): Iterable<AmqpProblem> {
  const client = values.table('incoming-broker-connect')?.['client-id'];
  for (const [index, { durable, id, destination }] of values.tables('subscribe').entries()) {
    if (durable !== 'true' || !/^(?:\/topic\/|topic:\/\/)/.test(String(destination ?? ''))) continue;
    if (id !== undefined && client !== undefined) continue;
    const reason =
      'subscribe: a durable subscription needs an id, and client-id in incoming-broker-connect: they name it';
    yield { option: 'subscribe', place: String(index), reason };
  }
}
