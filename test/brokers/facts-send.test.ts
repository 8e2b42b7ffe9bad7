import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { freshQueue, send, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf, type RawFrame } from '../support/raw-stomp.js';
import { brokerKinds, type RealBroker, useBroker } from '../support/real-brokers.js';

// What docs/brokers.md says of SEND: what is refused, how, and which headers come back on MESSAGE.

const OBSERVED = brokerKinds().filter((kind) => kind !== 'artemis');

/** Refused SENDs: what is wrong, and whether that broker refuses it. */
const REFUSALS = [
  { name: 'message-id', header: { 'message-id': 'mine' }, rabbitmq: true, activemq: false },
  { name: 'a transaction never begun', header: { transaction: 'none' }, rabbitmq: true, activemq: true },
  { name: 'no destination', header: { destination: undefined }, rabbitmq: true, activemq: true },
] as const;

for (const kind of OBSERVED) {
  describe(`sending to ${kind}`, () => {
    const broker = useBroker(kind);

    for (const refusal of REFUSALS) {
      test(`${refusal.name} is ${refusal[kind] ? 'refused with ERROR' : 'accepted'}`, async () => {
        const answer = await sendOnce(broker(), { destination: freshQueue('send'), ...refusal.header });
        assert.equal(answer.command, refusal[kind] ? 'ERROR' : 'RECEIPT');
        if (refusal[kind]) assert.equal(headerOf(answer, 'receipt-id') !== undefined, kind === 'activemq');
      });
    }

    test('after a refused SEND the socket stays open and serves the next frame', async () => {
      const client = await loggedIn(broker());
      const refused = await client.request('SEND', { destination: freshQueue('send'), transaction: 'none' });
      assert.equal(refused.command, 'ERROR');
      await send(client, freshQueue('send'));
    });

    test('a header of 20 kB', async () => {
      const client = await loggedIn(broker());
      const header = { destination: freshQueue('send'), 'x-long': 'x'.repeat(20_000) };
      const answer = await client.request('SEND', header);
      if (kind === 'rabbitmq') {
        assert.equal(answer.command, 'RECEIPT');
      } else {
        assert.match(headerOf(answer, 'message') ?? '', /maximum header length was exceeded/);
        await eventually(() => client.closed);
      }
    });

    test('an exchange that does not exist', async () => {
      const client = await loggedIn(broker());
      const answer = await client.request('SEND', { destination: '/exchange/nowhere/key' });
      if (kind === 'rabbitmq') {
        assert.equal(headerOf(answer, 'message'), 'not_found');
        await eventually(() => client.closed);
      } else {
        assert.equal(answer.command, 'RECEIPT');
      }
    });

    test('headers of an earlier delivery come back after the genuine ones, or not at all', async () => {
      const stale = { subscription: 'old', ack: 'old', redelivered: 'old' };
      const [name, value] = ['x-odd', 'colon\\c backslash\\\\ newline\\n'];
      const message = await roundTrip(broker(), { ...stale, [name]: value, 'x-empty': '', 'x-blank': ' a ' });
      assert.equal(headerOf(message, 'subscription'), '1');
      assert.notEqual(headerOf(message, 'ack'), 'old');
      assert.notEqual(headerOf(message, 'redelivered'), 'old');
      assert.equal(headerOf(message, name), value);
      assert.equal(headerOf(message, 'x-empty'), '');
      assert.equal(headerOf(message, 'x-blank'), ' a ');
      const twice = message.headers.filter(([header]) => header === 'ack').length === 2;
      assert.equal(twice, kind === 'rabbitmq');
    });

    test('of a repeated header the first is kept', async () => {
      const destination = freshQueue('send');
      const client = await loggedIn(broker());
      await client.request('SEND', [
        ['destination', destination],
        ['x-twice', 'first'],
        ['x-twice', 'second'],
      ]);
      await subscribe(client, destination);
      const message = await client.nextOf('MESSAGE');
      assert.equal(headerOf(message, 'x-twice'), 'first');
    });

    test('a body with NUL needs content-length, and keeps it', async () => {
      const body = Buffer.from([1, 0, 2, 0]);
      const message = await roundTrip(broker(), { 'content-length': '4' }, body);
      assert.deepEqual(message.body, body);
      assert.equal(headerOf(message, 'content-length'), '4');
    });

    test('a body without content-length', async () => {
      const message = await roundTrip(broker(), {}, 'grüße');
      assert.equal(message.body.toString(), 'grüße');
      // ActiveMQ took it for a TextMessage
      assert.equal(headerOf(message, 'content-length'), kind === 'rabbitmq' ? '7' : undefined);
    });
  });
}

async function sendOnce(broker: RealBroker, header: Record<string, string | undefined>): Promise<RawFrame> {
  const client = await loggedIn(broker);
  const pairs = Object.entries(header).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return await client.request('SEND', pairs);
}

async function roundTrip(
  broker: RealBroker,
  header: Readonly<Record<string, string>>,
  body: string | Buffer = '',
): Promise<RawFrame> {
  const destination = freshQueue('send');
  const client = await loggedIn(broker);
  await send(client, destination, body, header);
  await subscribe(client, destination);
  return await client.nextOf('MESSAGE');
}
