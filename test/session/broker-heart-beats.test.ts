import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { RawBytes } from '../support/raw-client.js';
import { startedBroker } from '../support/started-broker.js';

test('the broker beats as often as the client wants', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  client.write('CONNECT\naccept-version:1.2\nheart-beat:0,20\n\n\0');
  await client.until('\0\n\n\n\n');
});

test('the broker beats no more often than it can', async (t) => {
  const client = new RawBytes(t, await startedBroker(t, { heartBeat: [60_000, 0] }));
  client.write('CONNECT\naccept-version:1.2\nheart-beat:20,20\n\n\0DISCONNECT\nreceipt:1\n\n\0');
  await client.until('receipt-id:1\n\n\0');
  await client.untilClosed();
  assert.match(client.text, /receipt-id:1\n\n\0$/);
});

test('a client that misses its heart-beats is closed without a word', async (t) => {
  const broker = await startedBroker(t);
  const client = new RawBytes(t, broker);
  client.write('CONNECT\naccept-version:1.1\nheart-beat:20,0\n\n\0');
  await client.untilClosed();
  assert.match(client.text, /^CONNECTED\n[^\0]*\0$/);
});

test('a client that beats stays', async (t) => {
  const broker = await startedBroker(t);
  const client = new RawBytes(t, broker);
  client.write('CONNECT\naccept-version:1.2\nheart-beat:200,20\n\n\0');
  const beating = setInterval(() => client.write('\n'), 50);
  t.after(() => clearInterval(beating));
  // 40 beats of the broker are 800 ms: long past the intervals after which silence would be noticed
  await eventually(() => /\0\n{40}/.test(client.text));
  assert.equal(client.closed, false);
});

test('STOMP 1.0 has no heart-beats', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  client.write('CONNECT\nheart-beat:10,10\n\n\0');
  assert.doesNotMatch(await client.until('\0'), /heart-beat/);
  client.write('DISCONNECT\nreceipt:1\n\n\0');
  await client.untilClosed();
  assert.match(client.text, /^CONNECTED\n[^\0]*\0RECEIPT\nreceipt-id:1\n\n\0$/);
});
