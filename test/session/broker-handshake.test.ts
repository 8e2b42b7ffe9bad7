import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { RawBytes } from '../support/raw-client.js';
import { startedBroker } from '../support/started-broker.js';

const USERS = { users: { tilda: 's3:cret', system: '' } };

const CASES: readonly [name: string, options: BrokerOptions, sent: string, answer: RegExp][] = [
  ['no accept-version is 1.0', {}, 'CONNECT\n\n\0', /^CONNECTED\nsession:session-1\nserver:stompctl-demo\/0\.1\n\n\0$/],
  ['the highest common version', {}, 'CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n\0', /^CONNECTED\nversion:1\.2\n/],
  ['versions in any order', {}, 'CONNECT\naccept-version:1.2,1.0\n\n\0', /^CONNECTED\nversion:1\.2\n/],
  [
    'only what it is told to know',
    { versions: ['1.1', '1.0'] },
    'CONNECT\naccept-version:1.1,1.2\n\n\0',
    /\nversion:1\.1\n/,
  ],
  ['STOMP instead of CONNECT', {}, 'STOMP\naccept-version:1.1\n\n\0', /^CONNECTED\nversion:1\.1\n/],
  ['CR LF line ends', {}, 'CONNECT\r\naccept-version:1.2\r\n\r\n\0', /^CONNECTED\nversion:1\.2\n/],
  [
    'no common version',
    {},
    'CONNECT\naccept-version:2.0\n\n\0',
    /^ERROR\nmessage:Unsupported version\n(?:.*\n)*version:1.2,1.1,1.0\n/,
  ],
  ['name and password', USERS, 'CONNECT\nlogin:tilda\npasscode:s3:cret\n\n\0', /^CONNECTED\n/],
  ['an empty password', USERS, 'CONNECT\nlogin:system\npasscode:\n\n\0', /^CONNECTED\n/],
  ['a wrong password', USERS, 'CONNECT\nlogin:tilda\npasscode:no\n\n\0', /^ERROR\nmessage:Login refused\n/],
  ['an unknown name', USERS, 'CONNECT\nlogin:constructor\npasscode:x\n\n\0', /^ERROR\nmessage:Login refused\n/],
  ['no name', USERS, 'CONNECT\naccept-version:1.2\n\n\0', /^ERROR\nmessage:Login refused\n/],
  ['an unknown virtual host', { virtualHosts: ['prod'] }, 'CONNECT\nhost:test\n\n\0', /^ERROR\nmessage:Bad CONNECT\n/],
  [
    'an unknown virtual host of RabbitMQ, which was told of none',
    { server: 'RabbitMQ/3.10.8', closeAfterError: true },
    'CONNECT\nhost:test\n\n\0',
    /^ERROR\nmessage:Bad CONNECT\n/,
  ],
  ['the default virtual host of RabbitMQ', { server: 'RabbitMQ/3.10.8' }, 'CONNECT\nhost:/\n\n\0', /^CONNECTED\n/],
  ['a known virtual host', { virtualHosts: ['prod'] }, 'CONNECT\nhost:prod\n\n\0', /^CONNECTED\n/],
  ['the default virtual host', { virtualHosts: ['prod'] }, 'CONNECT\nhost:/\n\n\0', /^CONNECTED\n/],
  ['heart-beats are offered', { heartBeat: [50, 60] }, 'CONNECT\naccept-version:1.2\n\n\0', /\nheart-beat:50,60\n/],
  ['a heart-beat that is no number', {}, 'CONNECT\naccept-version:1.2\nheart-beat:a,b\n\n\0', /^ERROR\n/],
  ['a frame before CONNECT', {}, 'SEND\ndestination:/queue/a\n\n\0', /^ERROR\nmessage:Not connected\n/],
  ['not STOMP', {}, 'GET / HTTP/1.1\r\n\r\n', /^ERROR\nmessage:Malformed frame\n/],
];

for (const [name, options, sent, answer] of CASES) {
  test(`CONNECT: ${name}`, async (t) => {
    const broker = await startedBroker(t, options);
    const client = new RawBytes(t, broker);
    client.write(sent);
    const text = await client.until('\0');
    assert.match(text, answer);
    if (text.startsWith('ERROR')) await client.untilClosed();
  });
}

test('CONNECT twice is refused', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  client.write('CONNECT\naccept-version:1.2\n\n\0CONNECT\naccept-version:1.2\n\n\0');
  assert.match(await client.until('ERROR'), /^CONNECTED\n/);
  await client.untilClosed();
});

test('a connection without CONNECT is closed in time', async (t) => {
  const client = new RawBytes(t, await startedBroker(t, { connectTimeoutMs: 20 }));
  assert.match(await client.until('ERROR'), /^ERROR\nmessage:Too late\n/);
  await client.untilClosed();
});

test('a frame in one-byte pieces is the same frame', async (t) => {
  const broker = await startedBroker(t);
  const client = new RawBytes(t, broker);
  const sent = 'CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/queue/a\nreceipt:1\n\nbody\0';
  for (const byte of sent) {
    client.write(byte);
    await new Promise(setImmediate);
  }
  await client.until('RECEIPT');
  assert.equal(broker.drain('/queue/a')[0]?.body.toString(), 'body');
});
