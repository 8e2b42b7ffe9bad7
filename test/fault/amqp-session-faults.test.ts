import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AmqpSession } from '../../src/amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../../src/amqp/amqp-session-options.js';
import type { Publication } from '../../src/amqp/confirms.js';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { headerOf } from '../../src/amqp/header-table.js';
import { subscribe } from '../../src/amqp/subscribe.js';
import { amqpOptions } from '../support/amqp-client.js';
import {
  AmqpPeer,
  contentHeader,
  frame,
  longLong,
  longText,
  METHODS,
  type PeerScript,
  short,
  shortText,
} from '../support/amqp-peer.js';
import { eventually } from '../support/eventually.js';
import type { Cleaning } from '../support/temp-folder.js';

async function open(test: Cleaning, script: PeerScript = {}, options: Partial<AmqpSessionOptions> = {}) {
  const peer = await AmqpPeer.start(test, script);
  const session = await AmqpSession.connect(amqpOptions(peer.port, options));
  test.after(async () => session.abort('the test has ended'));
  return { peer, session };
}

function message(body: string, headers: Readonly<Record<string, string>> = {}): Publication {
  return { exchange: '', routingKey: 'q', properties: { mandatory: true, headers }, body: Buffer.from(body) };
}

async function receive(session: AmqpSession, noAck = false): Promise<AmqpDelivery[]> {
  const got: AmqpDelivery[] = [];
  await subscribe(session, { destination: '/amq/queue/q' }, { id: 'c', noAck, prefetch: 10 }, (each) => got.push(each));
  return got;
}

describe('AmqpSession, when the broker', () => {
  it('refuses one message of three, rejects that one', async (test) => {
    const { session } = await open(test, {
      published: ({ tag, body }, peer) => peer.confirm(tag, body.toString() === 'b' ? METHODS.nack : METHODS.ack),
    });
    const [a, b, c] = ['a', 'b', 'c'].map((each) => session.publish(message(each)));
    await assert.rejects(b ?? Promise.resolve(), { code: 'MESSAGE_REFUSED' });
    await Promise.all([a, c]);
  });

  it('confirms several at once, and out of order, resolves each', async (test) => {
    const { session } = await open(test, {
      published: ({ tag }, peer) => {
        if (tag === 4) peer.confirm(3);
        if (tag === 4) peer.say(1, METHODS.ack, longLong(2), Buffer.of(1));
        if (tag === 4) peer.confirm(4);
      },
    });
    await Promise.all(['a', 'b', 'c', 'd'].map((each) => session.publish(message(each))));
  });

  it('gives back one of two that differ in a header only, rejects that one as unroutable', async (test) => {
    const { session } = await open(test, {
      published: (published, peer) => {
        if (published.tag === 2) peer.giveBack(published);
        peer.confirm(published.tag);
      },
    });
    const first = session.publish(message('same', { 'x-a': '1' }));
    const second = session.publish(message('same', { 'x-a': '2' }));
    await assert.rejects(second, {
      code: 'MESSAGE_UNROUTABLE',
      message: /there is no queue "q": nothing keeps the message/,
    });
    await first;
  });

  for (const [what, one, other] of [
    ['correlation-id', { correlationId: '1' }, { correlationId: '2' }],
    ['type', {}, { type: 't' }],
    ['timestamp', { timestamp: 1 }, { timestamp: 2 }],
    ['priority', { priority: 4 }, {}],
    ['persistence', { deliveryMode: 2 }, { deliveryMode: 1 }],
    ['the list of further keys', { headers: { CC: ['a'] } }, { headers: { CC: ['b'] } }],
    ['a header named __proto__', {}, { headers: JSON.parse('{"__proto__":"a"}') as object }],
    ['one header more', { headers: { a: '1' } }, { headers: { a: '1', b: '2' } }],
  ] as const) {
    for (const returnedTag of [1, 2]) {
      it(`gives back number ${returnedTag} of two that differ in ${what} only, rejects that one`, async (test) => {
        const { session } = await open(test, {
          published: (published, peer) => {
            if (published.tag === returnedTag) peer.giveBack(published);
            if (published.tag === 2) peer.say(1, METHODS.ack, longLong(2), Buffer.of(1));
          },
        });
        const sent = [one, other].map((properties) =>
          session.publish({ exchange: '', routingKey: 'q', properties, body: Buffer.from('ping') }),
        );
        const ends = (await Promise.allSettled(sent)).map(({ status }) => status);
        assert.deepEqual(ends, returnedTag === 1 ? ['rejected', 'fulfilled'] : ['fulfilled', 'rejected']);
      });
    }
  }

  it('gives back a message to which it has added a field, rejects that one', async (test) => {
    const added = Buffer.concat([shortText('timestamp_in_ms'), Buffer.from('l'), longLong(5)]);
    const { session } = await open(test, {
      published: (published, peer) => {
        if (published.tag !== 2) return;
        // flags, and a table of one field, `a`, to which another one comes
        const table = Buffer.concat([published.header.subarray(18), added]);
        peer.giveBack({ ...published, header: contentHeader(4, Buffer.concat([short(0x2000), longText(table)])) });
        peer.say(1, METHODS.ack, longLong(2), Buffer.of(1));
      },
    });
    const first = session.publish(message('ping'));
    const second = session.publish(message('ping', { a: '2' }));
    await assert.rejects(second, { code: 'MESSAGE_UNROUTABLE' });
    await first;
  });

  it('gives back without a field what may be either of two, rejects both, to be sent one by one', async (test) => {
    const { session } = await open(test, {
      published: (published, peer) => {
        if (published.tag === 2)
          peer.giveBack({ ...published, header: contentHeader(4, Buffer.of(0x20, 0, 0, 0, 0, 0)) });
      },
    });
    const sent = ['a', 'b'].map((key) =>
      session.publish({ ...message('ping'), properties: { headers: { BCC: [key] } } }),
    );
    for (const each of sent) await assert.rejects(each, { code: 'BROKER_ERROR' });
    assert.equal((await session.ended)?.code, 'BROKER_ERROR');
  });

  it('gives back what was never sent, ends the session', async (test) => {
    const { session } = await open(test, {
      published: (published, peer) => peer.giveBack({ ...published, routingKey: 'other' }),
    });
    await assert.rejects(session.publish(message('a')), { code: 'FRAME_MALFORMED' });
  });

  it('closes the channel, rejects all that is not confirmed with its reason, and ends', async (test) => {
    const { session } = await open(test, {
      published: ({ tag }, peer) => {
        const why = [short(404), shortText("NOT_FOUND - no exchange 'x' in vhost '/'"), short(60), short(40)];
        if (tag === 2) peer.say(1, METHODS.channelClose, ...why);
      },
    });
    for (const sent of [session.publish(message('a')), session.publish(message('b'))]) {
      await assert.rejects(sent, { code: 'BROKER_ERROR', message: /404 NOT_FOUND - no exchange 'x'/ });
    }
    assert.equal((await session.ended)?.code, 'BROKER_ERROR');
    await assert.rejects(session.publish(message('c')), { code: 'BROKER_ERROR' });
  });

  it('is stopped, says so as a lost session', async (test) => {
    const { peer, session } = await open(test);
    peer.say(0, METHODS.close, short(320), shortText('CONNECTION_FORCED - shutdown'), short(0), short(0));
    assert.equal((await session.ended)?.code, 'SESSION_LOST');
  });

  it('cuts the connection, rejects what is not confirmed', async (test) => {
    const { session } = await open(test, { published: (_, peer) => peer.cut() });
    await assert.rejects(session.publish(message('a')), { code: 'SESSION_LOST' });
  });

  it('confirms nothing, gives up after its time', async (test) => {
    const { session } = await open(test, { published: () => undefined }, { confirmTimeoutMs: 30 });
    await assert.rejects(session.publish(message('a')), { code: 'RECEIPT_TIMEOUT' });
  });

  it('is blocked, sends nothing more, waits without a time, and goes on when it is not', async (test) => {
    const told: (string | undefined)[] = [];
    const held: number[] = [];
    const { peer, session } = await open(
      test,
      { published: ({ tag }) => held.push(tag) },
      { confirmTimeoutMs: 300, onBlocked: (reason) => told.push(reason) },
    );
    const first = session.publish(message('a'));
    peer.say(0, METHODS.blocked, shortText('low on memory'));
    await eventually(() => told.length === 1 && held.length === 1);
    const second = session.publish(message('b'));
    // as long as two confirmations may take
    for (let count = 0; count < 15; count += 1) await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(session.over, undefined);
    assert.deepEqual([told, held], [['low on memory'], [1]]);
    peer.say(0, METHODS.unblocked);
    await eventually(() => held.length === 2);
    for (const tag of held) peer.confirm(tag);
    await Promise.all([first, second]);
    assert.deepEqual(told, ['low on memory', undefined]);
  });

  it('ends a subscription, ends the session, which is opened again', async (test) => {
    const { peer, session } = await open(test);
    await receive(session);
    peer.say(1, METHODS.cancel, shortText('c'), Buffer.of(1));
    const why = await session.ended;
    assert.equal(why?.code, 'SESSION_LOST');
    assert.match(why.message, /ended the subscription to queue "q"/);
  });

  it('sends a body over the limit, hands it over without it, and takes the next', async (test) => {
    const { peer, session } = await open(test, {}, { maxMessageSize: 1000 });
    const got = await receive(session);
    peer.deliver(Buffer.alloc(300_000, 'x'));
    peer.deliver(Buffer.from('small'));
    await eventually(() => got.length === 2);
    assert.deepEqual(
      got.map(({ body, skippedBytes }) => [body.toString(), skippedBytes]),
      [
        ['', 300_000],
        ['small', undefined],
      ],
    );
  });

  it('sends while reading is paused, hands nothing over until it goes on, and misses nothing', async (test) => {
    const { peer, session } = await open(test);
    const got = await receive(session);
    peer.deliver(Buffer.from('1'));
    await eventually(() => got.length === 1);
    session.pause();
    for (let number = 2; number <= 200; number += 1) peer.deliver(Buffer.alloc(10_000, String(number % 10)));
    // an answer stands behind them
    const flushed = session.flush();
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(got.length, 1);
    session.resume();
    await flushed;
    assert.equal(got.length, 200);
    session.ack(200);
    await eventually(() => peer.acknowledged.includes(200));
  });

  it('sends numbers of 64 bits, tables and arrays, keeps every digit', async (test) => {
    const { peer, session } = await open(test);
    const got = await receive(session);
    const field = (name: string, tag: string, value: Buffer) =>
      Buffer.concat([shortText(name), Buffer.from(tag), value]);
    const text = (value: string) => longText(Buffer.from(value));
    const array = longText(
      Buffer.concat([Buffer.from('t'), Buffer.of(1), Buffer.from('S'), text('a"b'), Buffer.from('V')]),
    );
    const table = longText(
      Buffer.concat([
        field('long', 'l', longLong(9_007_199_254_740_993n)),
        field('decimal', 'D', Buffer.concat([Buffer.of(2), Buffer.of(0, 0, 0, 5)])),
        field('__proto__', 'S', text('a name like any other')),
        field('array', 'A', array),
        field('table', 'F', longText(field('n', 'l', longLong(2n ** 63n - 1n)))),
        field('bytes', 'x', longText(Buffer.of(0xff, 0x61))),
      ]),
    );
    peer.deliver(Buffer.from('x'), contentHeader(1, Buffer.concat([short(0x2000), table])));
    const header = headerOf(await eventually(() => got[0]));
    assert.deepEqual(
      [
        header.long,
        header.decimal,
        Object.getOwnPropertyDescriptor(header, '__proto__')?.value,
        header.array,
        header.table,
        header.bytes,
      ],
      ['9007199254740993', '0.05', 'a name like any other', '[true,"a\\"b",null]', '{"n":9223372036854775807}', 'ÿa'],
    );
  });

  it('sends tables in tables without end, which any producer can, hands the message over, and takes the next', async (test) => {
    const { peer, session } = await open(test);
    const got = await receive(session);
    let table = longText(Buffer.alloc(0));
    for (let level = 0; level < 5000; level += 1) {
      table = longText(Buffer.concat([shortText('t'), Buffer.from('F'), table]));
    }
    peer.deliver(Buffer.from('x'), contentHeader(1, Buffer.concat([short(0x2000), table])));
    peer.deliver(Buffer.from('y'));
    const second = await eventually(() => got[1]);
    assert.equal(second.body.toString(), 'y');
    assert.match(got[0] === undefined ? '' : (headerOf(got[0]).t ?? ''), /^(?:\{"t":){32}"0x[0-9a-f]{29000,}"\}{32}$/);
  });

  for (const [what, bytes, code] of [
    ['a frame larger than agreed', Buffer.from('\x01\0\x01\x7f\xff\xff\xff', 'latin1'), 'FRAME_TOO_LARGE'],
    ['a frame without its end', Buffer.from('\x01\0\x01\0\0\0\x01a\x00', 'latin1'), 'FRAME_MALFORMED'],
    ['a message whose header ends too early', frame(2, 1, contentHeader(1, Buffer.of(0xf0, 0))), 'FRAME_MALFORMED'],
    [
      'a body longer than said',
      Buffer.concat([frame(2, 1, contentHeader(1)), frame(3, 1, Buffer.from('ab'))]),
      'FRAME_MALFORMED',
    ],
  ] as const) {
    it(`sends ${what}, ends the session and nothing else`, async (test) => {
      const { peer, session } = await open(test);
      await receive(session);
      const fields = [shortText('c'), longLong(1), Buffer.of(0), shortText(''), shortText('q')];
      if (code === 'FRAME_MALFORMED' && what !== 'a frame without its end') peer.say(1, METHODS.deliver, ...fields);
      peer.write(bytes);
      assert.equal((await session.ended)?.code, code);
    });
  }

  for (const [what, bytes] of [
    ['a frame of 4 GB', Buffer.from('\x01\0\x01\xff\xff\xff\xff', 'latin1')],
    ['a frame without its end', Buffer.from('\x01\0\x01\0\0\0\x01a\x00', 'latin1')],
    ['a frame on a channel that is not open', frame(1, 65_535, Buffer.of(0, 20, 0, 11, 0, 0, 0, 0))],
  ] as const) {
    for (const [when, method] of [
      ['when it is asked for what is settled', '60.10'],
      ['when the channel is closed', '20.40'],
      ['when the connection is closed', '10.50'],
    ] as const) {
      it(`sends ${what} ${when}, ends the session at once`, async (test) => {
        let stopping = false;
        const heard = (name: string, peer: AmqpPeer): boolean => {
          if (name !== method || !stopping) return false;
          peer.write(bytes);
          return true;
        };
        const limits = { confirmTimeoutMs: 600_000, disconnectTimeoutMs: 600_000 };
        const { session, peer } = await open(test, { heard }, limits);
        const got = await receive(session);
        peer.deliver(Buffer.from('a'));
        await eventually(() => got.length === 1);
        stopping = true;
        session.ack(1);
        await session.flush();
        await session.close();
        const code = what === 'a frame of 4 GB' ? 'FRAME_TOO_LARGE' : 'FRAME_MALFORMED';
        assert.equal((await session.ended)?.code, code);
      });
    }
  }

  for (const [what, greeting, reason] of [
    ['speaks STOMP', 'ERROR\nmessage:what is that\n\n\0', /speaks STOMP on this port: use stomp:\/\//],
    ['speaks AMQP 1.0', 'AMQP\0\x01\0\0', /speaks AMQP 1\.0, but not 0-9-1/],
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', /answers with "HTTP\/1\.1 400 Bad Request\\r\\n\\r\\n"/],
    ['speaks in bytes', '\0\x1b[2J\x9b', /answers with "\\u0000\\u001b\[2J\\u009b", which is not AMQP/],
  ] as const) {
    it(`${what}, says so`, async (test) => {
      await assert.rejects(open(test, { greeting }), { code: 'CONNECT_FAILED', message: reason });
    });
  }

  it('speaks AMQP without TLS where TLS is wanted, says so', async (test) => {
    const peer = await AmqpPeer.start(test, { greeting: 'AMQP\0\0\x09\x01' });
    const endpoint = { transport: 'tls', host: '127.0.0.1', port: peer.port } as const;
    const opened = AmqpSession.connect(amqpOptions(peer.port, { endpoint }));
    await assert.rejects(opened, {
      code: 'TLS_FAILED',
      message: /does not speak TLS on this port; use amqp:\/\/ or its/,
    });
  });

  it('says nothing, gives up after its time', async (test) => {
    await assert.rejects(open(test, { greeting: '' }, { connectTimeoutMs: 50 }), { code: 'CONNECT_TIMEOUT' });
  });

  it('repeats the password when it refuses the login, does not tell it', async (test) => {
    const refuse = (response: string) => ({ code: 403, text: `ACCESS_REFUSED for ${response.split('\0').at(-1)}` });
    const opened = open(test, { refuse }, { login: 'me', passcode: 's3cret' });
    await assert.rejects(opened, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'LOGIN_REFUSED');
      assert.match(error.message, /ACCESS_REFUSED for \*{8}/);
      return !error.message.includes('s3cret');
    });
  });

  it('falls silent, is given up by its heart-beats, though not while reading is paused', async (test) => {
    const { session } = await open(test, { heartBeatSeconds: 1 }, { heartBeatSeconds: 1 });
    assert.equal((await session.ended)?.code, 'HEARTBEAT_MISSED');
  });

  it('is not there, says that', async () => {
    const refused = AmqpSession.connect(amqpOptions(1, { connectTimeoutMs: 10_000 }));
    await assert.rejects(refused, { code: 'CONNECT_FAILED', message: /ECONNREFUSED/ });
  });
});
