import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventContext } from 'rhea';
import type { Message } from '../../src/message/message.js';
import { Amqp1Source } from '../../src/sources/amqp1/amqp1-source.js';
import { Amqp1Peer, amqp1Options } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import type { Cleaning } from '../support/temp-folder.js';

/** A section of data, with the body `next`. */
const NEXT = Buffer.concat([Buffer.from('005375a004', 'hex'), Buffer.from('next')]);

/** A map that is the key of a map, and so on; a legal message. */
function keysInKeys(levels: number): Buffer {
  let value = Buffer.from('a10161', 'hex');
  for (let level = 0; level < levels; level += 1) {
    value = Buffer.concat([Buffer.of(0xc1, value.length + 2, 2), value, Buffer.of(0x40)]);
  }
  return value;
}

/** What becomes of a message that another one follows. */
async function rejected(test: Cleaning, payload: Buffer, maxMessageSize: number) {
  const sender_open = ({ sender }: EventContext) => {
    setImmediate(() => {
      for (const each of [payload, NEXT]) sender?.send(each as never, undefined, 0);
    });
  };
  const peer = await Amqp1Peer.start(test, { on: { sender_open } });
  const stored: { readonly message: Message; readonly reason: Error & { readonly code: string } }[] = [];
  const source = new Amqp1Source({
    name: 'broker amqp',
    connect: async () => amqp1Options(peer.port, { maxMessageSize }),
    subscriptions: [{ header: { destination: '/queue/q' } }],
    reliable: true,
    prefetch: undefined,
    window: 10,
    windowBytes: 1_000_000,
    maxParked: 10,
    deadLetters: { store: async (message, reason) => void stored.push({ message, reason }) },
    events: { rejected: () => undefined, parked: () => undefined, settledInVain: () => undefined },
  });
  test.after(() => source.close());
  await source.open();
  const deliveries = await eventually(async () => {
    const result = await source.next({ deliveries: 1, bytes: 1000 }, new AbortController().signal);
    return result.kind === 'batch' && result.deliveries;
  });
  const [{ message: next } = assert.fail('no message')] = deliveries;
  const [first] = await eventually(() => stored.length === 1 && stored);
  for (const delivery of deliveries) delivery.ack();
  return { next, first };
}

describe('Amqp1Source, of a message that cannot be read', () => {
  for (const [where, section] of [
    ['body', Buffer.concat([Buffer.from('005377', 'hex'), keysInKeys(23)])],
    ['property', Buffer.concat([Buffer.of(0, 0x53, 0x74, 0xc1, 99, 2), Buffer.from('a10170', 'hex'), keysInKeys(23)])],
  ] as const) {
    it(`for maps as keys of maps in its ${where}, rejects it with all its bytes, and hands over the next`, async (test) => {
      const { next, first } = await rejected(test, section, 1_000_000);
      assert.equal(next.body.toString(), 'next');
      assert.equal(first?.reason.code, 'ELEMENT_UNDECODABLE');
      assert.deepEqual(first.message.body, section);
    });
  }

  it('and too large, keeps no piece of it as if it were whole', async (test) => {
    // application properties that are bytes
    const payload = Buffer.concat([Buffer.from('005374a00141', 'hex'), Buffer.alloc(3_000_000)]);
    const { next, first } = await rejected(test, payload, 1_000_000);
    assert.equal(next.body.toString(), 'next');
    assert.equal(first?.reason.code, 'MESSAGE_TOO_LARGE');
    assert.match(first.reason.message, /a body of 3000006 bytes/);
    assert.equal(first.message.body.length, 0);
  });
});
