import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { connectRaw, messages, RawBytes, send, subscribe } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/l';

test('a full store refuses messages and takes them again once there is room', async (t) => {
  const broker = await startedBroker(t, { maxBytes: 2500, closeAfterError: false });
  const client = await connectRaw(t, broker);
  const body = 'x'.repeat(1000);
  const answers = [await send(client, QUEUE, body), await send(client, QUEUE, body), await send(client, QUEUE, body)];
  assert.deepEqual(
    answers.map((answer) => answer.command),
    ['RECEIPT', 'RECEIPT', 'ERROR'],
  );
  assert.equal(headerOf(answers[2] as never, 'message'), 'The store is full');
  assert.equal(broker.drain(QUEUE).length, 2);
  assert.equal((await send(client, QUEUE, body)).command, 'RECEIPT');
});

test('too many destinations are refused', async (t) => {
  const broker = await startedBroker(t, { maxDestinations: 1 });
  const client = await connectRaw(t, broker);
  assert.equal((await send(client, '/queue/1')).command, 'RECEIPT');
  assert.equal((await send(client, '/queue/2')).command, 'ERROR');
});

const TOO_LARGE: readonly [name: string, bytes: string][] = [
  ['a body that is announced', 'SEND\ndestination:/queue/l\ncontent-length:1001\n\n'],
  ['a body without end', `SEND\ndestination:/queue/l\n\n${'x'.repeat(1001)}`],
  ['a header without end', `SEND\ndestination:${'x'.repeat(1001)}`],
];

for (const [name, bytes] of TOO_LARGE) {
  test(`too large: ${name}`, async (t) => {
    const broker = await startedBroker(t, { maxFrameSize: 1000, maxHeaderSize: 1000 });
    const client = new RawBytes(t, broker);
    client.write(`CONNECT\naccept-version:1.2\n\n\0${bytes}`);
    await client.until('ERROR\nmessage:Malformed frame');
    await client.untilClosed();
  });
}

test('too many headers: the message of the ERROR names the limit', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  const headers = Array.from({ length: 5000 }, (_, number) => `h${number}:x\n`).join('');
  client.write(`CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/queue/l\n${headers}\n\0`);
  await client.until('ERROR\nmessage:Malformed frame (more than 4096 headers)\n');
  await client.untilClosed();
});

test('more connections than allowed are closed', async (t) => {
  const broker = await startedBroker(t, { maxConnections: 1 });
  await connectRaw(t, broker);
  await new RawBytes(t, broker).untilClosed();
});

test('a subscriber that does not read gets no more than a few megabytes', async (t) => {
  const broker = await startedBroker(t);
  const slow = new RawBytes(t, broker);
  slow.write('CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:0\ndestination:/queue/l\nreceipt:1\n\n\0');
  await slow.until('RECEIPT');
  slow.socket.pause();
  const body = Buffer.alloc(100_000);
  for (let count = 0; count < 500; count += 1) broker.publish(QUEUE, {}, body);
  await settled(() => broker.depth(QUEUE).ready);
  assert.ok(broker.depth(QUEUE).ready > 300);
  slow.socket.resume();
  await eventually(() => broker.depth(QUEUE).ready === 0 && slow.length > 500 * 100_000);
});

test('a client that asks for more answers than it reads is not read on', async (t) => {
  const broker = await startedBroker(t);
  const greedy = new RawBytes(t, broker);
  greedy.write('CONNECT\naccept-version:1.2\n\n\0');
  await greedy.until('CONNECTED');
  greedy.socket.pause();
  const receipt = 'r'.repeat(100_000);
  const asks = 400;
  for (let count = 0; count < asks; count += 1) greedy.write(`SEND\ndestination:${QUEUE}\nreceipt:${receipt}\n\n\0`);
  await settled(() => broker.received(QUEUE).received);
  assert.ok(broker.received(QUEUE).received > 20);
  assert.ok(broker.received(QUEUE).received < asks);
  greedy.socket.resume();
  await eventually(() => broker.received(QUEUE).received === asks);
});

test('a body of 20 MB goes through as it is', async (t) => {
  const broker = await startedBroker(t);
  const client = await connectRaw(t, broker);
  const body = Buffer.alloc(20_000_000, 'stomp\0');
  client.frame('SEND', { destination: QUEUE, 'content-length': String(body.length) }, body);
  await subscribe(client, { destination: QUEUE, id: '0' });
  const [frame] = await messages(client, 1);
  assert.ok(frame?.body.equals(body));
});

/** Resolves when a number has stayed the same for ten looks. */
async function settled(read: () => number): Promise<void> {
  let last = Number.NaN;
  let same = 0;
  await eventually(() => {
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
    return same === 10;
  });
}
