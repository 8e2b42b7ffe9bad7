import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, messages, openRaw, RawBytes, send, subscribe } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/r';

test('a restart keeps port and persistent messages, and loses the others', async (t) => {
  const broker = await startedBroker(t);
  const { port } = broker;
  const client = await connectRaw(t, broker);
  await send(client, QUEUE, 'given', { persistent: 'true' });
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client', 'prefetch-count': '1' });
  await messages(client, 1);
  await send(client, QUEUE, 'lost');
  await send(client, QUEUE, 'lost too', { persistent: 'false' });
  await send(client, QUEUE, 'kept', { persistent: 'true' });
  await broker.restart();
  await eventually(() => client.closed);
  assert.equal(broker.port, port);
  const next = await connectRaw(t, broker);
  await subscribe(next, { destination: QUEUE, id: '0' });
  const frames = await messages(next, 2);
  assert.deepEqual(
    frames.map((frame) => [frame.body.toString(), headerOf(frame, 'redelivered'), headerOf(frame, 'persistent')]),
    [
      ['given', 'true', 'true'],
      ['kept', undefined, 'true'],
    ],
  );
  assert.deepEqual(broker.depth(QUEUE), { ready: 0, unacknowledged: 0, consumers: 1 });
});

test('killing the connections gives everything back, also with an auto subscriber among them', async (t) => {
  const broker = await startedBroker(t);
  for (let count = 0; count < 100; count += 1) broker.publish(QUEUE);
  const holder = await connectRaw(t, broker);
  await subscribe(holder, { destination: QUEUE, id: '0', ack: 'client' });
  await messages(holder, 100);
  const taker = await connectRaw(t, broker);
  await subscribe(taker, { destination: QUEUE, id: '0' });
  broker.killConnections();
  await eventually(() => holder.closed && taker.closed);
  assert.deepEqual(broker.depth(QUEUE), { ready: 100, unacknowledged: 0, consumers: 0 });
  assert.equal(broker.connections, 0);
  await connectRaw(t, broker);
  assert.deepEqual([broker.connections, broker.connectionsMade], [1, 3]);
});

test('while accepting is paused connections are refused, open ones work on', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  await broker.pauseAccepting();
  await assert.rejects(openRaw(t, broker), { code: 'ECONNREFUSED' });
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
  await broker.resumeAccepting();
  assert.equal((await send(await connectRaw(t, broker), QUEUE)).command, 'RECEIPT');
});

test('stop writes what is pending, then closes', async (t) => {
  const broker = await startedBroker(t);
  const client = new RawBytes(t, broker);
  client.write('CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:0\ndestination:/queue/r\nreceipt:1\n\n\0');
  await client.until('RECEIPT');
  broker.publish(QUEUE, {}, 'the last');
  await broker.stop();
  await client.untilClosed();
  assert.match(client.text, /the last\0$/);
});

test('stop and kill are safe twice', async () => {
  const broker = await InProcessBroker.start();
  await broker.stop();
  await broker.kill();
  await broker.stop();
  await broker.restart();
  await broker.kill();
});

test('a port that is taken is an error', async (t) => {
  const broker = await startedBroker(t);
  await assert.rejects(InProcessBroker.start({ port: broker.port }), { code: 'CONNECT_FAILED' });
});
