import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokersProtocol, checkBrokerUris } from '../../src/config/broker-uris.js';

describe('what is spoken with brokers', () => {
  for (const [uri, given, expected] of [
    ['stomp://h', undefined, 'stomp'],
    ['amqp://h/v', undefined, 'amqp'],
    ['amqps://h', undefined, 'amqp'],
    ['failover:(amqp://a,amqp://b)?randomize=false', undefined, 'amqp'],
    ['failover:stomp://a,stomp://b', undefined, 'stomp'],
    ['file:/etc/brokers', undefined, 'stomp'],
    ['file:/etc/brokers', 'amqp091', 'amqp091'],
    ['file:/etc/brokers', 'amqp1', 'amqp1'],
    ['amqp://h', 'amqp1', 'amqp1'],
  ] as const) {
    it(`${uri}${given === undefined ? '' : `, said to be ${given}`}`, () => {
      assert.equal(brokersProtocol(uri, given), expected);
      checkBrokerUris(uri, given);
    });
  }

  for (const [uri, given] of [
    ['failover:(amqp://a,stomp://b)', undefined],
    ['failover:(stomp://a,amqp://b)', undefined],
    ['stomp://a', 'amqp091'],
    ['stomp://a', 'amqp1'],
    ['amqp://a', 'stomp'],
  ] as const) {
    it(`is one protocol: ${uri}${given === undefined ? '' : `, said to be ${given}`}`, () => {
      assert.throws(() => checkBrokerUris(uri, given), {
        code: 'URI_INVALID',
        message: /a list of brokers is of one protocol/,
      });
    });
  }
});
