import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AmqpSource } from '../../src/sources/amqp/amqp-source.js';
import { amqpOptions } from '../support/amqp-client.js';
import { AmqpPeer } from '../support/amqp-peer.js';
import { eventually } from '../support/eventually.js';

describe('AmqpSource, when the broker sends what cannot be read while it stops', () => {
  for (const [when, method] of [
    ['when the last acknowledgements are asked for', '60.10'],
    ['when the channel is closed', '20.40'],
  ] as const) {
    it(`${when}, is closed at once, and says so`, async (test) => {
      let stopping = false;
      const peer = await AmqpPeer.start(test, {
        heard: (name, self) => {
          if (name !== method || !stopping) return false;
          self.write(Buffer.from('\x01\0\x01\xff\xff\xff\xff', 'latin1'));
          return true;
        },
      });
      const warnings: string[] = [];
      const source = new AmqpSource({
        name: 'broker amqp',
        connect: async () => amqpOptions(peer.port, { confirmTimeoutMs: 600_000, disconnectTimeoutMs: 600_000 }),
        subscriptions: [{ header: { destination: '/amq/queue/q' } }],
        reliable: true,
        prefetch: undefined,
        window: 10,
        windowBytes: 1_000_000,
        maxParked: 10,
        deadLetters: undefined,
        events: { rejected: () => undefined, parked: () => undefined, settledInVain: () => undefined },
        onWarning: (event, text) => warnings.push(`${event} ${text}`),
      });
      await source.open();
      peer.deliver(Buffer.from('a'));
      const demand = { deliveries: 1, bytes: 1000 };
      const deliveries = await eventually(async () => {
        const result = await source.next(demand, new AbortController().signal);
        return result.kind === 'batch' && result.deliveries;
      });
      stopping = true;
      for (const delivery of deliveries) delivery.ack();
      await source.settle();
      await source.close();
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /^close-failed .*a frame of 4294967295 bytes.*may come again$/);
    });
  }
});
