import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
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

/** An end of a broker: its address, and what is spoken there where that is said outright. */
interface End {
  readonly uri: (broker: RealBroker) => string;
  readonly protocol?: 'amqp1';
}

const STOMP: End = { uri: ({ uri }) => uri };
const AMQP: End = { uri: amqpUriOf };
const AMQP1: End = { uri: amqpUriOf, protocol: 'amqp1' };

/** Both ends of each way: `out` of one is `in` of the next. */
const WAYS = [
  { name: 'queue to AMQP to STOMP to queue', from: AMQP, to: STOMP },
  { name: 'queue to STOMP to AMQP to queue', from: STOMP, to: AMQP },
  { name: 'queue to AMQP 1.0 to queue', from: AMQP1, to: AMQP1 },
] as const;

/** RabbitMQ 3 has no headers of others over AMQP 1.0, and others have none of its: these it carries across. */
const ACROSS = [
  { name: 'AMQP 1.0 to STOMP', from: AMQP1, to: STOMP },
  { name: 'STOMP to AMQP 1.0', from: STOMP, to: AMQP1 },
  { name: 'AMQP 1.0 to AMQP 0-9-1', from: AMQP1, to: AMQP },
  { name: 'AMQP 0-9-1 to AMQP 1.0', from: AMQP, to: AMQP1 },
] as const;
const CARRIED = ['content-encoding', 'priority', 'correlation-id', 'expiration', 'timestamp', 'user-id', 'persistent'];

const speaking = (side: 'incoming' | 'outgoing', { protocol }: End): readonly string[] =>
  protocol === undefined ? [] : [`--${side}-broker-protocol`, protocol];

function startBoth(scene: RealScene, broker: RealBroker, { from, to }: { readonly from: End; readonly to: End }) {
  return [
    scene.startSender(from.uri(broker), ...speaking('outgoing', from)),
    scene.startReceiver(to.uri(broker), ...speaking('incoming', to)),
  ];
}

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
      const ends = startBoth(scene, broker(), { from, to });
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

  for (const { name, ...ends } of ACROSS) {
    it(`go from ${name} with body and properties`, async (test) => {
      const scene = await RealScene.set(test, broker());
      const samples = [...sampleMessages(MESSAGES, 8)].map((sample) => ({
        ...sample,
        header: { ...PROPERTIES, destination: scene.destination },
      }));
      produce(scene.path('in'), samples);
      const runs = startBoth(scene, broker(), ends);
      const told = () => runs.map(({ stderr }) => stderr.slice(-2000)).join();
      await eventually(() => scene.elements('out') === MESSAGES, { ...DEADLINE, what: told() });
      for (const run of runs) await stopsWell(run);
      const stored = [...consume(scene.path('out'))];
      const hex = (messages: readonly { readonly body: Buffer }[]) => messages.map(({ body }) => body.toString('hex'));
      assert.deepEqual(hex(stored).sort(), hex(samples).sort());
      for (const { header } of stored) {
        for (const key of CARRIED) assert.equal(header[key], PROPERTIES[key], key);
      }
    });
  }

  for (const [name, over] of [
    ['AMQP', AMQP],
    ['AMQP 1.0', AMQP1],
  ] as const) {
    it(`go from STOMP to ${name} and back, through a shovel each way, and are what they were`, async (test) => {
      const scene = await RealScene.set(test, broker());
      const { user, pass } = broker();
      const auth = `plain name=${user} pass=${pass}`;
      const [first, second, third] = ['a', 'b', 'c'].map((each) => `${scene.destination}-${each}`);
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const samples = [...sampleMessages(MESSAGES, 9)].map((sample) => ({
        ...sample,
        header: { ...PROPERTIES, ...sample.header, destination: first },
      }));
      produce(scene.path('in'), samples);
      const shovel = (incoming: End, outgoing: End, taken: string, sent: string) =>
        scene.start([
          ...['--incoming-broker-uri', incoming.uri(broker()), ...speaking('incoming', incoming)],
          ...['--incoming-broker-auth', auth, '--subscribe', `destination=${taken}`],
          ...['--outgoing-broker-uri', outgoing.uri(broker()), '--outgoing-broker-auth', auth],
          ...speaking('outgoing', outgoing),
          ...['--callback-code', `hdr["destination"] = "${sent}"`],
        ]);
      const ends = [
        scene.startSender(broker().uri),
        shovel(STOMP, over, first, second),
        shovel(over, STOMP, second, third),
        scene.startReceiver(broker().uri, '--subscribe', `destination=${third}`),
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
  }
});
