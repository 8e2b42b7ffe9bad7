import { after, before } from 'node:test';
import { startActivemq } from './activemq.js';
import { externalBroker } from './external-broker.js';
import { startRabbitmq } from './rabbitmq.js';
import type { BrokerKind, RealBroker } from './real-broker.js';
import { atEnd, type Cleaning } from './temp-folder.js';

export { startActivemq } from './activemq.js';
export { startRabbitmq } from './rabbitmq.js';
export type { BrokerKind, QueueDepth, RealBroker } from './real-broker.js';

const STARTERS = { rabbitmq: startRabbitmq, activemq: startActivemq } as const;

/** The variable that names an external broker of that kind: `stomp://user:pass@host:port/vhost`. */
export function brokerVariable(kind: BrokerKind): string {
  return `STOMPCTL_TEST_${kind.toUpperCase()}`;
}

/**
 * The kinds to run a suite on: RabbitMQ and ActiveMQ, and Artemis when `STOMPCTL_TEST_ARTEMIS` gives one (Debian has
 * no package of it); or those that `STOMPCTL_TEST_BROKERS` lists, separated by blanks.
 */
export function brokerKinds(): readonly BrokerKind[] {
  const listed = process.env.STOMPCTL_TEST_BROKERS;
  if (listed === undefined) {
    return process.env[brokerVariable('artemis')] === undefined
      ? ['rabbitmq', 'activemq']
      : ['rabbitmq', 'activemq', 'artemis'];
  }
  return listed.split(/\s+/).map((kind) => {
    if (kind === 'rabbitmq' || kind === 'activemq' || kind === 'artemis') return kind;
    throw new Error(`brokerKinds(${listed}): "${kind}" is none of rabbitmq, activemq, artemis`);
  });
}

/** The external broker of that kind, where the environment gives one; otherwise starts one. */
export async function openBroker(kind: BrokerKind): Promise<RealBroker> {
  const uri = process.env[brokerVariable(kind)];
  if (uri !== undefined) return externalBroker(kind, uri);
  if (kind === 'artemis') throw new Error('openBroker(artemis): not in Debian; set STOMPCTL_TEST_ARTEMIS');
  return await STARTERS[kind]();
}

/**
 * Gives the tests of a file (called at its top level) or of a suite (called in it) a broker, shared with other files
 * where the environment gives one. Not for tests that kill: they call `startRabbitmq` or `startActivemq`.
 * The result is to be called inside tests only.
 */
export function useBroker(kind: BrokerKind): () => RealBroker {
  let broker: RealBroker | undefined;
  before(async () => {
    broker = await openBroker(kind);
  });
  after(async () => {
    await broker?.stop();
  });
  return () => {
    if (broker === undefined) throw new Error(`useBroker(${kind}): not started; call it inside a test`);
    return broker;
  };
}

/** One of each kind that a test may kill, stopped when it ends. */
export async function bothBrokers(test: Cleaning): Promise<{ rabbitmq: RealBroker; activemq: RealBroker }> {
  const started = await Promise.allSettled([startRabbitmq(), startActivemq()]);
  const brokers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  atEnd(test, async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
  });
  const [rabbitmq, activemq] = brokers;
  if (rabbitmq !== undefined && activemq !== undefined) return { rabbitmq, activemq };
  throw started.find((result) => result.status === 'rejected')?.reason;
}

/** Which kind delivered a message, by the form of the identifiers that each gives. */
export function servedBy(messageId: string | undefined): BrokerKind | undefined {
  if (messageId?.startsWith('T_')) return 'rabbitmq';
  return messageId?.startsWith('ID:') ? 'activemq' : undefined;
}
