import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from '../../src/flow/delivery.js';
import { Message, newHeader } from '../../src/message/message.js';
import { BrokerSink } from '../../src/sinks/broker/broker-sink.js';
import { BrokerSource, type BrokerSubscription } from '../../src/sources/broker/broker-source.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from '../support/eventually.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import type { Cleaning } from '../support/temp-folder.js';

const NAME = `${process.pid}-${Date.now()}`;

function login(broker: RealBroker, options: Partial<SessionOptions> = {}): () => Promise<SessionOptions> {
  return async () => ({
    endpoint: { transport: 'tcp', host: broker.host, port: broker.port },
    vhost: broker.vhost,
    login: broker.user,
    passcode: broker.pass,
    ...options,
  });
}

async function source(
  test: Cleaning,
  broker: RealBroker,
  subscriptions: readonly BrokerSubscription[],
  options: Partial<SessionOptions> = {},
): Promise<BrokerSource> {
  const opened = new BrokerSource({
    name: 'source',
    connect: login(broker, options),
    subscriptions,
    reliable: true,
    prefetch: undefined,
    window: 100,
    windowBytes: 1_000_000,
    maxParked: 10,
    events: { rejected: () => undefined, settledInVain: () => undefined, parked: () => undefined },
  });
  await opened.open();
  test.after(() => opened.close());
  return opened;
}

async function sink(test: Cleaning, broker: RealBroker): Promise<BrokerSink> {
  const opened = new BrokerSink({
    name: 'sink',
    connect: login(broker),
    reliable: true,
    persistent: 'true',
    contentLength: 'auto',
    maxMessageSize: 1_000_000,
    flushMs: 5000,
  });
  await opened.open();
  test.after(() => opened.close());
  return opened;
}

function message(header: Record<string, string>, body: string): Message {
  return new Message(newHeader(header), Buffer.from(body));
}

/** Takes and acknowledges `count` messages. */
async function receive(from: BrokerSource, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const never = new AbortController().signal;
  await eventually(async () => {
    const result = await from.next({ deliveries: 100, bytes: 1_000_000 }, never);
    if (result.kind === 'batch') taken.push(...result.deliveries);
    return taken.length >= count;
  });
  for (const delivery of taken) delivery.ack();
  await from.settle();
  return taken;
}

const bodies = (deliveries: readonly Delivery[]) =>
  deliveries.map((delivery) => delivery.message.body.toString()).sort();

describe('subscriptions on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  it('take from an exchange by key, from a topic by pattern, and from a queue, over one session', async (test) => {
    const subscriptions = [
      { header: { destination: `/exchange/amq.topic/${NAME}.key` } },
      { header: { destination: `/topic/${NAME}.a.*.b` } },
      { header: { destination: `/queue/${NAME}`, 'x-expires': '60000', 'x-max-priority': '5' } },
    ];
    const from = await source(test, broker(), subscriptions);
    const to = await sink(test, broker());
    const mine = { 'x-expires': '60000', 'x-max-priority': '5' };
    await to.send(message({ destination: `/exchange/amq.topic/${NAME}.key` }, 'exchange'));
    await to.send(message({ destination: `/topic/${NAME}.a.x.b` }, 'topic'));
    await to.send(message({ destination: `/queue/${NAME}`, ...mine }, 'queue'));
    assert.deepEqual(bodies(await receive(from, 3)), ['exchange', 'queue', 'topic']);
  });

  it('keep what came while away, when durable, until unsubscribed', async (test) => {
    const header = {
      destination: `/topic/${NAME}.durable`,
      id: `durable-${NAME}`,
      durable: 'true',
      'auto-delete': 'false',
    };
    const first = await source(test, broker(), [{ header }]);
    await first.close();
    const to = await sink(test, broker());
    await to.send(message({ destination: header.destination }, 'while away'));
    const unsubscribe = { durable: 'true', 'auto-delete': 'false' };
    const second = await source(test, broker(), [{ header, unsubscribe }]);
    assert.deepEqual(bodies(await receive(second, 1)), ['while away']);
    await second.close();
  });

  it('carry requests and their replies: reply-to and correlation-id arrive as they were sent', async (test) => {
    const service = await source(test, broker(), [{ header: { destination: `/queue/${NAME}-requests` } }]);
    const client = await source(test, broker(), [{ header: { destination: `/queue/${NAME}-replies` } }]);
    const to = await sink(test, broker());
    const request = {
      destination: `/queue/${NAME}-requests`,
      'reply-to': `/queue/${NAME}-replies`,
      'correlation-id': 'request 1',
    };
    await to.send(message(request, 'two and two'));
    const [received] = await receive(service, 1);
    assert.equal(received?.message.header['reply-to'], request['reply-to']);
    // what docs/request-reply.md does in a callback
    const reply = newHeader(received?.message.header);
    reply.destination = reply['reply-to'] ?? '';
    delete reply['reply-to'];
    await to.send(new Message(reply, Buffer.from('four')));
    const [answer] = await receive(client, 1);
    assert.equal(answer?.message.body.toString(), 'four');
    assert.equal(answer?.message.header['correlation-id'], 'request 1');
  });
});

describe('subscriptions on ActiveMQ', () => {
  const broker = useBroker('activemq');

  it('select, and are exclusive or have a priority', async (test) => {
    const header = {
      destination: `/queue/${NAME}`,
      selector: "colour = 'red'",
      'activemq.exclusive': 'true',
      'activemq.priority': '10',
    };
    const from = await source(test, broker(), [{ header }]);
    const to = await sink(test, broker());
    for (const colour of ['blue', 'red']) await to.send(message({ destination: `/queue/${NAME}`, colour }, colour));
    assert.deepEqual(bodies(await receive(from, 1)), ['red']);
  });

  it('keep what came while away, when durable, until unsubscribed', async (test) => {
    const header = { destination: `/topic/${NAME}`, id: 'durable', 'activemq.subscriptionName': `durable-${NAME}` };
    const me = { connectHeaders: { 'client-id': `client-${NAME}` } };
    const first = await source(test, broker(), [{ header }], me);
    await first.close();
    const to = await sink(test, broker());
    await to.send(message({ destination: header.destination }, 'while away'));
    const unsubscribe = { 'activemq.subscriptionName': `durable-${NAME}` };
    const second = await source(test, broker(), [{ header, unsubscribe }], me);
    assert.deepEqual(bodies(await receive(second, 1)), ['while away']);
    await second.close();
  });

  it('share the window among several', async (test) => {
    const destinations = ['one', 'two'].map((name) => `/queue/${NAME}-${name}`);
    const from = await source(
      test,
      broker(),
      destinations.map((destination) => ({ header: { destination } })),
    );
    const to = await sink(test, broker());
    await Promise.all(destinations.map((destination) => to.send(message({ destination }, destination))));
    assert.deepEqual(bodies(await receive(from, 2)), destinations);
  });
});
