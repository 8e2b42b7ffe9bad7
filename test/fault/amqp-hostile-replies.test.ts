import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventContext, Sender } from 'rhea';
import { Message, newHeader } from '../../src/message/message.js';
import { amqpRequester } from '../../src/sinks/amqp/amqp-requester.js';
import { amqp1Requester } from '../../src/sinks/amqp1/amqp1-requester.js';
import type { Requester } from '../../src/sinks/broker/broker-requester.js';
import { amqpOptions } from '../support/amqp-client.js';
import { AmqpPeer } from '../support/amqp-peer.js';
import { Amqp1Peer, amqp1Options } from '../support/amqp1-peer.js';
import type { Cleaning } from '../support/temp-folder.js';

const SINK = {
  name: 'broker amqp',
  reliable: true,
  persistent: 'keep',
  maxMessageSize: 1_000_000,
  flushMs: 1000,
} as const;
const REQUEST_TIMEOUT_MS = 60_000;
/** A section of data. */
const REPLY = Buffer.from('005375a00178', 'hex');

async function ask(test: Cleaning, requester: Requester): Promise<Message> {
  test.after(() => requester.close());
  await requester.open();
  const request = new Message(newHeader({ destination: '/amq/queue/q' }), Buffer.from('x'), false);
  return requester.request(request, REQUEST_TIMEOUT_MS, new AbortController().signal);
}

function askAmqp(test: Cleaning, { port }: AmqpPeer): Promise<Message> {
  return ask(test, amqpRequester({ ...SINK, connect: async () => amqpOptions(port) }));
}

/** `payloads`: replied to a request, whatever the credit; `accepts` the request, later. */
async function askAmqp1(test: Cleaning, payloads: readonly Buffer[], accepts: boolean): Promise<Message> {
  let replies: Sender | undefined;
  const peer = await Amqp1Peer.start(test, {
    on: {
      sender_open: ({ sender }: EventContext) => {
        replies = sender;
      },
      message: ({ delivery }: EventContext) => {
        if (replies !== undefined) Object.assign(replies, { credit: 1000 });
        for (const payload of payloads) replies?.send(payload as never, undefined, 0);
        if (accepts) delivery?.accept();
      },
    },
  });
  return ask(test, amqp1Requester({ ...SINK, connect: async () => amqp1Options(peer.port) }));
}

describe('a request over AMQP, of a broker', () => {
  it('that sends replies without end and does not confirm the request (0-9-1), fails', async (test) => {
    const published = (_: unknown, peer: AmqpPeer) => {
      for (let index = 0; index < 100; index += 1) peer.deliver(Buffer.from('x'));
    };
    const peer = await AmqpPeer.start(test, { published });
    await assert.rejects(askAmqp(test, peer), { code: 'BROKER_ERROR', message: /more replies, .*, than the 20 that/ });
  });

  it('that sends replies without end and does not accept the request (1.0), fails', async (test) => {
    const replied = askAmqp1(test, Array<Buffer>(100).fill(REPLY), false);
    await assert.rejects(replied, { code: 'BROKER_ERROR', message: /more replies, .*, than the 10 that/ });
  });

  it('that sends as many as it may before it confirms the request (0-9-1), has its reply', async (test) => {
    const published = ({ tag }: { readonly tag: number }, peer: AmqpPeer) => {
      for (let index = 0; index < 20; index += 1) peer.deliver(Buffer.from(`${index}`));
      peer.confirm(tag);
    };
    const peer = await AmqpPeer.start(test, { published });
    assert.equal((await askAmqp(test, peer)).body.toString(), '0');
  });

  it('that sends as many as it may before it accepts the request (1.0), has its reply', async (test) => {
    assert.equal((await askAmqp1(test, Array<Buffer>(10).fill(REPLY), true)).body.toString(), 'x');
  });

  it('that sends a reply with maps as keys of maps (1.0), says that it cannot be read', async (test) => {
    const property = Buffer.from('005374c10d02a10161c10702c10302404040', 'hex');
    await assert.rejects(askAmqp1(test, [property], true), { code: 'ELEMENT_UNDECODABLE', message: /as a key/ });
  });
});
