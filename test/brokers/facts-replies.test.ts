import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { freshQueue, send, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf, type RawStomp } from '../support/raw-stomp.js';
import { brokerKinds, useBroker } from '../support/real-brokers.js';

// What RabbitMQ makes of /temp-queue/NAME: a queue of the session, for replies.

const TEMPORARY = '/temp-queue/answers';

if (brokerKinds().includes('rabbitmq')) {
  describe('a temporary queue of rabbitmq', () => {
    const broker = useBroker('rabbitmq');

    /** Sends a request, and resolves to where the reply is to go. */
    async function asked(asker: RawStomp): Promise<string> {
      const destination = freshQueue('asked');
      await send(asker, destination, 'question', { 'reply-to': TEMPORARY });
      const server = await loggedIn(broker());
      await subscribe(server, destination);
      return headerOf(await server.nextOf('MESSAGE'), 'reply-to') ?? '';
    }

    for (const version of ['1.0', '1.1', '1.2'] as const) {
      test(`is made by the SEND that names it in reply-to, and subscribed to: STOMP ${version}`, async () => {
        const asker = await loggedIn(broker(), version);
        const destination = await asked(asker);
        assert.match(destination, /^\/reply-queue\/amq\.gen-/);
        await send(await loggedIn(broker()), destination, 'answer');
        const reply = await asker.nextOf('MESSAGE');
        assert.equal(reply.body.toString(), 'answer');
        assert.equal(headerOf(reply, 'subscription'), TEMPORARY);
        assert.equal(headerOf(reply, 'destination'), destination.replace('/reply-queue/', '/queue/'));
        assert.equal(headerOf(reply, 'ack'), undefined);
      });
    }

    test('is the same for each SEND of a session, and another one in another session', async () => {
      const asker = await loggedIn(broker());
      const first = await asked(asker);
      assert.equal(await asked(asker), first);
      assert.notEqual(await asked(await loggedIn(broker())), first);
    });

    test('goes with its session: what is sent to it then is confirmed and dropped', async () => {
      const asker = await loggedIn(broker());
      const destination = await asked(asker);
      asker.destroy();
      await send(await loggedIn(broker()), destination, 'late');
      await eventually(async () => {
        const late = await loggedIn(broker());
        const answer = await late.request('SUBSCRIBE', { destination, id: '1', ack: 'auto' });
        return headerOf(answer, 'message') === 'not_found';
      });
      await send(await loggedIn(broker()), destination, 'later');
    });

    test('is not for others to receive from', async () => {
      const asker = await loggedIn(broker());
      const other = await loggedIn(broker());
      const answer = await other.request('SUBSCRIBE', { destination: await asked(asker), id: '1', ack: 'auto' });
      assert.equal(headerOf(answer, 'message'), 'resource_locked');
      await eventually(() => other.closed);
    });

    for (const [command, header, message] of [
      ['SUBSCRIBE', { destination: TEMPORARY, id: '1' }, 'Invalid destination'],
      ['SEND', { destination: TEMPORARY }, 'Invalid destination'],
      ['UNSUBSCRIBE', { id: TEMPORARY }, 'Invalid id'],
    ] as const) {
      test(`is not for ${command}: ${message}`, async () => {
        const client = await loggedIn(broker());
        const answer = await client.request(command, header);
        assert.equal(headerOf(answer, 'message'), message);
        await send(client, freshQueue('open'));
      });
    }
  });
}
