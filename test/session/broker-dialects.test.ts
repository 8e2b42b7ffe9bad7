import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw, messages, openRaw, send, subscribe } from '../support/raw-client.js';
import { headerOf, type RawFrame, type RawStomp } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const RABBITMQ = { server: 'RabbitMQ/3.10.8' };
const ACTIVEMQ = { server: 'ActiveMQ/5.17.2' };
const QUEUE = '/queue/d';

const SERVERS: readonly [server: string, session: RegExp][] = [
  ['stompctl-demo/0.1', /^session-1$/],
  ['RabbitMQ/3.10.8', /^session-.{22}$/],
  ['ActiveMQ/5.17.2', /^ID:localhost-1:1$/],
  ['ActiveMQ-Artemis/2.20.0', /^session-1$/],
  ['apache-apollo/1.7.1', /^session-1$/],
];

for (const [server, session] of SERVERS) {
  test(`${server} is announced, with its style of session`, async (t) => {
    const client = await openRaw(t, await startedBroker(t, { server }));
    client.frame('CONNECT', { 'accept-version': '1.2' });
    const connected = await client.next();
    assert.equal(headerOf(connected, 'server'), server);
    assert.match(headerOf(connected, 'session') ?? '', session);
  });
}

test('each kind of broker knows its own prefetch header only', async (t) => {
  const others = { 'activemq.prefetchSize': '2', 'consumer-window-size': '0', credit: '4' };
  const broker = await startedBroker(t, RABBITMQ);
  for (let count = 0; count < 10; count += 1) broker.publish(QUEUE);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client', 'prefetch-count': '3', ...others });
  await messages(client, 3);
  assert.equal(broker.depth(QUEUE).unacknowledged, 3);
});

test('RabbitMQ: what a SEND repeats comes back after the genuine headers', async (t) => {
  const broker = await startedBroker(t, RABBITMQ);
  const client = await connectRaw(t, broker);
  await send(client, QUEUE, '', { subscription: 'stale', ack: 'stale', redelivered: 'true', custom: '1' });
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  const [frame] = await messages(client, 1);
  const names = frame?.headers.map(([name]) => name);
  assert.deepEqual(names?.slice(0, 5), ['subscription', 'destination', 'message-id', 'redelivered', 'ack']);
  assert.equal(headerOf(frame as RawFrame, 'subscription'), '0');
  assert.equal(headerOf(frame as RawFrame, 'redelivered'), 'false');
  assert.deepEqual(frame?.headers.slice(5), [
    ['custom', '1'],
    ['subscription', 'stale'],
    ['ack', 'stale'],
    ['redelivered', 'true'],
    ['receipt', 'raw-1'],
  ]);
});

test('RabbitMQ: message-id on SEND is refused without receipt-id, and the session goes on', async (t) => {
  const client = await connectRaw(t, await startedBroker(t, RABBITMQ));
  const answer = await send(client, QUEUE, '', { 'message-id': '1' });
  assert.equal(answer.command, 'ERROR');
  assert.equal(headerOf(answer, 'receipt-id'), undefined);
  assert.match(answer.body.toString(), /'message-id' is not allowed on 'SEND'/);
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
});

test('RabbitMQ: the message-id changes at a redelivery', async (t) => {
  const broker = await startedBroker(t, RABBITMQ);
  broker.publish(QUEUE);
  const [first, second] = [await takenAndLost(t, broker), await takenAndLost(t, broker)];
  assert.notEqual(headerOf(first, 'message-id'), headerOf(second, 'message-id'));
  assert.deepEqual([headerOf(first, 'redelivered'), headerOf(second, 'redelivered')], ['false', 'true']);
});

test('RabbitMQ: NACK redelivers at once, or discards', async (t) => {
  const broker = await startedBroker(t, RABBITMQ);
  broker.publish(QUEUE);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  const [first] = await messages(client, 1);
  client.frame('NACK', { id: headerOf(first as RawFrame, 'ack') ?? '' });
  const [second] = await messages(client, 1);
  assert.equal(headerOf(second as RawFrame, 'redelivered'), 'true');
  await client.request('NACK', { id: headerOf(second as RawFrame, 'ack') ?? '', requeue: 'false' });
  assert.deepEqual(broker.depth(QUEUE), { ready: 0, unacknowledged: 0, consumers: 1 });
});

test('RabbitMQ: after UNSUBSCRIBE what was given can still be acknowledged', async (t) => {
  const broker = await startedBroker(t, RABBITMQ);
  broker.publish(QUEUE);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  const [frame] = await messages(client, 1);
  await client.request('UNSUBSCRIBE', { id: '0' });
  assert.equal((await client.request('ACK', { id: headerOf(frame as RawFrame, 'ack') ?? '' })).command, 'RECEIPT');
  assert.equal(broker.depth(QUEUE).unacknowledged, 0);
});

test('RabbitMQ: a refused login says Bad CONNECT and whom', async (t) => {
  const client = await openRaw(t, await startedBroker(t, { ...RABBITMQ, users: { system: 'right' } }));
  client.frame('CONNECT', { 'accept-version': '1.2', login: 'system', passcode: 'wrong' });
  const answer = await client.next();
  assert.equal(headerOf(answer, 'message'), 'Bad CONNECT');
  assert.equal(answer.body.toString(), "Access refused for user 'system'\n");
});

test('ActiveMQ: the message-id is the broker’s own and stays', async (t) => {
  const broker = await startedBroker(t, ACTIVEMQ);
  await send(await connectRaw(t, broker), QUEUE, '', { 'message-id': 'mine' });
  const [first, second] = [await takenAndLost(t, broker), await takenAndLost(t, broker)];
  assert.match(headerOf(first, 'message-id') ?? '', /^ID\\clocalhost/);
  assert.equal(headerOf(first, 'message-id'), headerOf(second, 'message-id'));
});

test('ActiveMQ: content-length comes back only when it was given', async (t) => {
  const broker = await startedBroker(t, ACTIVEMQ);
  const client = await connectRaw(t, broker);
  await send(client, QUEUE, 'text');
  await send(client, QUEUE, 'bytes', { 'content-length': '5' });
  await subscribe(client, { destination: QUEUE, id: '0' });
  const lengths = (await messages(client, 2)).map((frame) => headerOf(frame, 'content-length'));
  assert.deepEqual(lengths, [undefined, '5']);
});

test('ActiveMQ: a stale ack comes back on an auto subscription', async (t) => {
  const broker = await startedBroker(t, ACTIVEMQ);
  const client = await connectRaw(t, broker);
  await send(client, QUEUE, '', { ack: 'stale' });
  await subscribe(client, { destination: QUEUE, id: '0' });
  const [frame] = await messages(client, 1);
  assert.equal(headerOf(frame as RawFrame, 'ack'), 'stale');
});

test('ActiveMQ: NACK moves the message to ActiveMQ.DLQ', async (t) => {
  const broker = await startedBroker(t, ACTIVEMQ);
  broker.publish(QUEUE, {}, 'poison');
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client-individual' });
  const [frame] = await messages(client, 1);
  const ack = (headerOf(frame as RawFrame, 'ack') ?? '').replaceAll('\\c', ':');
  await client.request('NACK', { id: ack.replaceAll(':', '\\c') });
  assert.equal(broker.drain('ActiveMQ.DLQ')[0]?.body.toString(), 'poison');
});

test('ActiveMQ: ERROR has receipt-id, and the session goes on', async (t) => {
  const client = await connectRaw(t, await startedBroker(t, ACTIVEMQ));
  const answer = await client.request('UNSUBSCRIBE', { id: 'none' });
  assert.deepEqual([answer.command, headerOf(answer, 'receipt-id')], ['ERROR', 'raw-1']);
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
});

async function takenAndLost(t: Parameters<typeof connectRaw>[0], broker: { port: number }): Promise<RawFrame> {
  const client: RawStomp = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  const [frame] = await messages(client, 1);
  await client.request('DISCONNECT');
  return frame as RawFrame;
}
