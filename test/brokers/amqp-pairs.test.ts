import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { consume, produce, sampleMessages } from '../support/sample-messages.js';

const MESSAGES = 150;
const DEADLINE = { deadlineMs: 180_000 };

/** Properties of AMQP, as headers, that a message may come with. */
const PROPERTIES: Readonly<Record<string, string>> = {
  'content-encoding': 'identity',
  priority: '3',
  'correlation-id': 'c-1',
  'reply-to': '/queue/answers',
  expiration: '86400000',
  'amqp-message-id': 'm-1',
  timestamp: '1700000000',
  type: 'a type',
  'app-id': 'an app',
  'user-id': 'stompctl',
  persistent: 'true',
};

const amqpOf = ({ amqpUri }: RealBroker): string => {
  assert.ok(amqpUri !== undefined, 'name the address of an external broker in STOMPCTL_TEST_RABBITMQ_AMQP');
  return amqpUri;
};

/** Both ends of each way: `out` of one is `in` of the next. */
const WAYS = [
  { name: 'queue to AMQP to STOMP to queue', from: amqpOf, to: ({ uri }: RealBroker) => uri },
  { name: 'queue to STOMP to AMQP to queue', from: ({ uri }: RealBroker) => uri, to: amqpOf },
] as const;

describe('the reference messages on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');
  for (const { name, from, to } of WAYS) {
    it(`go from ${name} and are what they were`, async (test) => {
      const scene = await RealScene.set(test, broker());
      const samples = [...sampleMessages(MESSAGES, 7)].map((sample, index) => ({
        ...sample,
        header: { ...(index % 2 === 0 && PROPERTIES), ...sample.header, destination: scene.destination },
      }));
      produce(scene.path('in'), samples);
      const ends = [scene.startSender(from(broker())), scene.startReceiver(to(broker()))];
      await eventually(() => scene.elements('out') === MESSAGES, {
        ...DEADLINE,
        what: `${MESSAGES} messages; ${ends.map(({ stderr }) => stderr.slice(-2000)).join()}`,
      });
      for (const end of ends) await stopsWell(end);
      assert.equal(scene.elements('in'), 0);
      const stored = new Map([...consume(scene.path('out'))].map((each) => [Number(each.header['x-number']), each]));
      for (const { number, header, body } of samples) {
        const found = stored.get(number);
        assert.ok(found, `message ${number}`);
        assert.ok(found.body.equals(body), `body of message ${number}`);
        for (const [key, value] of Object.entries(header)) assert.equal(found.header[key], value, key);
      }
    });
  }

  it('go from STOMP to AMQP and back, through a shovel each way, and are what they were', async (test) => {
    const scene = await RealScene.set(test, broker());
    const { uri, user, pass } = broker();
    const auth = `plain name=${user} pass=${pass}`;
    const [first, second, third] = ['a', 'b', 'c'].map((each) => `${scene.destination}-${each}`);
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const samples = [...sampleMessages(MESSAGES, 9)].map((sample) => ({
      ...sample,
      header: { ...PROPERTIES, ...sample.header, destination: first },
    }));
    produce(scene.path('in'), samples);
    const shovel = (incoming: string, outgoing: string, taken: string, sent: string) =>
      scene.start([
        ...['--incoming-broker-uri', incoming, '--incoming-broker-auth', auth, '--subscribe', `destination=${taken}`],
        ...['--outgoing-broker-uri', outgoing, '--outgoing-broker-auth', auth],
        ...['--callback-code', `hdr["destination"] = "${sent}"`],
      ]);
    const ends = [
      scene.startSender(uri),
      shovel(uri, amqpOf(broker()), first, second),
      shovel(amqpOf(broker()), uri, second, third),
      scene.startReceiver(uri, '--subscribe', `destination=${third}`),
    ];
    const told = () => ends.map(({ stderr }) => stderr.slice(-1000)).join('\n');
    await eventually(() => scene.elements('out') === MESSAGES, { ...DEADLINE, what: told() });
    for (const end of ends) await stopsWell(end);
    const stored = new Map([...consume(scene.path('out'))].map((each) => [Number(each.header['x-number']), each]));
    // RabbitMQ's STOMP gives back the receipt that was asked for
    const OF_DELIVERY = new Set([
      'receipt',
      'message-id',
      'subscription',
      'ack',
      'redelivered',
      'content-length',
      'destination',
    ]);
    for (const { number, header, body } of samples) {
      const found = stored.get(number);
      assert.ok(found, `message ${number}`);
      assert.ok(found.body.equals(body), `body of message ${number}`);
      const kept = Object.entries(found.header).filter(([key]) => !OF_DELIVERY.has(key));
      const { destination: _, ...sent } = header;
      // a text without a content-type leaves with one
      assert.deepEqual(Object.fromEntries(kept), {
        ...('content-type' in found.header && { 'content-type': found.header['content-type'] }),
        ...sent,
      });
    }
  });
});
