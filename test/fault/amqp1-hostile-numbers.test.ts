import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventContext } from 'rhea';
import type { Amqp1Delivery } from '../../src/amqp1/amqp1-receiver.js';
import type { Amqp1Session } from '../../src/amqp1/amqp1-session.js';
import { Amqp1Peer, type Amqp1Script, amqp1Session } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import type { Cleaning } from '../support/temp-folder.js';

const SENDING = { persistent: true, omit: new Set<string>() };
const TRUE = Buffer.of(0x41);
const FALSE = Buffer.of(0x42);
const NULL = Buffer.of(0x40);
const ACCEPTED = Buffer.from('00532445', 'hex');

function uint(value: number): Buffer {
  const bytes = Buffer.alloc(5, 0x70);
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

function ulong(value: bigint): Buffer {
  const bytes = Buffer.alloc(9, 0x80);
  bytes.writeBigUInt64BE(value, 1);
  return bytes;
}

/** AMQP 1.0, part 2, section 2.3: a frame that is one performative. */
function frame(channel: number, code: number, fields: readonly Buffer[]): Buffer {
  const list = Buffer.concat(fields);
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32BE(20 + list.length);
  bytes.writeUInt8(2, 4);
  bytes.writeUInt16BE(channel, 6);
  bytes.set([0, 0x53, code, 0xd0], 8);
  bytes.writeUInt32BE(4 + list.length, 12);
  bytes.writeUInt32BE(fields.length, 16);
  return Buffer.concat([bytes, list]);
}

const disposition = (channel: number, first: Buffer, last: Buffer): Buffer =>
  frame(channel, 0x15, [TRUE, first, last, TRUE, ACCEPTED]);

/** The number that the peer has given the session of a link. */
function channelOf({ session }: EventContext): number {
  return (session as unknown as { readonly local: { readonly channel: number } }).local.channel;
}

async function open(test: Cleaning, script: Amqp1Script): Promise<{ peer: Amqp1Peer; session: Amqp1Session }> {
  const peer = await Amqp1Peer.start(test, script);
  return { peer, session: await amqp1Session(test, peer) };
}

async function send(session: Amqp1Session, body: Buffer): Promise<void> {
  const link = await session.openLink({ address: 'q', capability: undefined });
  await session.send(link, {}, body, SENDING);
}

describe('Amqp1Session, of a broker that settles', () => {
  for (const [what, first, last, said] of [
    ['all deliveries that there can be', uint(0), uint(0xffffffff), /a disposition of 4294967296 deliveries/],
    ['more than were sent', uint(0), uint(2048), /a disposition of 2049 deliveries/],
    ['from the last to the first', uint(3), uint(2), /a disposition of 4294967296 deliveries/],
    ['up to a number of 64 bits', uint(0), ulong(2n ** 40n), /field 2 is no number of 32 bits/],
    ['up to what is no number', uint(0), Buffer.from('a10a34303030303030303030', 'hex'), /field 2 is no number/],
    ['none', NULL, uint(7), /a disposition of no delivery/],
  ] as const) {
    it(`${what}, ends the session`, async (test) => {
      const message = (context: EventContext, peer: Amqp1Peer) =>
        peer.say(disposition(channelOf(context), first, last));
      const { session } = await open(test, { on: { message } });
      await assert.rejects(send(session, Buffer.from('a')), { code: 'FRAME_MALFORMED', message: said });
    });
  }

  it('all that were sent at once, takes it', async (test) => {
    let count = 0;
    const message = (context: EventContext, peer: Amqp1Peer) => {
      count += 1;
      if (count === 2000) peer.say(disposition(channelOf(context), uint(0), uint(1999)));
    };
    const options = { receiver_options: { autoaccept: false, credit_window: 2048 } };
    const { session } = await open(test, { on: { message }, options });
    await Promise.all(Array.from({ length: 2000 }, () => send(session, Buffer.from('a'))));
  });
});

describe('Amqp1Session, of a broker', () => {
  for (const size of [0, 1, 511]) {
    it(`that takes frames of ${size} bytes, refuses it`, async (test) => {
      const written = (bytes: Buffer): Buffer => replaced(bytes, 0x3a3a3a3a, size);
      const message = new RegExp(`frames of ${size} bytes at most, and AMQP 1\\.0 allows no less than 512`);
      const opened = open(test, { options: { max_frame_size: 0x3a3a3a3a }, written });
      await assert.rejects(opened, { code: 'BROKER_ERROR', message });
    });
  }

  it('that takes frames of 512 bytes, sends a message in pieces of them', async (test) => {
    const written = (bytes: Buffer): Buffer => replaced(bytes, 0x3a3a3a3a, 512);
    const { session } = await open(test, { options: { max_frame_size: 0x3a3a3a3a }, written });
    await send(session, Buffer.alloc(10_000));
  });

  it('that wants a sign of life each 49 days, sets no timer that is too long', async (test) => {
    const warnings: string[] = [];
    const heard = ({ name }: Error) => warnings.push(name);
    process.on('warning', heard);
    test.after(() => process.off('warning', heard));
    const written = (bytes: Buffer): Buffer => replaced(bytes, 0x3a3a3a3a, 0xffffffff);
    const { session } = await open(test, { options: { idle_time_out: 0x3a3a3a3a }, written });
    await send(session, Buffer.from('a'));
    assert.deepEqual(warnings, []);
  });

  it('that opens a link to it, refuses it', async (test) => {
    const receiver_open = ({ session, receiver }: EventContext) => {
      if (receiver?.target.address === 'q') session?.open_sender('theirs');
    };
    const message = () => undefined;
    const { session } = await open(test, { on: { receiver_open, message } });
    await assert.rejects(send(session, Buffer.from('a')), {
      code: 'FRAME_MALFORMED',
      message: /a link that was not asked for/,
    });
  });

  it('that begins a session, refuses it', async (test) => {
    const begun = ({ connection }: EventContext) => connection.create_session().begin();
    const { session } = await open(test, { on: { message: begun } });
    await assert.rejects(send(session, Buffer.from('a')), {
      code: 'FRAME_MALFORMED',
      message: /a session that was not asked for/,
    });
  });

  it('that drains a receiver and leaves it credit to the brim, ends the session alone', async (test) => {
    // the library prints what it thinks of it
    test.mock.method(console, 'error', () => undefined);
    const sendable = (context: EventContext, peer: Amqp1Peer) => {
      if (said) return;
      said = true;
      context.sender?.send({ body: 'a' });
      const [windows, brim] = [[uint(0), uint(2048), uint(1), uint(2048)], uint(0xffffffff)];
      // handle, delivery-count, link-credit, available, drain
      const drained = frame(channelOf(context), 0x13, [...windows, uint(0), uint(1), brim, NULL, TRUE, FALSE]);
      setImmediate(() => peer.say(drained));
      setImmediate(() => context.sender?.send({ body: 'b' }));
    };
    let said = false;
    const { session } = await open(test, { on: { sendable } });
    const got: Amqp1Delivery[] = [];
    const from = { name: undefined, address: 'q', capability: undefined, durable: false, settled: false, credit: 4 };
    const link = session.receiver(from, (each) => got.push(each));
    await link.opened();
    await eventually(() => got.length === 2);
    for (const each of got) link.accept(each);
    const { code, message } = (await session.ended) ?? assert.fail('no reason');
    assert.equal(code, 'FRAME_MALFORMED');
    assert.match(message, /out of range/);
  });
});

/** The bytes, with another number of 32 bits. */
function replaced(bytes: Buffer, from: number, to: number): Buffer {
  const at = bytes.indexOf(uint(from));
  if (at === -1) return bytes;
  const copy = Buffer.from(bytes);
  copy.set(uint(to), at);
  return copy;
}
