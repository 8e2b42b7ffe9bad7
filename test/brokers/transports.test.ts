import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { consume, produce, sampleMessages } from '../support/sample-messages.js';

const MESSAGES = 100;
const AUTHORITY = `SSL_ca_file=${tlsFile('ca.pem')}`;
const X509 = `x509 cert=${tlsFile('client.pem')} key=${tlsFile('client-encrypted.key')} pass=secret ca=${tlsFile('ca.pem')}`;

/** Each way to a broker: where it listens, and what an end needs for it. */
const WAYS: readonly {
  readonly name: string;
  readonly uri: (broker: RealBroker) => string | undefined;
  readonly options: (end: 'incoming' | 'outgoing') => readonly string[];
}[] = [
  {
    name: 'TLS with a certificate of the client',
    uri: ({ tlsUri }) => tlsUri,
    options: (end) => [`--${end}-broker-auth`, X509],
  },
  { name: 'WebSocket', uri: ({ webUri }) => webUri, options: () => [] },
  {
    name: 'WebSocket over TLS',
    uri: ({ webTlsUri }) => webTlsUri,
    options: (end) => [`--${end}-broker-sockopts`, AUTHORITY],
  },
  { name: 'AMQP 0-9-1', uri: ({ amqpUri }) => amqpUri, options: () => [] },
  {
    name: 'AMQP 0-9-1 over TLS with a certificate of the client',
    uri: ({ amqpTlsUri }) => amqpTlsUri,
    options: (end) => [`--${end}-broker-auth`, X509],
  },
];

describe('a sender and a receiver on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');
  for (const { name, uri, options } of WAYS) {
    it(`carry every kind of message over ${name}`, async (test) => {
      const where = uri(broker());
      if (where === undefined) {
        test.skip(`this broker is not set up for ${name}`);
        return;
      }
      const scene = await RealScene.set(test, broker());
      const samples = [...sampleMessages(MESSAGES, 11)].map((sample) => ({
        ...sample,
        header: { ...sample.header, destination: scene.destination },
      }));
      produce(scene.path('in'), samples);
      const ends = [
        scene.startSender(where, ...options('outgoing')),
        scene.startReceiver(where, ...options('incoming')),
      ];
      await eventually(() => scene.elements('out') === MESSAGES, {
        deadlineMs: 120_000,
        what: `${MESSAGES} messages; ${ends[0]?.stderr}`,
      });
      for (const end of ends) await stopsWell(end);
      assert.equal(scene.elements('in'), 0);
      const stored = new Map([...consume(scene.path('out'))].map((each) => [Number(each.header['x-number']), each]));
      for (const { number, header, body } of samples) {
        assert.ok(stored.get(number)?.body.equals(body), `body of message ${number}`);
        for (const [key, value] of Object.entries(header)) assert.equal(stored.get(number)?.header[key], value, key);
      }
    });
  }

  it('refuse a broker whose certificate nobody vouches for, and send nothing', async (test) => {
    const { tlsUri } = broker();
    if (tlsUri === undefined) {
      test.skip('this broker is not set up for TLS');
      return;
    }
    const scene = await RealScene.set(test, broker());
    scene.produce(1);
    const sender = scene.startSender(tlsUri, '--reconnect-attempts', '2');
    const { code, stderr } = await sender.ended();
    assert.equal(code, 75, stderr);
    assert.match(stderr, /signed by no CA that is trusted here/);
    assert.equal(scene.elements('in'), 1);
  });
});
