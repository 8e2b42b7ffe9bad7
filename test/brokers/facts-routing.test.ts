import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { amqpSession } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { freshQueue, send, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf } from '../support/raw-stomp.js';
import { brokerKinds, type RealBroker, startRabbitmq, useBroker } from '../support/real-brokers.js';

// What docs/brokers.md says of destinations that lead to no queue: RabbitMQ confirms what it then drops.

const fresh = (): string => freshQueue('routing').slice('/queue/'.length);

/** Where a queue NAME is expected: the destination that is sent to, and the one that is read. */
const NOWHERE = [
  { name: '/amq/queue/', to: (name: string) => `/amq/queue/${name}` },
  { name: 'an exchange with no queue bound to the key', to: (name: string) => `/exchange/amq.direct/${name}` },
  { name: 'a topic', to: (name: string) => `/topic/${name}` },
] as const;

if (brokerKinds().includes('rabbitmq')) {
  describe('rabbitmq confirms, and drops', () => {
    const broker = useBroker('rabbitmq');

    for (const { name, to } of NOWHERE) {
      test(`what is sent to ${name} before there is a queue`, async () => {
        const queue = fresh();
        const client = await loggedIn(broker());
        await send(client, to(queue), 'lost');
        assert.deepEqual(await received(broker(), `/queue/${queue}`), []);
      });
    }

    test('but not what is sent to /amq/queue/ once the queue is there', async () => {
      const queue = fresh();
      await received(broker(), `/queue/${queue}`);
      await send(await loggedIn(broker()), `/amq/queue/${queue}`, 'kept');
      assert.deepEqual(await received(broker(), `/queue/${queue}`), ['kept']);
    });

    test('nor what is sent to a plain name, which makes the queue', async () => {
      const queue = fresh();
      await send(await loggedIn(broker()), queue, 'kept');
      assert.deepEqual(await received(broker(), `/queue/${queue}`), ['kept']);
    });

    for (const [name, value] of [
      ['exclusive', 'true'],
      ['durable', 'false'],
    ] as const) {
      test(`what is sent to /queue/ with ${name}:${value}, and what follows: the queue ends with the session`, async () => {
        const queue = fresh();
        const client = await loggedIn(broker());
        await send(client, `/queue/${queue}`, 'lost', { [name]: value });
        await send(client, `/queue/${queue}`, 'lost too');
        await client.request('DISCONNECT');
        client.destroy();
        assert.deepEqual(await received(broker(), `/queue/${queue}`), []);
      });
    }

    test('what is sent to /queue/ with auto-delete:true, once the first who receives has gone', async () => {
      const queue = fresh();
      const client = await loggedIn(broker());
      await send(client, `/queue/${queue}`, 'lost', { 'auto-delete': 'true' });
      const reader = await loggedIn(broker());
      await subscribe(reader, `/amq/queue/${queue}`);
      await reader.nextOf('MESSAGE');
      reader.destroy();
      // RACE: as long as it is there, another one of its name is refused
      const left = await eventually(() => received(broker(), `/queue/${queue}`));
      assert.deepEqual(left, []);
    });

    test('what is sent to /queue/ once the queue was deleted, while the session that made it lasts', async (t) => {
      const queue = fresh();
      const client = await loggedIn(broker());
      await send(client, `/queue/${queue}`, 'kept till then');
      const session = await amqpSession(t, broker());
      await session.deleteQueue(queue);
      await send(client, `/queue/${queue}`, 'lost');
      assert.deepEqual(await received(broker(), `/queue/${queue}`), []);
    });

    test('nor what an alternate exchange takes', async (t) => {
      // its policy would change what other tests find
      const own = await startRabbitmq();
      t.after(() => own.stop());
      const alternate = '{"alternate-exchange":"amq.fanout"}';
      await own.tool('set_policy', 'unrouted', '^amq\\.direct$', alternate, '--apply-to', 'exchanges');
      const reader = await loggedIn(own);
      await subscribe(reader, '/exchange/amq.fanout', {
        'x-queue-name': 'unrouted',
        durable: 'true',
        'auto-delete': 'false',
      });
      await send(await loggedIn(own), '/exchange/amq.direct/nobody', 'kept');
      assert.equal((await reader.nextOf('MESSAGE')).body.toString(), 'kept');
    });
  });
}

/** The bodies that wait in a queue, which is made when there is none: those before a last one of our own. */
async function received(broker: RealBroker, destination: string): Promise<string[]> {
  const client = await loggedIn(broker);
  await subscribe(client, destination);
  await send(client, destination, 'end');
  const bodies: string[] = [];
  for (;;) {
    const message = await client.nextOf('MESSAGE');
    client.frame('ACK', { id: headerOf(message, 'ack') ?? '', receipt: 'a' });
    await client.nextOf('RECEIPT');
    if (message.body.toString() === 'end') break;
    bodies.push(message.body.toString());
  }
  client.destroy();
  return bodies;
}
