import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AmqpDestination,
  destinationText,
  durableQueueName,
  parseDestination,
} from '../../src/amqp/destination.js';

const THING = { name: '', durable: false, autoDelete: false, exclusive: false, type: 'direct', arguments: {} };
const DECLARED = {
  kind: 'declared',
  queue: undefined,
  exchange: undefined,
  routingKey: '',
  bindingArguments: {},
} as const;

const READ: readonly (readonly [text: string, expected: AmqpDestination])[] = [
  ['/queue/a', { kind: 'queue', name: 'a' }],
  ['/queue/a%2Fb%20%2f', { kind: 'queue', name: 'a/b%20%2f' }],
  ['name alone', { kind: 'queue', name: 'name alone' }],
  ['/amq/queue/a', { kind: 'amq-queue', name: 'a' }],
  ['/reply-queue/amq.gen/x', { kind: 'amq-queue', name: 'amq.gen/x' }],
  ['/topic/a.*.#', { kind: 'topic', key: 'a.*.#' }],
  ['/exchange/e', { kind: 'exchange', name: 'e', key: '' }],
  ['/exchange/e/k%2Fl', { kind: 'exchange', name: 'e', key: 'k/l' }],
  ['/temp-queue/t', { kind: 'temp-queue', name: 't' }],
  ['queue="name=x durable=true"', { ...DECLARED, queue: { ...THING, name: 'x', durable: true } }],
  [
    'exchange=name%3Dy%20type%3Dtopic, routing_key=a%20b',
    { ...DECLARED, exchange: { ...THING, name: 'y', type: 'topic' }, routingKey: 'a b' },
  ],
  [
    'queue="name=x exclusive=true auto_delete=true arguments=x-max-length%3D10%20x-a%3Dtrue%20x-b%3Dtext" arguments="x-match=all"',
    {
      ...DECLARED,
      queue: {
        ...THING,
        name: 'x',
        exclusive: true,
        autoDelete: true,
        arguments: { 'x-max-length': 10, 'x-a': true, 'x-b': 'text' },
      },
      bindingArguments: { 'x-match': 'all' },
    },
  ],
];

const REFUSED: readonly (readonly [text: string, reason: RegExp])[] = [
  ['', /is none of \/queue\/NAME/],
  ['/queue', /is none of/],
  ['/queue/', /is none of/],
  ['/queue/a/b', /a slash in a name is written %2F/],
  ['/topic/', /is none of/],
  ['/exchange//k', /is none of/],
  ['/exchange/a/b/c', /is none of/],
  ['/reply-queue/', /is none of/],
  ['/elsewhere/a', /is none of/],
  ['a/b', /is none of/],
  [`/queue/${'é'.repeat(128)}`, /a name in it has 256 bytes, AMQP has room for 255/],
  ['queue=name%3Dx colour=red', /colour is none of queue, exchange, routing_key, arguments/],
  ['queue="name=x colour=red"', /colour means nothing for queue/],
  ['exchange="name=x type=odd"', /"odd" is none of fanout, direct, topic, headers/],
  ['queue="name=x', /is not KEY=VALUE/],
  ['routing_key=%zz', /the value of routing_key has a % that begins no escape/],
];

describe('a destination of AMQP', () => {
  for (const [text, expected] of READ) {
    it(text, () => assert.deepEqual(structuredClone(parseDestination(text)), expected));
  }
  for (const [text, reason] of REFUSED) {
    it(`${text.slice(0, 40) || 'nothing'}: ${reason.source}`, () => {
      const found = parseDestination(text);
      assert.ok(typeof found === 'string');
      assert.match(found, reason);
    });
  }

  it('is told of a delivery so that it leads back', () => {
    for (const [exchange, key, text] of [
      ['', 'a/b', '/queue/a%2Fb'],
      ['amq.topic', 'a.b', '/topic/a.b'],
      ['e', '', '/exchange/e'],
      ['e/f', 'k%', '/exchange/e%2Ff/k%'],
    ] as const) {
      assert.equal(destinationText(exchange, key), text);
    }
  });

  // as RabbitMQ 3.10.8 named it
  it('of a durable subscription has the queue that the STOMP plugin names', () => {
    assert.equal(durableQueueName('durable.x', 'd-1'), 'stomp-subscription-eYwhJlzf4ASMUUDET7HN7g');
  });
});
