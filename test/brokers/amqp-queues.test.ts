import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { AmqpSession } from '../../src/amqp/amqp-session.js';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { subscribe } from '../../src/amqp/subscribe.js';
import { Message, newHeader } from '../../src/message/message.js';
import { amqpSession, openAmqpSink } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { useBroker } from '../support/real-brokers.js';

const KEPT = { durable: true, autoDelete: false, exclusive: false };

const fresh = (): string => `queues-${randomUUID().slice(0, 8)}`;

function message(destination: string, body: string, header: Readonly<Record<string, string>> = {}): Message {
  return new Message(newHeader({ destination, ...header }), Buffer.from(body));
}

/** The bodies of the first `count` messages of a queue, which is not declared. */
async function bodies(session: AmqpSession, queue: string, count: number): Promise<string[]> {
  const got: AmqpDelivery[] = [];
  const wish = { id: queue, noAck: true, prefetch: 0 };
  await subscribe(session, { destination: `/amq/queue/${queue}` }, wish, (each) => got.push(each));
  await eventually(() => got.length >= count, { what: `${count} messages, of which ${got.length} are there` });
  return got.map(({ body }) => body.toString());
}

describe('the queue of a message sent over AMQP to /queue/NAME on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  for (const header of [{ exclusive: 'true' }, { durable: 'false' }, { 'auto-delete': 'true' }] as const) {
    it(`outlasts the session, whatever the message says: ${JSON.stringify(header)}`, async (test) => {
      const queue = fresh();
      const sink = await openAmqpSink(test, broker());
      await sink.send(message(`/queue/${queue}`, 'first', header));
      await sink.send(message(`/queue/${queue}`, 'second'));
      await sink.close();
      const session = await amqpSession(test, broker());
      assert.equal(await session.declareQueue(queue, KEPT), queue);
      assert.deepEqual(await bodies(session, queue, 2), ['first', 'second']);
    });
  }

  it('is made again when it was deleted meanwhile, and nothing of what came back is lost', async (test) => {
    const queue = fresh();
    const sink = await openAmqpSink(test, broker());
    await sink.send(message(`/queue/${queue}`, 'before'));
    const session = await amqpSession(test, broker());
    await session.deleteQueue(queue);
    const numbers = Array.from({ length: 200 }, (_, number) => String(number));
    await Promise.all(numbers.map((number) => sink.send(message(`/queue/${queue}`, number))));
    const got = await bodies(session, queue, numbers.length);
    assert.deepEqual(new Set(got), new Set(numbers));
    assert.equal(got.length, numbers.length);
  });

  it('is used as it is when it has other arguments', async (test) => {
    const queue = fresh();
    const session = await amqpSession(test, broker());
    await session.declareQueue(queue, { ...KEPT, arguments: { 'x-max-priority': 5 } });
    const sink = await openAmqpSink(test, broker());
    await Promise.all(['a', 'b'].map((body) => sink.send(message(`/queue/${queue}`, body))));
    assert.deepEqual(await bodies(session, queue, 2), ['a', 'b']);
  });

  it('is refused, and its message with it, when it would not stay; the session goes on', async (test) => {
    const queue = fresh();
    const session = await amqpSession(test, broker());
    await session.declareQueue(queue, { ...KEPT, durable: false });
    const sink = await openAmqpSink(test, broker());
    const refused = sink.send(message(`/queue/${queue}`, 'a'));
    const kept = sink.send(message(`/queue/${queue}-kept`, 'b'));
    await assert.rejects(refused, { code: 'MESSAGE_REFUSED', message: /406 PRECONDITION_FAILED - .*'durable'/ });
    await kept;
    await sink.send(message(`/queue/${queue}-kept`, 'c'));
    assert.deepEqual(await bodies(session, `${queue}-kept`, 2), ['b', 'c']);
  });

  it('is refused, and its message with it, when it may not be made; the session goes on', async (test) => {
    const queue = fresh();
    const sink = await openAmqpSink(test, broker());
    const refused = sink.send(message('/queue/amq.reserved', 'a'));
    await sink.send(message(`/queue/${queue}`, 'b'));
    await assert.rejects(refused, { code: 'MESSAGE_REFUSED', message: /403 ACCESS_REFUSED/ });
    assert.deepEqual(await bodies(await amqpSession(test, broker()), queue, 1), ['b']);
  });
});
