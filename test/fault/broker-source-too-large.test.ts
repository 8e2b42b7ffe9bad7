import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { scriptedServer } from '../support/scripted-server.js';
import { sourceOn, sourcePair, take } from '../support/source-pair.js';

const LIMIT = { maxMessageSize: 1000 };

describe('a message over max-message-size', () => {
  it('goes to the failure queue without its body, with its headers and size, and the session goes on', async (test) => {
    const stored: unknown[] = [];
    const deadLetters = {
      store: async (message: { header: object; body: Buffer }, reason: { code: string; message: string }) => {
        stored.push([{ ...message.header }, message.body.length, reason.code]);
        assert.match(reason.message, /5000000 bytes, more than 1000 \(max-message-size\)/);
      },
    };
    const { server, source, events } = await sourcePair(test, { server: 'Unheard/1' }, { deadLetters }, LIMIT);
    const sessions = () => server.connectionsMade;
    for (const size of [10, 5_000_000, 20]) server.publish('/queue/a', { size: String(size) }, Buffer.alloc(size));
    await source.open();
    const deliveries = await take(source, 2);
    assert.deepEqual(
      deliveries.map(({ message }) => message.body.length),
      [10, 20],
    );
    for (const delivery of deliveries) delivery.ack();
    await source.settle();
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    assert.deepEqual(events, ['rejected MESSAGE_TOO_LARGE']);
    const [[header, length, code]] = stored as [[Record<string, string>, number, string]];
    assert.deepEqual(
      [header.size, header['x-stompctl-body-bytes'], header.destination, length, code],
      ['5000000', '5000000', '/queue/a', 0, 'MESSAGE_TOO_LARGE'],
    );
    assert.equal(sessions(), 1);
  });

  it('is parked without a failure queue, and stays with the broker', async (test) => {
    const { server, source, events } = await sourcePair(test, { server: 'Unheard/1' }, {}, LIMIT);
    for (const size of [5_000_000, 20]) server.publish('/queue/a', {}, Buffer.alloc(size));
    await source.open();
    const [delivery] = await take(source, 1);
    delivery?.ack();
    assert.deepEqual(events, ['rejected MESSAGE_TOO_LARGE', 'parked 1']);
    await source.close();
    await eventually(() => server.depth('/queue/a').ready === 1);
    assert.equal(server.drain('/queue/a')[0]?.body.length, 5_000_000);
  });

  it('is skipped without content-length too, and is not buffered', async (test) => {
    const server = await scriptedServer(test);
    const { source, events } = sourceOn(test, server.port, {}, LIMIT);
    await source.open();
    server.say('MESSAGE\nsubscription:1\nmessage-id:1\nack:1\n\n');
    for (let count = 0; count < 50; count++) server.say('x'.repeat(100_000));
    server.say('\0MESSAGE\nsubscription:1\nmessage-id:2\nack:2\n\ngood\0');
    const [delivery] = await take(source, 1);
    assert.equal(delivery?.message.body.toString(), 'good');
    assert.deepEqual(events, ['rejected MESSAGE_TOO_LARGE', 'parked 1']);
  });
});
