import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Amqp1Broker, destinationOf, sourceOf, targetOf } from '../../src/amqp1/address.js';

const ADDRESSES: readonly (readonly [
  broker: Amqp1Broker,
  destination: string,
  address: string,
  capability?: string,
])[] = [
  ['rabbitmq', '/queue/a%2Fb', '/queue/a%2Fb'],
  ['rabbitmq', '/amq/queue/a', '/amq/queue/a'],
  ['activemq', '/queue/a.b', 'queue://a.b', 'queue'],
  ['activemq', '/topic/a/b', 'topic://a/b', 'topic'],
  ['activemq', 'queue://a', 'queue://a', 'queue'],
  ['other', '/queue/a', 'a', 'queue'],
  ['other', '/topic/a.*', 'a.*', 'topic'],
  ['other', 'orders::eu', 'orders::eu'],
];

describe('the address of a destination over AMQP 1.0', () => {
  for (const [broker, destination, address, capability] of ADDRESSES) {
    it(`${destination} of ${broker} is ${address}`, () => {
      assert.deepEqual(targetOf(destination, broker), { address, capability });
      assert.deepEqual(sourceOf(destination, broker), { address, capability });
    });
  }

  for (const destination of ['/exchange/x/k', '/exchange/x', '/topic/a.b']) {
    it(`${destination} of RabbitMQ is sent to, and not subscribed to`, () => {
      assert.deepEqual(targetOf(destination, 'rabbitmq'), { address: destination, capability: undefined });
      assert.match(String(sourceOf(destination, 'rabbitmq')), /RabbitMQ 3 would leave a queue behind/);
    });
  }

  for (const [destination, reason] of [
    ['/temp-queue/x', /only it knows its name/],
    ['queue=name%3Dx', /nothing is declared over AMQP 1\.0/],
    ['/queue/žluť', /ASCII only/],
    ['/queue/a/b', /none of/],
  ] as const) {
    it(`${destination} of RabbitMQ leads nowhere`, () =>
      assert.match(String(targetOf(destination, 'rabbitmq')), reason));
  }

  it('is told as a destination', () => {
    assert.equal(destinationOf('topic://a.b', '/topic/a.*'), '/topic/a.b');
    assert.equal(destinationOf('a.b', '/topic/a.*'), '/topic/a.b');
    assert.equal(destinationOf('/topic/a.b', '/topic/a.*'), '/topic/a.b');
    assert.equal(destinationOf('a.b', 'a.*'), 'a.b');
  });
});
