import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { Demand } from '../../src/flow/source.js';
import { BrokerSource, type BrokerSourceOptions } from '../../src/sources/broker/broker-source.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from './eventually.js';
import { startedBroker } from './started-broker.js';
import type { Cleaning } from './temp-folder.js';

export const NEVER: AbortSignal = new AbortController().signal;
const ALL: Demand = { deliveries: 1000, bytes: 100_000_000 };

/** A source on `port`, closed when the test ends, and what it told beside deliveries. */
export function sourceOn(
  test: Cleaning,
  port: number,
  options: Partial<BrokerSourceOptions> = {},
  session: Partial<SessionOptions> = {},
) {
  const events: string[] = [];
  const warnings: string[] = [];
  const source = new BrokerSource({
    name: 'broker test',
    connect: async () => ({ endpoint: { transport: 'tcp', host: '127.0.0.1', port }, ...session }),
    subscriptions: [{ header: { destination: '/queue/a' } }],
    reliable: true,
    prefetch: undefined,
    window: 100,
    windowBytes: 1_000_000,
    maxParked: 10,
    events: {
      rejected: (_name, reason) => events.push(`rejected ${reason.code}`),
      settledInVain: (_name, why) => events.push(why),
      parked: (_name, parked) => events.push(`parked ${parked}`),
    },
    onWarning: (event, text) => warnings.push(`${event}: ${text}`),
    ...options,
  });
  test.after(() => source.close());
  return { source, events, warnings };
}

/** The same, with an in-process broker. */
export async function sourcePair(
  test: Cleaning,
  broker: BrokerOptions = {},
  options: Partial<BrokerSourceOptions> = {},
  session: Partial<SessionOptions> = {},
) {
  const server = await startedBroker(test, { rememberFrames: 1000, server: 'RabbitMQ/3.10.8', ...broker });
  return { server, ...sourceOn(test, server.port, options, session) };
}

/** Takes until `count` deliveries are there. */
export async function take(source: BrokerSource, count: number, demand = ALL): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  await eventually(async () => {
    const result = await source.next(demand, NEVER);
    if (result.kind === 'batch') taken.push(...result.deliveries);
    return taken.length >= count;
  });
  return taken;
}
