import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledge, freshQueue, send, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf, type RawFrame, type RawStomp } from '../support/raw-stomp.js';
import { brokerKinds, type RealBroker, useBroker } from '../support/real-brokers.js';

// What docs/brokers.md says of SUBSCRIBE, MESSAGE and ACK: prefetch, redelivery, message ids, the ways to acknowledge.

const OBSERVED = brokerKinds().filter((kind) => kind !== 'artemis');
const PREFETCH = { rabbitmq: 'prefetch-count', activemq: 'activemq.prefetchSize' } as const;
const QUIET_MS = 300;

for (const kind of OBSERVED) {
  describe(`deliveries of ${kind}`, () => {
    const broker = useBroker(kind);

    test(`${PREFETCH[kind]} bounds what is delivered and not acknowledged`, async () => {
      const { client, destination } = await filled(broker(), 5);
      await subscribe(client, destination, { [PREFETCH[kind]]: '2' });
      const first = await client.nextOf('MESSAGE');
      await client.nextOf('MESSAGE');
      assert.equal(await client.noneOf('MESSAGE', QUIET_MS), undefined);
      await acknowledge(client, first);
      assert.equal((await client.nextOf('MESSAGE')).body.toString(), '3');
    });

    test(`browser:true ${kind === 'activemq' ? 'shows and takes nothing, up to browser:end' : 'is not known'}`, async () => {
      const { client, destination } = await filled(broker(), 3);
      await subscribe(client, destination, { ack: 'auto', browser: 'true' });
      assert.deepEqual((await take(client, 3)).map(bodyOf), ['1', '2', '3']);
      const again = await loggedIn(broker());
      if (kind === 'activemq') {
        const end = await client.nextOf('MESSAGE');
        assert.deepEqual([headerOf(end, 'browser'), headerOf(end, 'subscription')], ['end', '1']);
        assert.equal(end.body.length, 0);
        await subscribe(again, destination);
        assert.deepEqual((await take(again, 3)).map(bodyOf), ['1', '2', '3']);
      } else {
        assert.equal(await client.noneOf('MESSAGE', QUIET_MS), undefined);
        await subscribe(again, destination);
        assert.equal(await again.noneOf('MESSAGE', QUIET_MS), undefined);
      }
    });

    test('the prefetch is counted per subscription', async () => {
      const one = await filled(broker(), 3);
      const two = await filled(broker(), 3);
      await subscribe(one.client, one.destination, { [PREFETCH[kind]]: '2', id: 'a' });
      await subscribe(one.client, two.destination, { [PREFETCH[kind]]: '2', id: 'b' });
      for (let count = 0; count < 4; count += 1) await one.client.nextOf('MESSAGE');
      assert.equal(await one.client.noneOf('MESSAGE', QUIET_MS), undefined);
    });

    test('what was not acknowledged comes back in order, redelivered:true', async () => {
      const { client, destination } = await filled(broker(), 3);
      await subscribe(client, destination);
      const before = await take(client, 3);
      client.destroy();
      const again = await loggedIn(broker());
      await subscribe(again, destination);
      const after = await take(again, 3);
      assert.deepEqual(after.map(bodyOf), ['1', '2', '3']);
      assert.deepEqual(
        after.map((message) => headerOf(message, 'redelivered')),
        ['true', 'true', 'true'],
      );
      assert.notEqual(headerOf(before[0] as RawFrame, 'redelivered'), 'true');
    });

    test(`message-id ${kind === 'activemq' ? 'stays the same' : 'changes'} at redelivery`, async () => {
      const { client, destination } = await filled(broker(), 1);
      await subscribe(client, destination);
      const before = headerOf(await client.nextOf('MESSAGE'), 'message-id');
      client.destroy();
      const again = await loggedIn(broker());
      await subscribe(again, destination);
      const after = headerOf(await again.nextOf('MESSAGE'), 'message-id');
      assert.equal(after === before, kind === 'activemq');
    });

    test('a 1.2 session acknowledges by the ack header', async () => {
      const { client, destination } = await filled(broker(), 2);
      await subscribe(client, destination);
      await acknowledge(client, (await take(client, 2))[1] as RawFrame);
      assert.deepEqual(await leftIn(broker(), client, destination), ['1']);
    });

    test('a 1.1 session acknowledges by message-id and subscription', async () => {
      const { client, destination } = await filled(broker(), 2, '1.1');
      await subscribe(client, destination);
      const id = headerOf((await take(client, 2))[1] as RawFrame, 'message-id') ?? '';
      await client.request('ACK', { 'message-id': id, subscription: '1' });
      assert.deepEqual(await leftIn(broker(), client, destination), ['1']);
    });

    test('a 1.0 session knows client-individual, and acknowledges by message-id', async () => {
      const { client, destination } = await filled(broker(), 2, '1.0');
      await subscribe(client, destination);
      const id = headerOf((await take(client, 2))[1] as RawFrame, 'message-id') ?? '';
      await client.request('ACK', { 'message-id': id });
      assert.deepEqual(await leftIn(broker(), client, destination), ['1']);
    });

    test('on a 1.0 session one ACK of ack:client settles everything before', async () => {
      const { client, destination } = await filled(broker(), 3, '1.0');
      await subscribe(client, destination, { ack: 'client' });
      const id = headerOf((await take(client, 3))[1] as RawFrame, 'message-id') ?? '';
      await client.request('ACK', { 'message-id': id });
      assert.deepEqual(await leftIn(broker(), client, destination), ['3']);
    });

    test('a stale ack header is all that a 1.1 session shows', async () => {
      const { client, destination } = await filled(broker(), 0, '1.1');
      await send(client, destination, '', { ack: 'stale' });
      await subscribe(client, destination);
      assert.equal(headerOf(await client.nextOf('MESSAGE'), 'ack'), 'stale');
    });
  });
}

/** A session, and a fresh queue with messages `1`, `2`, … */
async function filled(
  broker: RealBroker,
  count: number,
  version: '1.0' | '1.1' | '1.2' = '1.2',
): Promise<{ client: RawStomp; destination: string }> {
  const client = await loggedIn(broker, version);
  const destination = freshQueue('delivery');
  for (let number = 1; number <= count; number += 1) await send(client, destination, String(number));
  return { client, destination };
}

async function take(client: RawStomp, count: number): Promise<RawFrame[]> {
  const messages: RawFrame[] = [];
  while (messages.length < count) messages.push(await client.nextOf('MESSAGE'));
  return messages;
}

/** Ends the session; resolves to the bodies that the next one is given. */
async function leftIn(broker: RealBroker, client: RawStomp, destination: string): Promise<string[]> {
  client.destroy();
  const next = await loggedIn(broker);
  await subscribe(next, destination);
  const bodies: string[] = [];
  while (true) {
    const message = await next.noneOf('MESSAGE', bodies.length === 0 ? 20_000 : QUIET_MS);
    if (message === undefined) return bodies;
    bodies.push(bodyOf(message));
  }
}

function bodyOf(message: RawFrame): string {
  return message.body.toString();
}
