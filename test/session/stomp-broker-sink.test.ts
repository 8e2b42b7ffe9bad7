import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { brokerAcceptsAndSaysNothing, brokerDelaysReceipts } from '../../src/broker/faults.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { Message, newHeader } from '../../src/message/message.js';
import { BrokerSink, type BrokerSinkOptions } from '../../src/sinks/broker/broker-sink.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

async function pair(test: Cleaning, broker: BrokerOptions = {}, options: Partial<BrokerSinkOptions> = {}) {
  const server = await startedBroker(test, { rememberFrames: 100, ...broker });
  const sink = new BrokerSink({
    name: 'broker test',
    connect: async () => ({ endpoint: { transport: 'tcp', host: '127.0.0.1', port: server.port } }),
    reliable: true,
    persistent: 'true',
    contentLength: 'auto',
    maxMessageSize: 1000,
    flushMs: 1000,
    ...options,
  });
  test.after(() => sink.close());
  return { server, sink };
}

function message(header: Record<string, string>, body = '', text = false): Message {
  return new Message(newHeader(header), Buffer.from(body), text);
}

const TO = { destination: '/queue/a' };

describe('BrokerSink', () => {
  it('resolves a send by its receipt, and makes the message persistent', async (test) => {
    const { server, sink } = await pair(test);
    await sink.open();
    await sink.send(message(TO, 'body'));
    const [stored] = server.drain('/queue/a');
    assert.equal(stored?.body.toString(), 'body');
    assert.equal(server.seen('SEND')[0]?.header.persistent, 'true');
  });

  it('keeps an explicit persistent:false, and warns once', async (test) => {
    const warnings: string[] = [];
    const { server, sink } = await pair(test, {}, { onWarning: (event) => warnings.push(event) });
    await sink.open();
    await sink.send(message({ ...TO, persistent: 'false' }));
    await sink.send(message({ ...TO, persistent: 'false' }));
    assert.deepEqual(
      server.seen('SEND').map(({ header }) => header.persistent),
      ['false', 'false'],
    );
    assert.deepEqual(warnings, ['not-persistent']);
  });

  for (const { server, destination, warned } of [
    { server: 'RabbitMQ/3.10.8', destination: '/exchange/amq.direct/key', warned: ['unrouted-dropped'] },
    { server: 'RabbitMQ/3.10.8', destination: '/amq/queue/a', warned: ['unrouted-dropped'] },
    { server: 'RabbitMQ/3.10.8', destination: '/queue/a', warned: [] },
    { server: 'ActiveMQ/5.17.2', destination: '/exchange/amq.direct/key', warned: [] },
  ]) {
    it(`warns ${warned.length === 0 ? 'not' : 'once'} of ${destination} of ${server}`, async (test) => {
      const warnings: string[] = [];
      const { sink } = await pair(test, { server }, { onWarning: (event) => warnings.push(event) });
      await sink.open();
      // the in-process broker has no exchanges
      await Promise.allSettled([sink.send(message({ destination })), sink.send(message({ destination }))]);
      assert.deepEqual(warnings, warned);
    });
  }

  for (const { server, to, header, warned } of [
    { server: 'RabbitMQ/3.10.8', to: '/queue/a', header: { exclusive: 'true' }, warned: ['queue-shaped'] },
    { server: 'RabbitMQ/3.10.8', to: '/queue/a', header: { durable: 'false' }, warned: ['queue-shaped'] },
    { server: 'RabbitMQ/3.10.8', to: 'a', header: { 'auto-delete': 'true' }, warned: ['queue-shaped'] },
    { server: 'RabbitMQ/3.10.8', to: '/queue/a', header: { durable: 'true', exclusive: 'false' }, warned: [] },
    { server: 'RabbitMQ/3.10.8', to: '/topic/a', header: { exclusive: 'true' }, warned: [] },
    { server: 'ActiveMQ/5.17.2', to: '/queue/a', header: { exclusive: 'true' }, warned: [] },
  ]) {
    it(`warns ${warned.length === 0 ? 'not' : 'once'} of ${JSON.stringify(header)} to ${to} of ${server}`, async (test) => {
      const warnings: string[] = [];
      const { sink } = await pair(test, { server }, { onWarning: (event) => warnings.push(event) });
      await sink.open();
      const sent = message({ destination: to, ...header });
      await Promise.allSettled([sink.send(sent), sink.send(sent)]);
      assert.deepEqual(warnings, warned);
    });
  }

  for (const { name, options, persistent } of [
    { name: 'persistent is to be kept', options: { persistent: 'keep' } as const, persistent: undefined },
    { name: 'it is not reliable', options: { reliable: false }, persistent: undefined },
  ]) {
    it(`adds no persistent when ${name}`, async (test) => {
      const { server, sink } = await pair(test, {}, options);
      await sink.open();
      await sink.send(message(TO));
      await sink.close();
      assert.equal(server.seen('SEND')[0]?.header.persistent, persistent);
    });
  }

  it('asks for no receipts when not reliable', async (test) => {
    const { server, sink } = await pair(test, {}, { reliable: false });
    await sink.open();
    await sink.send(message(TO));
    await sink.close();
    assert.equal(server.seen('SEND')[0]?.header.receipt, undefined);
  });

  for (const { contentLength, server: name, text, length } of [
    { contentLength: 'auto', server: 'ActiveMQ/5.17.2', text: true, length: undefined },
    { contentLength: 'auto', server: 'ActiveMQ/5.17.2', text: false, length: '4' },
    { contentLength: 'auto', server: 'RabbitMQ/3.10.8', text: true, length: '4' },
    { contentLength: 'always', server: 'ActiveMQ/5.17.2', text: true, length: '4' },
    { contentLength: 'never', server: 'RabbitMQ/3.10.8', text: true, length: undefined },
    { contentLength: 'never', server: 'RabbitMQ/3.10.8', text: false, length: '4' },
  ] as const) {
    const what = length === undefined ? 'no content-length' : 'content-length';
    it(`writes ${what} for ${text ? 'text' : 'bytes'} to ${name} with ${contentLength}`, async (test) => {
      const { server, sink } = await pair(test, { server: name }, { contentLength });
      await sink.open();
      await sink.send(message(TO, 'body', text));
      assert.equal(server.seen('SEND')[0]?.header['content-length'], length);
    });
  }

  it('counts a text with a NUL in any case', async (test) => {
    const { server, sink } = await pair(test, {}, { contentLength: 'never' });
    await sink.open();
    await sink.send(message(TO, 'a\0b', true));
    assert.equal(server.drain('/queue/a')[0]?.body.toString(), 'a\0b');
  });

  it('rejects a message without destination, and goes on', async (test) => {
    const { sink } = await pair(test);
    await sink.open();
    await assert.rejects(sink.send(message({})), {
      code: 'MESSAGE_NO_DESTINATION',
      message: /with a rewrite rule, or in a callback$/,
    });
    await sink.send(message(TO));
  });

  it('rejects a message that is too large, and goes on', async (test) => {
    const { sink } = await pair(test);
    await sink.open();
    await assert.rejects(sink.send(message(TO, 'x'.repeat(1001))), { code: 'MESSAGE_TOO_LARGE' });
    await sink.send(message(TO, 'x'.repeat(1000)));
  });

  it('flushes until every receipt is there', async (test) => {
    const { sink } = await pair(test, { faults: [brokerDelaysReceipts({ delayMs: 20 })] });
    await sink.open();
    const settled: number[] = [];
    for (const number of [1, 2, 3]) void sink.send(message(TO)).then(() => settled.push(number));
    await sink.flush();
    assert.deepEqual(settled, [1, 2, 3]);
  });

  it('rejects what is in flight when the broker goes, and can be opened again', async (test) => {
    const { server, sink } = await pair(test, { faults: [brokerDelaysReceipts({ delayMs: 10_000 })] });
    await sink.open();
    const sent = sink.send(message(TO));
    setImmediate(() => server.killConnections());
    await assert.rejects(sent, { code: 'SESSION_LOST', action: 'reopen' });
    await assert.rejects(sink.send(message(TO)), { code: 'SESSION_LOST' });
    await sink.open();
    assert.equal(server.connections, 1);
  });

  it('closes while it opens: the opening is given up', async (test) => {
    const { server, sink } = await pair(test, { faults: [brokerAcceptsAndSaysNothing()] });
    const opening = sink.open();
    setTimeout(() => sink.close(), 20);
    await assert.rejects(opening, { code: 'SESSION_CLOSED' });
    assert.equal(server.seen('CONNECT').length, 0);
  });

  it('sends datagrams where the endpoint says so', async (test) => {
    const datagrams: Buffer[] = [];
    const receiver = createSocket('udp4', (bytes) => datagrams.push(bytes));
    await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve));
    test.after(() => {
      receiver.close();
    });
    const { port } = receiver.address();
    const connect = async () => ({ endpoint: { transport: 'udp', host: '127.0.0.1', port } }) as const;
    const { sink } = await pair(test, {}, { connect, reliable: false });
    await sink.open();
    await sink.send(message(TO, 'body'));
    await sink.close();
    await eventually(() => datagrams.length === 1);
  });
});
