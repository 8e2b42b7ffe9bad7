import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AmqpSession } from '../../src/amqp/amqp-session.js';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { headerOf, propertiesOf } from '../../src/amqp/header-table.js';
import { subscribe } from '../../src/amqp/subscribe.js';
import { NOT_SENT } from '../../src/stomp/codec/encoder.js';
import { amqpOptions } from '../support/amqp-client.js';
import { AmqpPeer } from '../support/amqp-peer.js';
import { anyText } from '../support/any-text.js';

const OF_DELIVERY = ['destination', 'message-id', 'subscription', 'redelivered'];
const shortText = anyText(40);

/** Headers as a producer may write them, those that are properties among them. */
const HEADERS = fc
  .tuple(
    fc.dictionary(shortText, anyText(300), { maxKeys: 12 }),
    fc.record(
      {
        'content-type': shortText,
        'content-encoding': shortText,
        'correlation-id': shortText,
        'reply-to': shortText,
        'amqp-message-id': shortText,
        type: shortText,
        'app-id': shortText,
        'user-id': shortText,
        expiration: fc.nat().map(String),
        priority: fc.nat(255).map(String),
        timestamp: fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(String),
        persistent: fc.constantFrom('true', 'false'),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([any, properties]) => Object.setPrototypeOf({ ...any, ...properties }, null) as Record<string, string>)
  .filter((header) => [...OF_DELIVERY, ...NOT_SENT, 'CC', 'BCC'].every((name) => !(name in header)));

describe('the headers of a message over AMQP', () => {
  it('are what they were, whatever they are', async (test) => {
    const peer = await AmqpPeer.start(test, {
      published: (published, self) => {
        self.confirm(published.tag);
        // to whom subscribes, as it came
        self.deliver(published.body, published.header);
      },
    });
    const session = await AmqpSession.connect(amqpOptions(peer.port));
    test.after(() => session.close());
    let wake: (delivery: AmqpDelivery) => void = () => undefined;
    await subscribe(session, { destination: '/queue/q' }, { id: '1', noAck: true, prefetch: 0 }, (each) => wake(each));
    const echoed = async (header: Record<string, string>, body: Buffer) => {
      const back = new Promise<AmqpDelivery>((resolve) => {
        wake = resolve;
      });
      const persistent = header.persistent === undefined ? undefined : header.persistent === 'true';
      const properties = propertiesOf(header, { persistent, omit: NOT_SENT, frameMax: session.frameMax });
      await session.publish({ exchange: '', routingKey: 'q', properties, body });
      return back;
    };
    await fc.assert(
      fc.asyncProperty(HEADERS, fc.uint8Array({ maxLength: 3000 }), async (header, bytes) => {
        const delivery = await echoed(header, Buffer.from(bytes));
        assert.ok(delivery.body.equals(Buffer.from(bytes)));
        const got = headerOf(delivery);
        for (const name of OF_DELIVERY) delete got[name];
        assert.deepEqual(got, header);
      }),
      { numRuns: 200 },
    );
  });
});
