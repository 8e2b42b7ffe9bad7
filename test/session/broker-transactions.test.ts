import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw, messages, send, subscribe } from '../support/raw-client.js';
import { headerOf, type RawFrame } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/t';

test('what is sent in a transaction arrives at COMMIT, in order', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await client.request('BEGIN', { transaction: 'one' });
  await send(client, QUEUE, '1', { transaction: 'one' });
  await send(client, QUEUE, '2', { transaction: 'one' });
  assert.equal(broker.depth(QUEUE).ready, 0);
  await send(client, QUEUE, 'outside');
  await client.request('COMMIT', { transaction: 'one' });
  assert.deepEqual(
    broker.drain(QUEUE).map(({ header, body }) => [header.transaction, body.toString()]),
    [
      [undefined, 'outside'],
      [undefined, '1'],
      [undefined, '2'],
    ],
  );
});

test('what is sent in a transaction is forgotten at ABORT and at the end of the session', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await client.request('BEGIN', { transaction: 'one' });
  await client.request('BEGIN', { transaction: 'two' });
  await send(client, QUEUE, '1', { transaction: 'one' });
  await send(client, QUEUE, '2', { transaction: 'two' });
  assert.equal((await client.request('ABORT', { transaction: 'one' })).command, 'RECEIPT');
  assert.equal((await client.request('DISCONNECT')).command, 'RECEIPT');
  assert.deepEqual(broker.depth(QUEUE), { ready: 0, unacknowledged: 0, consumers: 0 });
});

test('ACK in a transaction counts at COMMIT, and not at all after ABORT', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  broker.publish(QUEUE, {}, '1');
  broker.publish(QUEUE, {}, '2');
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client-individual' });
  const [one, two] = (await messages(client, 2)) as [RawFrame, RawFrame];
  await client.request('BEGIN', { transaction: 'kept' });
  await client.request('BEGIN', { transaction: 'dropped' });
  await client.request('ACK', { id: headerOf(one, 'ack') ?? '', transaction: 'kept' });
  await client.request('ACK', { id: headerOf(two, 'ack') ?? '', transaction: 'dropped' });
  assert.equal(broker.depth(QUEUE).unacknowledged, 2);
  await client.request('COMMIT', { transaction: 'kept' });
  await client.request('ABORT', { transaction: 'dropped' });
  assert.equal(broker.depth(QUEUE).unacknowledged, 1);
});

test('a transaction that the store cannot take is refused whole', async (t) => {
  const broker = await startedBroker(t, { maxBytes: 1500 });
  const client = await connectRaw(t, broker);
  await client.request('BEGIN', { transaction: 'one' });
  await send(client, QUEUE, 'x'.repeat(1000), { transaction: 'one' });
  const answer = await send(client, QUEUE, 'x'.repeat(1000), { transaction: 'one' });
  assert.equal(answer.command, 'ERROR');
  assert.equal(broker.bytes, 0);
});

test('a transaction begins once', async (t) => {
  const client = await connectRaw(t, await startedBroker(t));
  await client.request('BEGIN', { transaction: 'one' });
  assert.equal((await client.request('BEGIN', { transaction: 'one' })).command, 'ERROR');
});
