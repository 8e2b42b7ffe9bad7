import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { destinationText, parseDestination } from '../../src/amqp/destination.js';
import { headerOf } from '../../src/amqp/header-table.js';
import { subscribe } from '../../src/amqp/subscribe.js';
import { Message, newHeader } from '../../src/message/message.js';
import { Amqp1Sink } from '../../src/sinks/amqp1/amqp1-sink.js';
import { amqpSession, amqpUriOf, openAmqpSink } from '../support/amqp-client.js';
import { amqp1Options } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import { send as sendStomp, subscribe as subscribeStomp } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf as stompHeader } from '../support/raw-stomp.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import type { Cleaning } from '../support/temp-folder.js';

const ID = randomUUID().slice(0, 8);

/** One destination each, and where it is subscribed to when that is elsewhere. */
const DESTINATIONS: readonly (readonly [sent: string, subscribed?: string])[] = [
  [`/queue/plain-${ID}`],
  [`/queue/with%2Fslash-${ID}`],
  [`/queue/per%25cent and blank-${ID}`],
  [`/queue/žluťoučký-${ID}`],
  [`/amq/queue/made-${ID}`, `/queue/made-${ID}`],
  [`/topic/a.b.${ID}`],
  [`/topic/a.${ID}.c`, `/topic/*.${ID}.#`],
  [`/exchange/amq.direct/key-${ID}`],
  [`/exchange/amq.fanout`],
  [`/exchange/amq.topic/a.${ID}`, `/topic/*.${ID}`],
];

/** What of these is there over AMQP 1.0 too, both ways: RabbitMQ 3 makes queues for topics that it never removes. */
const OVER_AMQP1 = [`/queue/plain-1-${ID}`, `/queue/with%2Fslash-1-${ID}`, `/queue/per%25cent and blank-1-${ID}`];

async function openAmqp1Sink(test: Cleaning, broker: RealBroker): Promise<Amqp1Sink> {
  const { port } = new URL(amqpUriOf(broker));
  const { user: login, pass: passcode } = broker;
  const connect = async () => amqp1Options(Number(port), { login, passcode });
  const limits = { maxMessageSize: 1_000_000, flushMs: 10_000 } as const;
  const sink = new Amqp1Sink({ name: 'broker amqp', connect, reliable: true, persistent: 'true', ...limits });
  await sink.open();
  test.after(() => sink.close());
  return sink;
}

describe('a destination means one place over STOMP and AMQP on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  for (const [destination, subscribed = destination] of DESTINATIONS) {
    it(`${destination}, sent over STOMP, received over AMQP`, async (test) => {
      const session = await amqpSession(test, broker());
      const got: AmqpDelivery[] = [];
      await subscribe(session, { destination: subscribed }, { id: '1', noAck: true, prefetch: 0 }, (each) =>
        got.push(each),
      );
      const client = await loggedIn(broker());
      test.after(() => client.destroy());
      await sendStomp(client, destination, 'body', { 'x-a': '1' });
      const delivery = await eventually(() => got[0]);
      assert.equal(delivery.body.toString(), 'body');
      const { destination: told, 'x-a': value } = headerOf(delivery, '1');
      assert.equal(value, '1');
      // what is told leads to where it came from
      assert.deepEqual(routeOf(told ?? ''), [delivery.exchange, delivery.routingKey]);
      assert.equal(told, destinationText(delivery.exchange, delivery.routingKey));
    });

    it(`${destination}, sent over AMQP, received over STOMP`, async (test) => {
      const client = await loggedIn(broker());
      test.after(() => client.destroy());
      await subscribeStomp(client, subscribed, { ack: 'auto' });
      const sink = await openAmqpSink(test, broker());
      await sink.send(new Message(newHeader({ destination, 'x-a': '1' }), Buffer.from('body')));
      const frame = await client.nextOf('MESSAGE');
      assert.equal(frame.body.toString(), 'body');
      assert.equal(stompHeader(frame, 'x-a'), '1');
      assert.equal(stompHeader(frame, 'persistent'), 'true');
    });
  }

  for (const destination of OVER_AMQP1) {
    it(`${destination}, sent over AMQP 1.0, received over STOMP and AMQP 0-9-1`, async (test) => {
      const sink = await openAmqp1Sink(test, broker());
      for (const body of ['first', 'second']) {
        await sink.send(new Message(newHeader({ destination, priority: '3' }), Buffer.from(body)));
      }
      const client = await loggedIn(broker());
      await subscribeStomp(client, destination, { ack: 'client', 'prefetch-count': '1' });
      const frame = await client.nextOf('MESSAGE');
      assert.deepEqual([frame.body.toString(), stompHeader(frame, 'priority')], ['first', '3']);
      client.destroy();
      const session = await amqpSession(test, broker());
      const got: AmqpDelivery[] = [];
      await subscribe(session, { destination }, { id: '1', noAck: true, prefetch: 0 }, (each) => got.push(each));
      // the first one was not acknowledged
      await eventually(() => got.length === 2);
      assert.deepEqual(got.map(({ body }) => body.toString()).sort(), ['first', 'second']);
    });
  }

  for (const destination of [`/exchange/amq.topic/a1.${ID}`, `/topic/a1.${ID}`]) {
    it(`${destination}, sent over AMQP 1.0, received over STOMP`, async (test) => {
      const client = await loggedIn(broker());
      test.after(() => client.destroy());
      await subscribeStomp(client, `/topic/*.${ID}`, { ack: 'auto' });
      const sink = await openAmqp1Sink(test, broker());
      await sink.send(new Message(newHeader({ destination }), Buffer.from('body')));
      assert.equal((await client.nextOf('MESSAGE')).body.toString(), 'body');
    });
  }

  it('a durable subscription is one queue over both', async (test) => {
    const header = { destination: `/topic/durable.${ID}`, id: `d-${ID}`, durable: 'true', 'auto-delete': 'false' };
    const client = await loggedIn(broker());
    await subscribeStomp(client, header.destination, header);
    client.destroy();
    const sink = await openAmqpSink(test, broker());
    // no subscriber, but its queue: the message is not unroutable
    await sink.send(new Message(newHeader({ destination: header.destination }), Buffer.from('kept')));
    const session = await amqpSession(test, broker());
    const got: AmqpDelivery[] = [];
    const queue = await subscribe(session, header, { id: header.id, noAck: true, prefetch: 0 }, (each) =>
      got.push(each),
    );
    assert.equal((await eventually(() => got[0])).body.toString(), 'kept');
    // RACE: the broker ends the session of a subscriber, perhaps before it answers
    await (await amqpSession(test, broker())).deleteQueue(queue);
  });

  for (const type of ['fanout', 'direct', 'topic', 'headers']) {
    it(`the form of amqpclt declares and binds an exchange of type ${type}`, async (test) => {
      const exchange = `exchange="name=${type}-${ID} type=${type} auto_delete=true"`;
      const queue = `queue=name%3D${type}-queue-${ID}%20auto_delete%3Dtrue`;
      const key = type === 'topic' ? 'a.*' : 'a.b';
      const binding = type === 'headers' ? ' arguments="x-match=all x-kind=wanted"' : '';
      const session = await amqpSession(test, broker());
      const got: AmqpDelivery[] = [];
      const header = { destination: `${queue} ${exchange} routing_key=${key}${binding}` };
      await subscribe(session, header, { id: '1', noAck: true, prefetch: 0 }, (each) => got.push(each));
      const sink = await openAmqpSink(test, broker());
      const sent = newHeader({ destination: `${exchange} routing_key=a.b`, 'x-kind': 'wanted' });
      await sink.send(new Message(sent, Buffer.from(type)));
      const delivery = await eventually(() => got[0]);
      assert.deepEqual([delivery.body.toString(), delivery.exchange], [type, `${type}-${ID}`]);
    });
  }

  it('/temp-queue/NAME is a queue of one subscriber', async (test) => {
    const session = await amqpSession(test, broker());
    const got: AmqpDelivery[] = [];
    const header = { destination: '/temp-queue/answers' };
    const queue = await subscribe(session, header, { id: '1', noAck: true, prefetch: 0 }, (each) => got.push(each));
    const sink = await openAmqpSink(test, broker());
    await sink.send(new Message(newHeader({ destination: `/amq/queue/${queue}` }), Buffer.from('answer')));
    assert.equal((await eventually(() => got[0])).body.toString(), 'answer');
    const there = new Message(newHeader({ destination: '/temp-queue/answers' }));
    await assert.rejects(sink.send(there), { code: 'MESSAGE_BAD_HEADER', message: /a queue of one subscriber/ });
  });
});

function routeOf(text: string): readonly string[] {
  const meant = parseDestination(text);
  assert.ok(typeof meant === 'object');
  switch (meant.kind) {
    case 'queue':
      return ['', meant.name];
    case 'topic':
      return ['amq.topic', meant.key];
    case 'exchange':
      return [meant.name, meant.key];
    default:
      return assert.fail(meant.kind);
  }
}
