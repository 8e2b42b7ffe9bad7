import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, openRaw, RawBytes, send, subscribe } from '../support/raw-client.js';
import type { RawStomp } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import type { Cleaning } from '../support/temp-folder.js';

const QUEUE = '/queue/p';

test('bytes go through unchanged, in both directions', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 256));
  client.frame('SEND', { destination: QUEUE, 'content-length': '1000000' }, body);
  await subscribe(client, { destination: QUEUE, id: '0' });
  assert.ok((await client.nextOf('MESSAGE')).body.equals(body));
  assert.ok(proxy.bytesUp > 1_000_000 && proxy.bytesDown > 1_000_000);
  assert.deepEqual([proxy.connections, proxy.accepted, broker.connections], [1, 1, 1]);
});

test('an end passes through, from either side', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  client.destroy();
  await eventually(() => broker.connections === 0 && proxy.connections === 0);
  const other = await connectRaw(t, proxy);
  await broker.kill();
  await eventually(() => other.closed && proxy.connections === 0);
});

test('black hole: each side sees a peer that is up and silent', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  proxy.blackHole();
  client.frame('SEND', { destination: QUEUE, receipt: '1' });
  assert.equal(await client.noneOf('RECEIPT', 40), undefined);
  assert.deepEqual([broker.received(QUEUE).received, client.closed], [0, false]);
  client.destroy();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(broker.connections, 1, 'the broker does not notice that the client has gone');
});

test('black hole downwards: what the client sends arrives, answers do not', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  proxy.blackHole('down');
  client.frame('SEND', { destination: QUEUE, receipt: '1' });
  await eventually(() => broker.received(QUEUE).received === 1);
  assert.equal(await client.noneOf('RECEIPT', 40), undefined);
  proxy.heal();
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
});

test('delay: everything comes later, in order also when the delay ends', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  proxy.delay(40);
  const start = performance.now();
  client.frame('SEND', { destination: QUEUE }, '1');
  await eventually(() => proxy.bytesUp > 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  proxy.heal();
  assert.equal((await send(client, QUEUE, '2')).command, 'RECEIPT');
  assert.ok(performance.now() - start >= 39);
  assert.deepEqual(
    broker.drain(QUEUE).map((message) => message.body.toString()),
    ['1', '2'],
  );
});

test('cut: both sides are reset at once, new connections go through', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  proxy.cut();
  await eventually(() => client.closed && broker.connections === 0);
  assert.equal((await send(await connectRaw(t, proxy), QUEUE)).command, 'RECEIPT');
});

test('cutAfter: so many bytes arrive, then the end, once', async (t) => {
  const { broker, proxy } = await behindProxy(t);
  const hello = 'CONNECT\naccept-version:1.2\n\n\0';
  const frame = `SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`;
  const client = new RawBytes(t, proxy);
  client.write(hello);
  await client.until('\0');
  proxy.cutAfter(frame.length + 10);
  const before = client.length;
  client.write(frame);
  await client.untilClosed();
  assert.deepEqual([broker.received(QUEUE).received, client.length - before], [1, 10]);
  assert.equal((await send(await connectRaw(t, proxy), QUEUE)).command, 'RECEIPT');
});

test('refuse: new connections end at once, old ones go on', async (t) => {
  const { broker, proxy, client } = await behindProxy(t);
  proxy.refuse();
  const refused = await openRaw(t, proxy);
  await eventually(() => refused.closed);
  assert.equal((await send(client, QUEUE)).command, 'RECEIPT');
  assert.equal(broker.connectionsMade, 1);
});

test('a target that is not there ends the connection', async (t) => {
  const broker = await startedBroker(t);
  const proxy = await TcpProxy.start(t, broker);
  await broker.kill();
  const client = await openRaw(t, proxy);
  await eventually(() => client.closed && proxy.connections === 0);
});

async function behindProxy(t: Cleaning): Promise<{ broker: InProcessBroker; proxy: TcpProxy; client: RawStomp }> {
  const broker = await startedBroker(t);
  const proxy = await TcpProxy.start(t, broker);
  return { broker, proxy, client: await connectRaw(t, proxy) };
}
