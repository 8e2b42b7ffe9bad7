import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Message, newHeader } from '../../src/message/message.js';
import { BrokerSink } from '../../src/sinks/broker/broker-sink.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

async function sentTo(test: Cleaning, server: string, headers: readonly Record<string, string>[]) {
  const broker = await startedBroker(test, { rememberFrames: 100, server });
  const warnings: string[] = [];
  const sink = new BrokerSink({
    name: 'broker test',
    connect: async () => ({ endpoint: { transport: 'tcp', host: '127.0.0.1', port: broker.port } }),
    reliable: true,
    persistent: 'true',
    contentLength: 'auto',
    maxMessageSize: 1000,
    flushMs: 1000,
    onWarning: (event, text) => warnings.push(`${event}: ${text}`),
  });
  test.after(() => sink.close());
  await sink.open();
  for (const header of headers) await sink.send(new Message(newHeader({ destination: '/queue/a', ...header })));
  return { sent: broker.seen('SEND').map(({ header }) => header), warnings };
}

describe('a persistent header', () => {
  for (const { server, value, written, warned } of [
    { server: 'RabbitMQ/3.10.8', value: 'true', written: 'true', warned: 0 },
    { server: 'RabbitMQ/3.10.8', value: '1', written: 'true', warned: 0 },
    { server: 'RabbitMQ/3.10.8', value: 'TRUE', written: 'true', warned: 0 },
    { server: 'RabbitMQ/3.10.8', value: 'yes', written: 'true', warned: 0 },
    { server: 'RabbitMQ/3.10.8', value: '', written: 'true', warned: 0 },
    { server: 'RabbitMQ/3.10.8', value: 'false', written: undefined, warned: 1 },
    { server: 'RabbitMQ/3.10.8', value: 'False', written: undefined, warned: 1 },
    { server: 'RabbitMQ/3.10.8', value: '0', written: undefined, warned: 1 },
    { server: 'RabbitMQ/3.10.8', value: 'no', written: undefined, warned: 1 },
    { server: 'ActiveMQ/5.17.2', value: '1', written: 'true', warned: 0 },
    { server: 'ActiveMQ/5.17.2', value: 'false', written: 'false', warned: 1 },
    { server: 'Unheard/1', value: 'no', written: 'false', warned: 1 },
  ]) {
    const what = written === undefined ? 'left out' : `written as ${written}`;
    it(`of ${JSON.stringify(value)} is ${what} for ${server}, with ${warned} warnings`, async (test) => {
      const { sent, warnings } = await sentTo(test, server, [{ persistent: value }, { persistent: value }]);
      assert.deepEqual(
        sent.map(({ persistent }) => persistent),
        [written, written],
      );
      assert.equal(warnings.filter((text) => text.startsWith('not-persistent')).length, warned);
    });
  }
});

describe('a header with characters beyond U+FFFF', () => {
  for (const { server, warned } of [
    { server: 'ActiveMQ/5.17.2', warned: 1 },
    { server: 'RabbitMQ/3.10.8', warned: 0 },
  ]) {
    it(`is sent to ${server} as it is, with ${warned} warnings`, async (test) => {
      const { sent, warnings } = await sentTo(test, server, [{ a: 'né' }, { a: 'x🐎' }, { '🐎': 'x' }]);
      assert.deepEqual([sent[1]?.a, sent[2]?.['🐎']], ['x🐎', 'x']);
      assert.equal(warnings.length, warned);
      if (warned > 0) assert.match(warnings[0] ?? '', /^header-altered: the header "a" .*U\+FFFF.*ActiveMQ/);
    });
  }
});
