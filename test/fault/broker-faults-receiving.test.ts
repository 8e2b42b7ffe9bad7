import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  brokerAnswersError,
  brokerClosesOnReading,
  brokerIgnoresFrame,
  brokerNeverCloses,
  brokerRefusesLogin,
  brokerRefusesMessage,
  brokerStopsHeartBeats,
  brokerStopsReading,
} from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, openRaw, RawBytes, send, subscribe } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/f';
const HELLO = 'CONNECT\naccept-version:1.2\n\n\0';

for (const receiptId of [true, false]) {
  for (const close of [true, false]) {
    const how = `${receiptId ? 'with' : 'without'} receipt-id, ${close ? 'closing' : 'staying open'}`;
    test(`brokerAnswersError: ${how}; the message is not stored`, async (t) => {
      const fault = brokerAnswersError({ after: 1, receiptId, close, message: 'no more room' });
      const broker = await startedBroker(t, { faults: [fault] });
      const client = await connectRaw(t, broker);
      assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
      const answer = await send(client, QUEUE);
      assert.equal(answer.command, 'ERROR');
      assert.equal(headerOf(answer, 'message'), 'no more room');
      assert.equal(headerOf(answer, 'receipt-id'), receiptId ? 'raw-2' : undefined);
      if (close) await eventually(() => client.closed);
      else assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
      assert.equal(broker.received(QUEUE).received, close ? 1 : 2);
      assert.equal(fault.fired, 1);
    });
  }
}

test('brokerRefusesMessage: only the poison, each time', async (t) => {
  const fault = brokerRefusesMessage({ when: (frame) => frame.body.includes('poison'), close: false });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  const answers: string[] = [];
  for (const body of ['a', 'poison', 'b', 'poison']) answers.push((await send(client, QUEUE, body)).command);
  assert.deepEqual(answers, ['RECEIPT', 'ERROR', 'RECEIPT', 'ERROR']);
  assert.deepEqual([broker.depth(QUEUE).ready, fault.fired], [2, 2]);
});

test('brokerRefusesLogin: once, whatever the password', async (t) => {
  const broker = await startedBroker(t, { faults: [brokerRefusesLogin({ times: 1 })] });
  const refused = await openRaw(t, broker);
  refused.write(HELLO);
  assert.equal((await refused.next()).command, 'ERROR');
  await eventually(() => refused.closed);
  await connectRaw(t, broker);
});

test('brokerClosesOnReading: the frame that strikes it is lost', async (t) => {
  const fault = brokerClosesOnReading({ command: 'SEND', after: 1 });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
  await assert.rejects(send(client, QUEUE), /no answer/);
  assert.deepEqual([broker.received(QUEUE).received, client.closed, fault.fired], [1, true, 1]);
});

test('brokerStopsReading: what the client writes piles up', async (t) => {
  const fault = brokerStopsReading({ command: 'SEND' });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = new RawBytes(t, broker);
  client.write(`${HELLO}SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`);
  await client.until('RECEIPT');
  const body = 'x'.repeat(1_000_000);
  for (let count = 0; count < 20; count += 1) client.write(`SEND\ndestination:${QUEUE}\n\n${body}\0`);
  await eventually(() => fault.fired === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(client.socket.writableLength > 1_000_000);
  assert.equal(client.closed, false);
});

test('brokerNeverCloses: after DISCONNECT the receipt comes, the end does not', async (t) => {
  const fault = brokerNeverCloses();
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  assert.equal((await client.request('DISCONNECT')).command, 'RECEIPT');
  assert.equal(await client.noneOf('ERROR', 40), undefined);
  assert.deepEqual([client.closed, fault.fired], [false, 1]);
});

test('brokerStopsHeartBeats: frames still come', async (t) => {
  const fault = brokerStopsHeartBeats({ after: 2 });
  const client = new RawBytes(t, await startedBroker(t, { faults: [fault] }));
  client.write('CONNECT\naccept-version:1.2\nheart-beat:0,10\n\n\0');
  await eventually(() => fault.fired >= 5);
  client.write('DISCONNECT\nreceipt:1\n\n\0');
  await client.untilClosed();
  assert.match(client.text, /\n\n\0\n\nRECEIPT\nreceipt-id:1\n\n\0$/);
});

test('brokerIgnoresFrame: an ACK that is lost brings the message back', async (t) => {
  const broker = await startedBroker(t, { faults: [brokerIgnoresFrame({ command: 'ACK' })] });
  broker.publish(QUEUE);
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  const frame = await client.nextOf('MESSAGE');
  client.frame('ACK', { id: headerOf(frame, 'ack') ?? '' });
  assert.equal((await client.request('DISCONNECT')).command, 'RECEIPT');
  assert.deepEqual(broker.depth(QUEUE), { ready: 1, unacknowledged: 0, consumers: 0 });
});
