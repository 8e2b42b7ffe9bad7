import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledge, freshQueue, send, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf } from '../support/raw-stomp.js';
import { brokerKinds, useBroker } from '../support/real-brokers.js';

// What docs/brokers.md says of the habits that stompctl stays away from. The in-process broker does not imitate these.

const OBSERVED = brokerKinds().filter((kind) => kind !== 'artemis');

for (const kind of OBSERVED) {
  describe(`habits of ${kind}`, () => {
    const broker = useBroker(kind);

    const forged = kind === 'activemq' ? 'forges a header line' : 'stays escaped';
    test(`a newline in a header ${forged} on a 1.0 session`, async () => {
      const destination = freshQueue('habit');
      const client = await loggedIn(broker());
      await send(client, destination, '', { 'x-odd': 'one\\nforged\\ctrue' });
      const old = await loggedIn(broker(), '1.0');
      await subscribe(old, destination);
      const message = await old.nextOf('MESSAGE');
      assert.equal(headerOf(message, 'forged'), kind === 'activemq' ? 'true' : undefined);
    });

    test(`NACK ${kind === 'activemq' ? 'moves to the dead-letter queue' : 'brings the message back at once'}`, async () => {
      const destination = freshQueue('habit');
      const client = await loggedIn(broker());
      await send(client, destination);
      await subscribe(client, destination);
      const message = await client.nextOf('MESSAGE');
      await client.request('NACK', { id: headerOf(message, 'ack') ?? '' });
      if (kind === 'activemq') await subscribe(client, '/queue/ActiveMQ.DLQ', { id: 'dead' });
      const again = await client.nextOf('MESSAGE');
      assert.equal(headerOf(again, 'subscription'), kind === 'activemq' ? 'dead' : '1');
      assert.equal(headerOf(again, 'redelivered') === 'true', kind === 'rabbitmq');
      await acknowledge(client, again);
    });
  });
}
