import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { bodies, connectRaw, messages, send, subscribe } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/q';

test('a queue keeps messages until somebody subscribes, first in first out', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  for (const body of ['1', '2', '3']) await send(client, QUEUE, body);
  assert.deepEqual(broker.depth(QUEUE), { ready: 3, unacknowledged: 0, consumers: 0 });
  await subscribe(client, { destination: QUEUE, id: '0' });
  assert.deepEqual(await bodies(client, 3), ['1', '2', '3']);
});

test('a queue gives each message to one subscriber, in turn', async (t) => {
  const broker = await startedBroker(t);
  const one = await connectRaw(t, broker);
  const two = await connectRaw(t, broker);
  await subscribe(one, { destination: QUEUE, id: '0' });
  await subscribe(two, { destination: QUEUE, id: '0' });
  for (const body of ['1', '2', '3', '4']) broker.publish(QUEUE, {}, body);
  assert.deepEqual(
    [await bodies(one, 2), await bodies(two, 2)],
    [
      ['1', '3'],
      ['2', '4'],
    ],
  );
});

test('a subscriber without credit is passed over', async (t) => {
  const broker = await startedBroker(t);
  const full = await connectRaw(t, broker);
  const other = await connectRaw(t, broker);
  await subscribe(full, { destination: QUEUE, id: '0', ack: 'client', 'prefetch-count': '1' });
  await subscribe(other, { destination: QUEUE, id: '0' });
  for (const body of ['1', '2', '3', '4']) broker.publish(QUEUE, {}, body);
  assert.deepEqual([await bodies(full, 1), await bodies(other, 3)], [['1'], ['2', '3', '4']]);
});

test('a topic gives a copy to each subscription, and keeps nothing for later', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await send(client, '/topic/t', 'too early');
  await subscribe(client, { destination: '/topic/t', id: 'a' });
  await subscribe(client, { destination: '/topic/t', id: 'b', ack: 'client' });
  await send(client, '/topic/t', 'now');
  const copies = await messages(client, 2);
  assert.deepEqual(copies.map((copy) => [headerOf(copy, 'subscription'), copy.body.toString()]).sort(), [
    ['a', 'now'],
    ['b', 'now'],
  ]);
  client.destroy();
  await eventually(() => broker.connections === 0);
  assert.equal(broker.bytes, 0, 'the unacknowledged copy went with its subscription');
});

const CREDITS: readonly [header: string, value: string, given: number][] = [
  ['prefetch-count', '3', 3],
  ['prefetch-count', '0', 10],
  ['activemq.prefetchSize', '4', 4],
  ['consumer-window-size', '2048', 3],
  ['consumer-window-size', '0', 1],
  ['consumer-window-size', '-1', 10],
  ['credit', '2', 2],
  ['credit', '9,2048', 3],
  ['prefetch-count', 'many', 10],
];

for (const [header, value, given] of CREDITS) {
  test(`${header}:${value} gives ${given} of ten messages of 1 kB, and one more for each ACK`, async (t) => {
    const broker = await startedBroker(t);
    for (let count = 0; count < 10; count += 1) broker.publish(QUEUE, {}, 'x'.repeat(1000));
    const client = await connectRaw(t, broker);
    await subscribe(client, { destination: QUEUE, id: '0', ack: 'client-individual', [header]: value });
    const [first] = await messages(client, given);
    assert.deepEqual(broker.depth(QUEUE), { ready: 10 - given, unacknowledged: given, consumers: 1 });
    await client.request('ACK', { id: headerOf(first as never, 'ack') ?? '' });
    const left = Math.max(0, 10 - given - 1);
    assert.deepEqual(broker.depth(QUEUE), { ready: left, unacknowledged: 9 - left, consumers: 1 });
  });
}

test('what a lost session leaves goes back to its place, before later messages', async (t) => {
  const broker = await startedBroker(t);
  for (const body of 'abcdef') broker.publish(QUEUE, {}, body);
  const lost = await connectRaw(t, broker);
  await subscribe(lost, { destination: QUEUE, id: '0', ack: 'client-individual', 'prefetch-count': '4' });
  const given = await messages(lost, 4);
  await lost.request('ACK', { id: headerOf(given[1] as never, 'ack') ?? '' });
  await messages(lost, 1);
  broker.publish(QUEUE, {}, 'g');
  lost.destroy();
  const next = await connectRaw(t, broker);
  await eventually(() => broker.connections === 1);
  await subscribe(next, { destination: QUEUE, id: '0' });
  const frames = await messages(next, 6);
  assert.deepEqual(
    frames.map((frame) => [frame.body.toString(), headerOf(frame, 'redelivered')]),
    [
      ['a', 'true'],
      ['c', 'true'],
      ['d', 'true'],
      ['e', 'true'],
      ['f', undefined],
      ['g', undefined],
    ],
  );
  assert.deepEqual(broker.received(QUEUE), {
    received: 7,
    receivedBytes: 7,
    delivered: 11,
    redelivered: 4,
    acknowledged: 7,
  });
});

test('UNSUBSCRIBE ends the messages, gives back the rest and leaves other subscriptions alone', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: 'a', ack: 'client' });
  await subscribe(client, { destination: '/queue/other', id: 'b' });
  broker.publish(QUEUE, {}, '1');
  await messages(client, 1);
  assert.equal((await client.request('UNSUBSCRIBE', { id: 'a' })).command, 'RECEIPT');
  broker.publish(QUEUE, {}, '2');
  broker.publish('/queue/other', {}, '3');
  assert.deepEqual(await bodies(client, 1), ['3']);
  assert.deepEqual(broker.depth(QUEUE), { ready: 2, unacknowledged: 0, consumers: 0 });
});

test('STOMP 1.0 unsubscribes by destination when there was no id', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker, '1.0');
  await subscribe(client, { destination: QUEUE });
  assert.equal((await client.request('UNSUBSCRIBE', { destination: QUEUE })).command, 'RECEIPT');
  assert.equal(broker.depth(QUEUE).consumers, 0);
});

test('two subscriptions of one id are refused', async (t) => {
  const client = await connectRaw(t, await startedBroker(t));
  await subscribe(client, { destination: QUEUE, id: '0' });
  assert.equal((await client.request('SUBSCRIBE', { destination: QUEUE, id: '0' })).command, 'ERROR');
});

test('drain takes the waiting messages, and only those', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client', 'prefetch-count': '1' });
  for (const body of ['1', '2', '3']) broker.publish(QUEUE, { name: body }, body);
  await messages(client, 1);
  assert.deepEqual(
    broker.drain(QUEUE).map(({ header, body }) => [header.name, body.toString()]),
    [
      ['2', '2'],
      ['3', '3'],
    ],
  );
  assert.deepEqual(broker.depth(QUEUE), { ready: 0, unacknowledged: 1, consumers: 1 });
});
