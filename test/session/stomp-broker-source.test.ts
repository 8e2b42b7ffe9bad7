import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { brokerAcceptsAndSaysNothing } from '../../src/broker/faults.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Delivery } from '../../src/flow/delivery.js';
import { BrokerSource, type BrokerSourceOptions } from '../../src/sources/broker/broker-source.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

const ALL = { deliveries: 1000, bytes: 1_000_000 };
const NEVER = new AbortController().signal;
const POISON = new StompctlError('CALLBACK_THREW', 'check', 'x', 'poison');

async function pair(test: Cleaning, broker: BrokerOptions = {}, options: Partial<BrokerSourceOptions> = {}) {
  const server = await startedBroker(test, { rememberFrames: 1000, server: 'RabbitMQ/3.10.8', ...broker });
  const events: string[] = [];
  const source = new BrokerSource({
    name: 'broker test',
    connect: async () => ({ endpoint: { transport: 'tcp', host: '127.0.0.1', port: server.port } }),
    subscriptions: [{ header: { destination: '/queue/a' } }],
    reliable: true,
    prefetch: undefined,
    window: 100,
    windowBytes: 1_000_000,
    maxParked: 10,
    events: {
      rejected: (name, reason) => events.push(`rejected ${name} ${reason.code}`),
      settledInVain: (_name, why) => events.push(why),
      parked: (_name, parked) => events.push(`parked ${parked}`),
    },
    ...options,
  });
  test.after(() => source.close());
  return { server, source, events };
}

/** Takes until `count` deliveries are there. */
async function take(source: BrokerSource, count: number, demand = ALL): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  await eventually(async () => {
    const result = await source.next(demand, NEVER);
    if (result.kind === 'batch') taken.push(...result.deliveries);
    return taken.length >= count;
  });
  return taken;
}

const bodies = (deliveries: readonly Delivery[]) => deliveries.map(({ message }) => message.body.toString());

describe('BrokerSource', () => {
  it('hands over messages in order, and acknowledges what is settled', async (test) => {
    const { server, source } = await pair(test);
    for (const body of ['1', '2', '3']) server.publish('/queue/a', { 'content-type': 'text/plain', x: 'y' }, body);
    await source.open();
    const deliveries = await take(source, 3);
    assert.deepEqual(bodies(deliveries), ['1', '2', '3']);
    assert.equal(deliveries[0]?.message.header.x, 'y');
    assert.equal(deliveries[0]?.message.text, true);
    for (const delivery of deliveries) delivery.ack();
    await source.settle();
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
  });

  it('keeps within the demand, in deliveries and in bytes, but for a single large one', async (test) => {
    const { server, source } = await pair(test);
    for (const size of [500, 100, 100, 100]) server.publish('/queue/a', {}, Buffer.alloc(size));
    await source.open();
    await eventually(() => server.depth('/queue/a').unacknowledged === 4);
    assert.equal((await take(source, 1, { deliveries: 10, bytes: 10 })).length, 1);
    assert.equal((await take(source, 1, { deliveries: 1, bytes: 10_000 })).length, 1);
    assert.equal((await take(source, 1, { deliveries: 10, bytes: 10_000 })).length, 2);
  });

  it('is idle when there is nothing, early when interrupted', async (test) => {
    const { source } = await pair(test);
    await source.open();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 10);
    assert.deepEqual(await source.next(ALL, stop.signal), { kind: 'idle', reason: 'interrupted' });
    assert.deepEqual(await source.next(ALL, NEVER), { kind: 'idle', reason: 'empty' });
  });

  for (const { server: name, header, value } of [
    { server: 'RabbitMQ/3.10.8', header: 'prefetch-count', value: '55' },
    { server: 'ActiveMQ/5.17.2', header: 'activemq.prefetchSize', value: '55' },
    { server: 'apache-apollo/1.7', header: 'credit', value: '55' },
    { server: 'ActiveMQ-Artemis/2.28', header: 'consumer-window-size', value: '500000' },
  ]) {
    it(`asks ${name} for its share of the window and of what may be parked`, async (test) => {
      const subscriptions = ['/queue/a', '/queue/b'].map((destination) => ({ header: { destination } }));
      const { server, source } = await pair(test, { server: name }, { subscriptions });
      await source.open();
      assert.deepEqual(
        server.seen('SUBSCRIBE').map((frame) => frame.header[header]),
        [value, value],
      );
    });
  }

  it('asks for the prefetch that the operator gave, and leaves a header of the operator alone', async (test) => {
    const subscriptions = [
      { header: { destination: '/queue/a' } },
      { header: { destination: '/queue/b', 'prefetch-count': '3' } },
    ];
    const { server, source } = await pair(test, {}, { subscriptions, prefetch: 7 });
    await source.open();
    assert.deepEqual(
      server.seen('SUBSCRIBE').map(({ header }) => header['prefetch-count']),
      ['7', '3'],
    );
  });

  it('lets the broker forget messages at once when not reliable', async (test) => {
    const { server, source } = await pair(test, {}, { reliable: false });
    await source.open();
    assert.equal(server.seen('SUBSCRIBE')[0]?.header.ack, 'auto');
    server.publish('/queue/a', {}, 'x');
    const [delivery] = await take(source, 1);
    delivery?.ack();
    await source.close();
    assert.equal(server.seen('ACK').length, 0);
  });

  it('gives released messages back with the session', async (test) => {
    const { server, source } = await pair(test);
    server.publish('/queue/a', {}, 'x');
    await source.open();
    const [delivery] = await take(source, 1);
    delivery?.release();
    await source.close();
    await eventually(() => server.depth('/queue/a').ready === 1);
  });

  it('stores a rejected message, then acknowledges it', async (test) => {
    const stored: string[] = [];
    const deadLetters = {
      store: async (message: { body: Buffer }) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        stored.push(message.body.toString());
      },
    };
    const { server, source, events } = await pair(test, {}, { deadLetters });
    server.publish('/queue/a', {}, 'x');
    await source.open();
    const [delivery] = await take(source, 1);
    delivery?.reject(POISON);
    assert.equal(server.seen('ACK').length, 0);
    await source.settle();
    assert.deepEqual(stored, ['x']);
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    assert.deepEqual(events, []);
  });

  it('parks a rejected message without a failure queue, and outside the window', async (test) => {
    const { server, source, events } = await pair(test, {}, { window: 1, maxParked: 2 });
    for (const body of ['1', '2', '3']) server.publish('/queue/a', {}, body);
    await source.open();
    const [first] = await take(source, 1, { deliveries: 1, bytes: 1000 });
    first?.reject(POISON);
    const [second] = await take(source, 1, { deliveries: 1, bytes: 1000 });
    second?.ack();
    const [third] = await take(source, 1, { deliveries: 1, bytes: 1000 });
    assert.equal(third?.message.body.toString(), '3');
    assert.deepEqual(events, ['parked 1']);
  });

  it('stops when everything that the broker will send is parked', async (test) => {
    const { server, source } = await pair(test, {}, { prefetch: 1 });
    for (const body of ['1', '2']) server.publish('/queue/a', {}, body);
    await source.open();
    const [first] = await take(source, 1);
    first?.reject(POISON);
    await assert.rejects(source.next(ALL, NEVER), { code: 'TOO_MANY_PARKED', message: /failure-queue/ });
  });

  it('counts a second settling, and does nothing', async (test) => {
    const { server, source, events } = await pair(test);
    server.publish('/queue/a', {}, 'x');
    await source.open();
    const [delivery] = await take(source, 1);
    delivery?.ack();
    delivery?.ack();
    delivery?.release();
    await source.settle();
    assert.deepEqual(events, ['twice', 'twice']);
    await source.close();
    assert.equal(server.seen('ACK').length, 1);
  });

  it('tells the loss of its session, counts settlings that come too late, and opens again', async (test) => {
    const { server, source, events } = await pair(test);
    server.publish('/queue/a', {}, 'x');
    await source.open();
    const [delivery] = await take(source, 1);
    server.killConnections();
    await assert.rejects(
      async () => {
        for (;;) await source.next(ALL, NEVER);
      },
      { code: 'SESSION_LOST', action: 'reopen' },
    );
    await source.open();
    delivery?.ack();
    assert.deepEqual(events, ['dead-session']);
    const [again] = await take(source, 1);
    again?.ack();
    await source.settle();
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
  });

  for (const { server: name, again } of [
    { server: 'ActiveMQ/5.17.2', again: 0 },
    { server: 'RabbitMQ/3.10.8', again: 1 },
  ]) {
    const what = again === 0 ? 'does not hand over again' : 'hands over again';
    it(`${what} what is safe already, from ${name}`, async (test) => {
      const duplicates: string[] = [];
      const { server, source } = await pair(test, { server: name }, { onDuplicate: (id) => duplicates.push(id) });
      server.publish('/queue/a', {}, 'safe');
      await source.open();
      const [delivery] = await take(source, 1);
      server.killConnections();
      await eventually(() => server.connections === 0);
      delivery?.ack();
      await source.open();
      server.publish('/queue/a', {}, 'new');
      const more = await take(source, 1 + again);
      assert.deepEqual(bodies(more), again === 0 ? ['new'] : ['safe', 'new']);
      assert.equal(duplicates.length, 1 - again);
    });
  }

  it('pauses the connection when it holds as many bytes as it may, and goes on when they are settled', async (test) => {
    const { server, source } = await pair(test, { server: 'Unheard/1' }, { windowBytes: 300_000 });
    for (let count = 0; count < 100; count++) server.publish('/queue/a', {}, Buffer.alloc(100_000));
    await source.open();
    let taken = 0;
    let most = 0;
    await eventually(async () => {
      const result = await source.next({ deliveries: 1000, bytes: 10_000_000 }, NEVER);
      if (result.kind !== 'batch') return false;
      taken += result.deliveries.length;
      most = Math.max(most, result.deliveries.length);
      for (const delivery of result.deliveries) delivery.ack();
      return taken === 100;
    });
    assert.ok(most <= 4, `${most} at once`);
  });

  it('unsubscribes by position at the end', async (test) => {
    const subscriptions = [
      { header: { destination: '/queue/a' } },
      { header: { destination: '/queue/b', id: 'mine' }, unsubscribe: { durable: 'true' } },
    ];
    const { server, source } = await pair(test, {}, { subscriptions });
    await source.open();
    await source.close();
    const [unsubscribe, ...more] = server.seen('UNSUBSCRIBE');
    assert.equal(unsubscribe?.header.id, 'mine');
    assert.equal(unsubscribe?.header.durable, 'true');
    assert.ok(unsubscribe?.header.receipt);
    assert.deepEqual(more, []);
  });

  it('ends a durable subscription of ActiveMQ after the receiving from it, which the broker insists on', async (test) => {
    const name = { 'activemq.subscriptionName': 'mine' };
    const subscriptions = [{ header: { destination: '/topic/a', id: 'one', ...name }, unsubscribe: name }];
    const { server, source } = await pair(test, { server: 'ActiveMQ/5.17.2' }, { subscriptions });
    await source.open();
    await source.close();
    assert.deepEqual(
      server.seen('UNSUBSCRIBE').map(({ header }) => [header.id, header['activemq.subscriptionName']]),
      [
        ['one', undefined],
        ['one', 'mine'],
      ],
    );
  });

  it('closes while it opens: the opening is given up', async (test) => {
    const { source } = await pair(test, { faults: [brokerAcceptsAndSaysNothing()] });
    const opening = source.open();
    setTimeout(() => source.close(), 20);
    await assert.rejects(opening, { code: 'SESSION_CLOSED' });
  });
});
