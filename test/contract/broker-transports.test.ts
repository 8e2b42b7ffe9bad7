import assert from 'node:assert/strict';
import { get } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { authority, certificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { RawBytes } from '../support/raw-client.js';
import { startedBroker } from '../support/started-broker.js';

interface Transport {
  readonly name: string;
  readonly options: BrokerOptions;
  readonly uri: RegExp;
  open(broker: InProcessBroker): Duplex;
}

const tls = certificate('server');
const ca = authority();

const TRANSPORTS: readonly Transport[] = [
  {
    name: 'TCP',
    options: {},
    uri: /^stomp:\/\/127\.0\.0\.1:\d+$/,
    open: (broker) => connectTcp(broker.port, '127.0.0.1'),
  },
  {
    name: 'TLS',
    options: { tls },
    uri: /^stomp\+ssl:\/\/127\.0\.0\.1:\d+$/,
    open: (broker) => connectTls({ port: broker.port, host: '127.0.0.1', ca }),
  },
  {
    name: 'WebSocket',
    options: { webSocket: true },
    uri: /^ws:\/\/127\.0\.0\.1:\d+$/,
    open: (broker) => createWebSocketStream(new WebSocket(`${broker.uri}/ws`, ['v11.stomp', 'v12.stomp'])),
  },
  {
    name: 'WebSocket over TLS',
    options: { webSocket: true, tls },
    uri: /^wss:\/\/127\.0\.0\.1:\d+$/,
    open: (broker) => createWebSocketStream(new WebSocket(broker.uri, { ca })),
  },
];

const HELLO = 'CONNECT\naccept-version:1.2\n\n\0';

for (const { name, options, uri, open } of TRANSPORTS) {
  test(`${name}: a message with every byte goes in and out`, async (t) => {
    const broker = await startedBroker(t, options);
    assert.match(broker.uri, uri);
    const client = new RawBytes(t, open(broker));
    const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    client.write(
      `${HELLO}SUBSCRIBE\nid:0\ndestination:/queue/a\n\n\0SEND\ndestination:/queue/a\ncontent-length:70000\n\n`,
    );
    client.write(body);
    client.write('\0DISCONNECT\nreceipt:bye\n\n\0');
    const text = await client.until('RECEIPT\nreceipt-id:bye\n\n\0');
    const start = text.indexOf('content-length:70000\n\n') + 'content-length:70000\n\n'.length;
    assert.ok(Buffer.from(text.slice(start, start + 70_000), 'latin1').equals(body));
    await client.untilClosed();
  });

  test(`${name}: killed and started again on the same port`, async (t) => {
    const broker = await startedBroker(t, options);
    const first = new RawBytes(t, open(broker));
    first.write(HELLO);
    await first.until('CONNECTED');
    await broker.restart();
    await first.untilClosed();
    const second = new RawBytes(t, open(broker));
    second.write(HELLO);
    await second.until('CONNECTED');
    await broker.stop();
    await second.untilClosed();
  });

  test(`${name}: a client that hangs up ends its session`, async (t) => {
    const broker = await startedBroker(t, options);
    broker.publish('/queue/a');
    const client = new RawBytes(t, open(broker));
    client.write(`${HELLO}SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client\n\n\0`);
    await client.until('MESSAGE');
    client.socket.destroy();
    await eventually(() => broker.connections === 0);
    assert.equal(broker.depth('/queue/a').ready, 1);
  });
}

test('TLS: a client without certificate is refused when one is asked for, with it comes in', async (t) => {
  const broker = await startedBroker(t, { tls: { ...tls, ca, requestCert: true, rejectUnauthorized: true } });
  const stranger = new RawBytes(t, connectTls({ port: broker.port, host: '127.0.0.1', ca }));
  stranger.write(HELLO);
  await stranger.untilClosed();
  assert.equal(stranger.text, '');
  const known = { ...certificate('client'), ca, port: broker.port, host: '127.0.0.1' };
  const client = new RawBytes(t, connectTls(known));
  client.write(HELLO);
  await client.until('CONNECTED');
});

for (const way of ['kill', 'stop'] as const) {
  test(`TLS: a handshake that never comes does not hinder ${way}`, async (t) => {
    const broker = await startedBroker(t, { tls });
    const idle = new RawBytes(t, broker);
    await new Promise((resolve) => idle.socket.once('connect', resolve));
    await broker[way]();
    await idle.untilClosed();
  });
}

test('WebSocket: the first subprotocol of ours that is offered is agreed; other HTTP is refused', async (t) => {
  const broker = await startedBroker(t, { webSocket: true });
  const socket = new WebSocket(broker.uri, ['v10.stomp', 'v12.stomp']);
  t.after(() => socket.terminate());
  await new Promise((resolve) => socket.once('open', resolve));
  assert.equal(socket.protocol, 'v12.stomp');
  const status = await new Promise((resolve, reject) => {
    get({ port: broker.port, host: '127.0.0.1' }, (response) => resolve(response.resume().statusCode)).on(
      'error',
      reject,
    );
  });
  assert.equal(status, 426);
});
