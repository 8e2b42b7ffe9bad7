import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const FRAMES: readonly [command: string, headers: Readonly<Record<string, string>>][] = [
  ['SEND', { destination: '/queue/r' }],
  ['SUBSCRIBE', { destination: '/queue/other', id: '0', ack: 'client' }],
  ['UNSUBSCRIBE', { id: '0' }],
  ['BEGIN', { transaction: 'a' }],
  ['COMMIT', { transaction: 'a' }],
  ['BEGIN', { transaction: 'b' }],
  ['ABORT', { transaction: 'b' }],
  ['DISCONNECT', {}],
];

test('every frame that asks for a receipt gets it, in order', async (t) => {
  const client = await connectRaw(t, await startedBroker(t));
  for (const [index, [command, headers]] of FRAMES.entries())
    client.frame(command, { ...headers, receipt: `r ${index}` });
  for (const [index, [command]] of FRAMES.entries()) {
    const frame = await client.next();
    assert.deepEqual([command, frame.command, headerOf(frame, 'receipt-id')], [command, 'RECEIPT', `r ${index}`]);
  }
});

const REFUSED: readonly [name: string, command: string, headers: Readonly<Record<string, string>>][] = [
  ['SEND without destination', 'SEND', {}],
  ['SEND to nowhere', 'SEND', { destination: '' }],
  ['SUBSCRIBE without id', 'SUBSCRIBE', { destination: '/queue/r' }],
  ['SUBSCRIBE without destination', 'SUBSCRIBE', { id: '0' }],
  ['UNSUBSCRIBE of nothing', 'UNSUBSCRIBE', { id: '9' }],
  ['ACK of nothing', 'ACK', { id: '9' }],
  ['COMMIT of nothing', 'COMMIT', { transaction: 'a' }],
  ['ABORT of nothing', 'ABORT', { transaction: 'a' }],
  ['SEND in no transaction', 'SEND', { destination: '/queue/r', transaction: 'a' }],
  ['an unknown command', 'BEG', {}],
];

for (const [name, command, headers] of REFUSED) {
  test(`${name} is answered by ERROR with the receipt's id, and the end`, async (t) => {
    const broker = await startedBroker(t);
    const client = await connectRaw(t, broker);
    const answer = await client.request(command, headers);
    assert.equal(answer.command, 'ERROR');
    assert.equal(headerOf(answer, 'receipt-id'), 'raw-1');
    await assert.rejects(client.next(), /no frame/);
    assert.equal(client.closed, true);
    assert.equal(broker.received('/queue/r').received, 0);
  });
}

test('closeAfterError: false leaves the socket open and serves what follows', async (t) => {
  const client = await connectRaw(t, await startedBroker(t, { closeAfterError: false }));
  assert.equal((await client.request('SEND', {})).command, 'ERROR');
  assert.equal((await client.request('SEND', { destination: '/queue/r' })).command, 'RECEIPT');
});

test('DISCONNECT closes, and what follows it is not looked at', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  client.write('DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:/queue/r\n\n\0');
  assert.equal(headerOf(await client.next(), 'receipt-id'), 'bye');
  await assert.rejects(client.next(), /no frame/);
  assert.equal(broker.received('/queue/r').received, 0);
});
