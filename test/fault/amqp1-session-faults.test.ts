import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import type { EventContext } from 'rhea';
import { OtherAmqp } from '../../src/amqp/codec/first-answer.js';
import type { Amqp1Delivery } from '../../src/amqp1/amqp1-receiver.js';
import { Amqp1Session } from '../../src/amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../../src/amqp1/amqp1-session-options.js';
import { Amqp1Peer, type Amqp1Script, amqp1Options, amqp1Session } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import type { Cleaning } from '../support/temp-folder.js';

const SENDING = { persistent: true, omit: new Set<string>() };

async function open(test: Cleaning, script: Amqp1Script = {}, options: Partial<Amqp1SessionOptions> = {}) {
  const peer = await Amqp1Peer.start(test, script);
  return { peer, session: await amqp1Session(test, peer, options) };
}

async function send(session: Amqp1Session, body: string, address = 'q'): Promise<void> {
  const link = await session.openLink({ address, capability: undefined });
  await session.send(link, {}, Buffer.from(body), SENDING);
}

async function receive(session: Amqp1Session, credit = 10) {
  const got: Amqp1Delivery[] = [];
  const from = { name: undefined, address: 'q', capability: undefined, durable: false, settled: false, credit };
  const link = session.receiver(from, (each) => got.push(each));
  await link.opened();
  return { got, link };
}

const bodyOf = ({ message }: EventContext): string => String(message?.body?.content ?? '');

describe('Amqp1Session, when the broker', () => {
  for (const what of ['reject', 'release', 'modified'] as const) {
    it(`does not take one message of three (${what}), rejects that one`, async (test) => {
      const { session } = await open(test, {
        on: {
          message: (context) => {
            const { delivery } = context;
            if (bodyOf(context) !== 'b') delivery?.accept();
            // a turn later: the library makes one disposition of two outcomes
            else if (what !== 'reject') setTimeout(() => delivery?.[what]({ delivery_failed: true }), 1);
            else setTimeout(() => delivery?.reject({ condition: 'x:full', description: 'is full' }), 1);
          },
        },
      });
      const [a, b, c] = ['a', 'b', 'c'].map((each) => send(session, each));
      const message = what === 'reject' ? /\(rejected\): x:full: is full/ : /did not take the message/;
      await assert.rejects(b ?? Promise.resolve(), { code: 'MESSAGE_REFUSED', message });
      await Promise.all([a, c]);
    });
  }

  it('settles without saying an outcome, takes it for a refusal', async (test) => {
    const { session } = await open(test, { on: { message: ({ delivery }) => delivery?.update(true) } });
    await assert.rejects(send(session, 'a'), { code: 'MESSAGE_REFUSED', message: /without an outcome/ });
  });

  it('refuses an address, rejects what goes there alone', async (test) => {
    const none = { condition: 'amqp:not-found', description: 'no such queue' };
    const { session } = await open(test, { refuse: (address) => (address === 'bad' ? none : undefined) });
    const [bad, good] = [send(session, 'a', 'bad'), send(session, 'b', 'good')];
    await assert.rejects(bad, { code: 'MESSAGE_REFUSED', message: /refused the destination "bad".*no such queue/ });
    await good;
    await assert.rejects(send(session, 'c', 'bad'), { code: 'MESSAGE_REFUSED' });
    await send(session, 'd', 'good');
  });

  it('refuses a subscription, tells why, and is left in order', async (test) => {
    const none = { condition: 'amqp:not-found', description: 'no such queue' };
    const { session } = await open(test, { refuse: () => none }, { disconnectTimeoutMs: 600_000 });
    await assert.rejects(receive(session), { code: 'BROKER_ERROR', message: /refused "q": .*no such queue/ });
    await session.close();
  });

  it('does not answer the end of a session, waits five seconds for that, and closes', async (test) => {
    const clock = new ManualClock();
    // part 2, section 2.7.7: the code of END
    const written = (bytes: Buffer) => (bytes.includes(Buffer.of(0x00, 0x53, 0x17)) ? Buffer.alloc(0) : bytes);
    const { session } = await open(test, { written }, { clock, disconnectTimeoutMs: 600_000 });
    await receive(session);
    let closed = false;
    const closing = session.close().then(() => {
      closed = true;
    });
    await clock.advance(4_999);
    assert.equal(closed, false);
    await clock.advance(1);
    await closing;
  });

  it('cuts the connection, rejects what is not accepted', async (test) => {
    const { session } = await open(test, { on: { message: (_, peer) => peer.cut() } });
    await assert.rejects(send(session, 'a'), { code: 'SESSION_LOST' });
    assert.equal((await session.ended)?.code, 'SESSION_LOST');
  });

  it('tells no outcome, gives up after its time', async (test) => {
    const { session } = await open(test, { on: { message: () => undefined } }, { confirmTimeoutMs: 100 });
    await assert.rejects(send(session, 'a'), { code: 'RECEIPT_TIMEOUT' });
  });

  it('gives no credit, waits without a time, tells of it, and goes on when there is some', async (test) => {
    const told: (string | undefined)[] = [];
    let receiver: EventContext['receiver'];
    const script = {
      options: { receiver_options: { autoaccept: false, credit_window: 0 } },
      on: {
        receiver_open: (context: EventContext) => {
          receiver = context.receiver;
        },
        message: ({ delivery }: EventContext) => delivery?.accept(),
      },
    };
    const clock = new ManualClock();
    const { session } = await open(test, script, { clock, onBlocked: (reason) => told.push(reason) });
    const sent = send(session, 'a');
    await eventually(() => receiver !== undefined);
    await eventually(() => {
      clock.advance(1000);
      return told.length === 1;
    });
    assert.match(told[0] ?? '', /no credit for "q"/);
    receiver?.add_credit(1);
    await sent;
    assert.deepEqual(told.slice(1), [undefined]);
  });

  it('says nothing for longer than was promised, gives it up', async (test) => {
    const { peer, session } = await open(test, {}, { idleTimeoutMs: 40 });
    peer.fallSilent();
    assert.equal((await session.ended)?.code, 'HEARTBEAT_MISSED');
  });

  it('wants a sign of life all the time, refuses it', async (test) => {
    const peer = await Amqp1Peer.start(test, { options: { idle_time_out: 90 } });
    await assert.rejects(amqp1Session(test, peer), { code: 'BROKER_ERROR', message: /sign of life every 90 ms/ });
  });

  it('closes the connection with a reason, tells it', async (test) => {
    let close: () => void = () => undefined;
    const connection_open = ({ connection }: EventContext) => {
      close = () => connection.close({ condition: 'amqp:internal-error', description: 'out of order' });
    };
    const { session } = await open(test, { on: { connection_open } });
    close();
    const error = await session.ended;
    assert.equal(error?.code, 'BROKER_ERROR');
    assert.match(error.message, /amqp:internal-error: out of order/);
  });

  it('ends a subscription, ends the session', async (test) => {
    const sender_open = ({ sender }: EventContext) => setImmediate(() => sender?.close());
    const { session } = await open(test, { on: { sender_open } });
    await receive(session);
    const error = await session.ended;
    assert.match(error?.message ?? '', /the broker ended the subscription to "q"/);
  });
});

describe('Amqp1Session, at its opening', () => {
  it('tells of a refused login, without the password', async (test) => {
    const peer = await Amqp1Peer.start(test, { login: (name, password) => name === 'u' && password === 'ž' });
    const wrong = amqp1Options(peer.port, { login: 'u', passcode: 'wr0ng' });
    await assert.rejects(Amqp1Session.connect(wrong), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'LOGIN_REFUSED');
      assert.doesNotMatch(error.message, /wr0ng/);
      return true;
    });
    await amqp1Session(test, peer, { login: 'u', passcode: 'ž' });
  });

  it('tells of a broker that wants another login', async (test) => {
    const peer = await Amqp1Peer.start(test, { login: () => true });
    const message = /the broker knows no login by ANONYMOUS, only PLAIN/;
    await assert.rejects(Amqp1Session.connect(amqp1Options(peer.port)), { code: 'LOGIN_REFUSED', message });
  });

  it('tells of a broker that names no login', async (test) => {
    // a frame of SASL mechanisms: none
    const named = Buffer.from('0000000c0201000000534045', 'hex');
    const header = Buffer.from('AMQP\x03\x01\0\0');
    const none = (bytes: Buffer): Buffer => {
      if (!bytes.includes('PLAIN')) return bytes;
      return bytes.indexOf(header) === 0 ? Buffer.concat([header, named]) : named;
    };
    const peer = await Amqp1Peer.start(test, { login: () => true, written: none });
    const message = /the broker knows no login by ANONYMOUS, and names no other; give it/;
    await assert.rejects(Amqp1Session.connect(amqp1Options(peer.port)), { code: 'LOGIN_REFUSED', message });
  });

  for (const [what, says, expected] of [
    ['AMQP 0-9-1', 'AMQP\0\0\x09\x01', { code: 'CONNECT_FAILED', message: /speaks AMQP 0-9-1, but not 1\.0/ }],
    ['AMQP 0-10', 'AMQP\x01\x01\0\x0a', { code: 'CONNECT_FAILED', message: /AMQP 1\.0\.10, which is not spoken here/ }],
    ['STOMP', 'ERROR\nmessage:x\n\n\0', { code: 'CONNECT_FAILED', message: /use stomp:\/\// }],
    ['HTTP', 'HTTP/1.1 400 Bad\r\n\r\n', { code: 'CONNECT_FAILED', message: /which is not AMQP/ }],
    ['nothing', '', { code: 'CONNECT_FAILED', message: /is it an AMQP port/ }],
  ] as const) {
    it(`tells of a server that answers with ${what}`, async (test) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', () => socket.end(says, 'latin1'));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      test.after(async () => void server.close());
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      const opening = Amqp1Session.connect(amqp1Options(address.port));
      const error = await opening.then(
        () => assert.fail('a session'),
        (each: unknown) => each,
      );
      assert.equal(error instanceof OtherAmqp, what === 'AMQP 0-9-1');
      await assert.rejects(Promise.reject(error), expected);
    });
  }
});

const frame = (body: Buffer): Buffer => {
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  head.writeUInt32BE(8 + body.length);
  return Buffer.concat([head, body]);
};
/** a flow with an array of 4,000,000,000 values that take no room */
const BOMB = Buffer.from('00531' + '3' + 'd0000000120000000' + '1f0000000' + '09ee6b28000' + '4000', 'hex');

describe('Amqp1Session, of what is hostile,', () => {
  for (const [what, bytes, code] of [
    ['a frame of 4 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0]), 'FRAME_TOO_LARGE'],
    ['a frame of 3 bytes', Buffer.from([0, 0, 0, 3, 2, 0, 0, 0]), 'FRAME_MALFORMED'],
    ['a body that begins behind the frame', Buffer.from([0, 0, 0, 8, 9, 0, 0, 0]), 'FRAME_MALFORMED'],
    ['garbage', frame(Buffer.from('not a performative')), 'FRAME_MALFORMED'],
    ['values nested without end', frame(Buffer.alloc(300, 0)), 'FRAME_MALFORMED'],
    ['an array of billions', frame(BOMB), 'FRAME_MALFORMED'],
    ['a transfer on a link that is not there', frame(Buffer.from('005314c00302430043', 'hex')), 'FRAME_MALFORMED'],
  ] as const) {
    it(`ends by ${what}`, async (test) => {
      const { peer, session } = await open(test);
      peer.say(bytes);
      assert.equal((await session.ended)?.code, code);
    });
  }

  it('skips a message over the limit, and goes on', async (test) => {
    const sendable = ({ sender }: EventContext) => {
      if (sender === undefined || done) return;
      done = true;
      const data = (length: number) => ({
        content_type: 'x',
        body: sender.connection.container.message.data_section(Buffer.alloc(length)),
      });
      sender.send(data(3_000_000));
      sender.send(data(10));
    };
    let done = false;
    const { session } = await open(test, { on: { sendable } }, { maxMessageSize: 1000 });
    const { got } = await receive(session);
    await eventually(() => got.length === 2);
    assert.ok((got[0]?.skippedBytes ?? 0) > 3_000_000 && (got[0]?.payload.length ?? 0) <= 65_536);
    assert.deepEqual([got[1]?.skippedBytes, (got[1]?.payload.length ?? 0) < 100], [undefined, true]);
  });
});

describe('Amqp1Session', () => {
  it('keeps the links of a few addresses only', async (test) => {
    const { peer, session } = await open(test);
    const addresses = Array.from({ length: 300 }, (_, index) => `q${index}`);
    await Promise.all(addresses.map((address) => send(session, 'x', address)));
    // those that are being closed are counted too
    assert.ok(peer.mostTargets <= 2 * 64, `${peer.mostTargets}`);
  });

  it('grants credit for what is settled, and no more', async (test) => {
    let sent = 0;
    const sendable = ({ sender }: EventContext) => {
      while (sender?.sendable() === true && sent < 100) {
        sent += 1;
        sender.send({ body: String(sent) });
      }
    };
    const { session } = await open(test, { on: { sendable } });
    const { got, link } = await receive(session, 4);
    await eventually(() => got.length === 4);
    for (let index = 0; index < 97; index += 1) {
      const next = await eventually(() => got[index]);
      // three stay unsettled
      link.accept(next);
    }
    await eventually(() => got.length === 100);
    assert.equal(sent, 100);
  });

  for (const forGood of [false, true]) {
    it(`leaves a durable subscription ${forGood ? 'for good' : 'as it is'}`, async (test) => {
      const seen: unknown[] = [];
      const on = {
        sender_open: ({ sender, connection }: EventContext) => {
          const { source, name } = sender ?? assert.fail();
          seen.push(connection.container_id, name, source.durable, source.expiry_policy, String(source.capabilities));
        },
        sender_close: ({ sender }: EventContext) => {
          const { detach } = (sender as unknown as { readonly remote: { readonly detach: { closed: boolean } } })
            .remote;
          seen.push(detach.closed);
        },
      };
      const { session } = await open(test, { on }, { containerId: 'me' });
      const from = { name: 'sub', address: 't', capability: 'topic', durable: true, settled: false, credit: 1 };
      const link = session.receiver(from, () => undefined);
      await link.opened();
      await session.close(new Set(forGood ? [link] : []));
      assert.deepEqual(seen, ['me', 'sub', 2, 'never', 'topic', forGood]);
    });
  }
});
