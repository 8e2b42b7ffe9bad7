import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AmqpSession } from '../../src/amqp/amqp-session.js';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { subscribe } from '../../src/amqp/subscribe.js';
import { amqpOptions } from '../support/amqp-client.js';
import { AmqpPeer, longLong, METHODS, type PeerScript, short, shortText } from '../support/amqp-peer.js';
import type { Cleaning } from '../support/temp-folder.js';

async function open(test: Cleaning, script: PeerScript = {}) {
  const peer = await AmqpPeer.start(test, script);
  const session = await AmqpSession.connect(amqpOptions(peer.port));
  test.after(async () => session.abort('the test has ended'));
  return { peer, session };
}

function publish(session: AmqpSession, body: string): Promise<void> {
  return session.publish({ exchange: '', routingKey: 'q', properties: {}, body: Buffer.from(body) });
}

const confirm = (tag: number | bigint, upTo = false) => [longLong(tag), Buffer.of(upTo ? 1 : 0)];

describe('AmqpSession, of a broker that confirms', () => {
  for (const [what, first, said] of [
    ['what was never sent', confirm(4_000_000_000), /a confirmation of number 4000000000, while 3 were published/],
    ['all up to what was never sent', confirm(4, true), /a confirmation of number 4, while 3/],
    ['a number of 64 bits', confirm(2n ** 64n - 1n), /a confirmation of number 18446744073709551615/],
    ['number 0', confirm(0), /a confirmation of number 0/],
    ['all up to 0', confirm(0, true), /a confirmation of number 0/],
    ['without a number', [], /a method that cannot be taken/],
  ] as const) {
    for (const method of ['ack', 'nack'] as const) {
      it(`${what} (${method}), ends the session`, async (test) => {
        const { session } = await open(test, {
          published: ({ tag }, peer) => {
            if (tag !== 3) return;
            peer.say(1, METHODS[method], ...first);
            peer.confirm(1);
          },
        });
        const sent = ['a', 'b', 'c'].map((body) => publish(session, body));
        const reasons = (await Promise.allSettled(sent)).map((each) => each.status === 'rejected' && each.reason.code);
        assert.deepEqual(reasons, ['FRAME_MALFORMED', 'FRAME_MALFORMED', 'FRAME_MALFORMED']);
        assert.match((await session.ended)?.message ?? '', said);
      });
    }
  }

  it('messages a second time, all up to the second after the third, ends the session', async (test) => {
    const { session } = await open(test, {
      published: ({ tag }, peer) => {
        if (tag !== 4) return;
        peer.confirm(3);
        peer.say(1, METHODS.ack, ...confirm(2, true));
        peer.say(1, METHODS.ack, ...confirm(2, true));
      },
    });
    const sent = ['a', 'b', 'c', 'd'].map((body) => publish(session, body));
    await Promise.allSettled(sent);
    assert.match((await session.ended)?.message ?? '', /a second confirmation of number 2/);
  });

  it('on the channel of declarations, ends the session', async (test) => {
    const { session, peer } = await open(test);
    await session.declareQueue('q', {});
    peer.say(2, METHODS.ack, ...confirm(4_000_000_000));
    const { code, message } = (await session.ended) ?? assert.fail('no reason');
    assert.equal(code, 'FRAME_MALFORMED');
    assert.match(message, /a confirmation on channel 2/);
  });
});

describe('AmqpSession, of a broker that delivers', () => {
  for (const tag of [0n, 2n ** 53n, 2n ** 64n - 1n]) {
    it(`with the tag ${tag}, ends the session before anybody acknowledges it`, async (test) => {
      const { session, peer } = await open(test);
      const got: AmqpDelivery[] = [];
      const consumer = { id: 'c', noAck: false, prefetch: 10 };
      await subscribe(session, { destination: '/amq/queue/q' }, consumer, (each) => got.push(each));
      peer.deliver(Buffer.from('x'), undefined, 'q', tag);
      const { code, message } = (await session.ended) ?? assert.fail('no reason');
      assert.equal(code, 'FRAME_MALFORMED');
      assert.match(message, new RegExp(`a delivery with the tag ${tag}`));
      assert.deepEqual(got, []);
    });
  }
});

describe('AmqpSession, of a broker that says too little', () => {
  for (const [what, channel, method, said] of [
    ['why it ends the connection', 0, METHODS.close, []],
    ['why it ends the connection', 0, METHODS.close, [Buffer.of(1)]],
    ['why it ends the connection', 0, METHODS.close, [short(320), Buffer.of(9)]],
    ['why it ends the channel', 1, METHODS.channelClose, []],
    ['how it is tuned', 0, METHODS.tune, [Buffer.of(1)]],
  ] as const) {
    it(`of ${what} (${Buffer.concat(said).length} bytes), ends the session, which is opened again`, async (test) => {
      const { session, peer } = await open(test);
      peer.say(channel, method, ...said);
      assert.equal((await session.ended)?.code, 'FRAME_MALFORMED');
    });
  }

  it('at its opening of how it is tuned, tells it', async (test) => {
    const heard = (method: string, peer: AmqpPeer): boolean => {
      if (method !== '10.11') return false;
      peer.say(0, METHODS.tune);
      return true;
    };
    await assert.rejects(open(test, { heard }), { code: 'FRAME_MALFORMED', message: /a method that cannot be taken/ });
  });
});

describe('AmqpSession, of a broker that answers what nobody asked,', () => {
  it('tells it in words', async (test) => {
    const { session, peer } = await open(test);
    peer.say(1, [50, 11], shortText('q'), Buffer.alloc(8));
    const { code, message } = (await session.ended) ?? assert.fail('no reason');
    assert.equal(code, 'FRAME_MALFORMED');
    assert.match(message, /an answer to a question that was not asked/);
  });
});
