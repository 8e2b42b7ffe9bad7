import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawBytes, type Version } from '../support/raw-client.js';
import { startedBroker } from '../support/started-broker.js';

interface Case {
  readonly name: string;
  readonly version: Version;
  /** after CONNECT and a SUBSCRIBE to /queue/h with id 0 */
  readonly send: string;
  /** the MESSAGE, its message-id replaced by N */
  readonly message: string;
}

const GENUINE_0 = 'subscription:0\ndestination:/queue/h\nmessage-id:N\n';

const CASES: readonly Case[] = [
  {
    name: '1.2 unescapes and escapes \\c \\n \\r \\\\',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\na\\cb:c\\nd\\re\\\\f\\cg\n\n\0',
    message: `MESSAGE\n${GENUINE_0}a\\cb:c\\nd\\re\\\\f\\cg\n\n\0`,
  },
  {
    name: '1.1 unescapes and escapes \\c \\n \\\\; a CR is data',
    version: '1.1',
    send: 'SEND\ndestination:/queue/h\na\\cb:c\\nd\re\\\\f\\cg\n\n\0',
    message: `MESSAGE\n${GENUINE_0}a\\cb:c\\nd\re\\\\f\\cg\n\n\0`,
  },
  {
    name: '1.0 escapes nothing',
    version: '1.0',
    send: 'SEND\ndestination:/queue/h\na:c\\nd:e \\x\n\n\0',
    message: `MESSAGE\n${GENUINE_0}a:c\\nd:e \\x\n\n\0`,
  },
  {
    name: 'blanks and empty values stay',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\na: b \nempty:\n\n\0',
    message: `MESSAGE\n${GENUINE_0}a: b \nempty:\n\n\0`,
  },
  {
    name: 'the first of repeated headers counts',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\na:1\na:2\ndestination:/queue/other\n\n\0',
    message: `MESSAGE\n${GENUINE_0}a:1\n\n\0`,
  },
  {
    name: 'names of the prototype are names',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\n__proto__:1\nconstructor:2\ntoString:3\n\n\0',
    message: `MESSAGE\n${GENUINE_0}__proto__:1\nconstructor:2\ntoString:3\n\n\0`,
  },
  {
    name: 'a body with NUL by content-length, which comes back',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\ncontent-length:5\n\na\0b\0c\0',
    message: `MESSAGE\n${GENUINE_0}content-length:5\n\na\0b\0c\0`,
  },
  {
    name: 'a body without content-length gets one',
    version: '1.1',
    send: 'SEND\ndestination:/queue/h\ncontent-type:text/plain\n\nbody\n\0\n\n',
    message: `MESSAGE\n${GENUINE_0}content-type:text/plain\ncontent-length:5\n\nbody\n\0`,
  },
  {
    name: 'headers of one delivery are not those of the next',
    version: '1.2',
    send: 'SEND\ndestination:/queue/h\nsubscription:9\nmessage-id:9\nack:9\nredelivered:true\nreceipt:9\n\n\0',
    message: `MESSAGE\n${GENUINE_0}\n\0`,
  },
];

for (const { name, version, send, message } of CASES) {
  test(`headers: ${name}`, async (t) => {
    const broker = await startedBroker(t);
    const client = new RawBytes(t, broker);
    client.write(`CONNECT\naccept-version:${version}\n\n\0`);
    client.write('SUBSCRIBE\nid:0\ndestination:/queue/h\nreceipt:s\n\n\0');
    const before = (await client.until('RECEIPT\nreceipt-id:s\n\n\0')).length;
    client.write(`${send}DISCONNECT\nreceipt:d\n\n\0`);
    const text = (await client.until('receipt-id:d\n\n\0')).slice(before);
    const body = text.replace(/RECEIPT\nreceipt-id:[9d]\n\n\0/g, '').replace(/message-id:[^\n]*/, 'message-id:N');
    assert.equal(body, message);
  });
}

test('headers: UTF-8 names, values and bodies come back', async (t) => {
  const broker = await startedBroker(t);
  const client = new RawBytes(t, broker);
  const text = 'naïve ☃ 🛰';
  client.write('CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:0\ndestination:/queue/ü\n\n\0');
  client.write(`SEND\ndestination:/queue/ü\n${text}:${text}\n\n${text}\0`);
  const bytes = Buffer.from(await client.until(`\n\n${Buffer.from(text).toString('latin1')}\0`), 'latin1');
  const message = bytes
    .toString()
    .replace(/^CONNECTED[^\0]*\0/, '')
    .replace(/message-id:.*/, 'message-id:N');
  const head = `subscription:0\ndestination:/queue/ü\nmessage-id:N\n${text}:${text}\ncontent-length:15\n`;
  assert.equal(message, `MESSAGE\n${head}\n${text}\0`);
});

test('headers: what STOMP 1.0 cannot carry is escaped for a 1.0 session', async (t) => {
  const broker = await startedBroker(t);
  broker.publish('/queue/h', { lines: 'a\nb' });
  const client = new RawBytes(t, broker);
  client.write('CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/h\n\n\0');
  assert.match(await client.until('MESSAGE'), /\nlines:a\\nb\n/);
});

test('headers: a header without a name is refused', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  client.write('CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/queue/h\n:x\n\n\0');
  await client.until('ERROR\nmessage:A header has no name');
});

test('headers: an undefined escape is refused on 1.2', async (t) => {
  const client = new RawBytes(t, await startedBroker(t));
  client.write('CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/queue/h\na:\\t\n\n\0');
  await client.until('ERROR\nmessage:Malformed frame');
  await client.untilClosed();
});
