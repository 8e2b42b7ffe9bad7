import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Frame } from '../../src/stomp/codec/frame.js';
import { StompSession } from '../../src/stomp/session.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

async function connected(
  test: Cleaning,
  broker: InProcessBroker,
  options: Partial<SessionOptions> = {},
): Promise<StompSession> {
  const endpoint = { transport: 'tcp', host: '127.0.0.1', port: broker.port } as const;
  const session = await StompSession.connect({ endpoint, ...options });
  test.after(async () => session.abort('end of the test'));
  return session;
}

async function pair(test: Cleaning, broker: BrokerOptions = {}, session: Partial<SessionOptions> = {}) {
  const server = await startedBroker(test, { rememberFrames: 1000, ...broker });
  return { server, session: await connected(test, server, session) };
}

describe('StompSession', () => {
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    it(`sends, receives and acknowledges on a broker that knows only ${version}`, async (test) => {
      const { server, session } = await pair(test, { versions: [version], server: 'RabbitMQ/3.10.8' });
      assert.equal(session.version, version);
      const frames: Frame[] = [];
      await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
      const header = { destination: '/queue/a', plain: 'x', ...(version === '1.0' ? {} : { 'a:b': 'c\\n:\n' }) };
      await session.send(header, Buffer.from('one\0two'));
      const frame = await eventually(() => frames[0]);
      assert.equal(frame.body.toString(), 'one\0two');
      assert.equal(frame.header.plain, 'x');
      if (version !== '1.0') assert.equal(frame.header['a:b'], 'c\\n:\n');
      assert.equal(server.depth('/queue/a').unacknowledged, 1);
      session.ack(frame);
      await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    });
  }

  it('keeps the order of many sends at once, and resolves each', async (test) => {
    const { server, session } = await pair(test);
    const count = 2000;
    const body = Buffer.alloc(2000, 'x');
    await Promise.all(
      Array.from({ length: count }, (_, number) =>
        session.send({ destination: '/queue/a', number: String(number) }, body),
      ),
    );
    const numbers = server.drain('/queue/a').map(({ header }) => Number(header.number));
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, number) => number),
    );
  });

  it('sends without receipts when asked', async (test) => {
    const { server, session } = await pair(test);
    await session.send({ destination: '/queue/a' }, Buffer.from('x'), { receipt: false });
    await eventually(() => server.depth('/queue/a').ready === 1);
    assert.equal(server.seen('SEND')[0]?.header.receipt, undefined);
  });

  it('does not send headers that belong to another delivery or connection', async (test) => {
    const { server, session } = await pair(test);
    const stale = {
      'message-id': '1',
      subscription: '2',
      ack: '3',
      redelivered: 'true',
      receipt: '4',
      'content-length': '99',
      'heart-beat': '1,1',
      transaction: '5',
    };
    await session.send({ ...stale, destination: '/queue/a', kept: 'yes' }, Buffer.from('body'));
    const { destination, kept, 'content-length': length, receipt, ...rest } = server.seen('SEND')[0]?.header ?? {};
    assert.deepEqual(
      { destination, kept, length, rest: { ...rest } },
      { destination: '/queue/a', kept: 'yes', length: '4', rest: {} },
    );
    assert.notEqual(receipt, '4');
  });

  it('adds persistent:true when asked, and leaves an explicit persistent alone', async (test) => {
    const { server, session } = await pair(test);
    await session.send({ destination: '/queue/a' }, Buffer.from('x'), { persistent: true });
    await session.send({ destination: '/queue/a', persistent: 'false' }, Buffer.from('x'), { persistent: true });
    assert.deepEqual(
      server.seen('SEND').map(({ header }) => header.persistent),
      ['true', 'false'],
    );
  });

  it('rejects a header that the version cannot carry, and goes on', async (test) => {
    const { session } = await pair(test, { versions: ['1.0'] });
    await assert.rejects(session.send({ destination: '/queue/a', 'a:b': 'c' }), { code: 'MESSAGE_BAD_HEADER' });
    await session.send({ destination: '/queue/a' });
  });

  it('carries 40 MB both ways', async (test) => {
    const { session } = await pair(test);
    const body = Buffer.alloc(40_000_000, 'abcdefg\0');
    const frames: Frame[] = [];
    await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
    await session.send({ destination: '/queue/a' }, body);
    const frame = await eventually(() => frames[0]);
    assert.ok(frame.body.equals(body));
  });

  it('uses the extra headers of CONNECT in place of its own', async (test) => {
    const { server } = await pair(
      test,
      {},
      {
        vhost: 'one',
        connectHeaders: { host: 'two', 'client-id': 'me', 'accept-version': '1.1', 'heart-beat': '0,7000' },
      },
    );
    const header = server.seen('CONNECT')[0]?.header ?? {};
    assert.deepEqual(
      [header.host, header['client-id'], header['accept-version'], header['heart-beat']],
      ['two', 'me', '1.1', '0,7000'],
    );
  });

  it('acknowledges in order where an acknowledgement is cumulative', async (test) => {
    const { server, session } = await pair(test, { versions: ['1.0'], server: 'Unheard/1' });
    const frames: Frame[] = [];
    await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
    assert.equal(server.seen('SUBSCRIBE')[0]?.header.ack, 'client');
    for (const body of ['1', '2', '3']) await session.send({ destination: '/queue/a' }, Buffer.from(body));
    const [first, second, third] = await eventually(() => (frames.length === 3 ? frames : undefined));
    assert.ok(first && second && third);
    session.ack(third);
    session.ack(second);
    await session.send({ destination: '/queue/other' });
    assert.equal(server.seen('ACK').length, 0);
    session.ack(first);
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    assert.equal(server.seen('ACK').length, 1);
  });

  it('unsubscribes, and receives no more', async (test) => {
    const { server, session } = await pair(test);
    const frames: Frame[] = [];
    const id = await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
    await session.unlisten(id);
    await session.send({ destination: '/queue/a' });
    assert.equal(frames.length, 0);
    assert.equal(server.depth('/queue/a').consumers, 0);
  });

  it('disconnects in order: `ended` resolves without an error, and sending rejects', async (test) => {
    const { server, session } = await pair(test);
    await session.close();
    assert.equal(await session.ended, undefined);
    assert.equal(server.seen('DISCONNECT').length, 1);
    await assert.rejects(session.send({ destination: '/queue/a' }), { code: 'SESSION_CLOSED' });
    await session.close();
  });

  it('sends nothing after DISCONNECT', async (test) => {
    const { server, session } = await pair(test);
    const frames: Frame[] = [];
    await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
    await session.send({ destination: '/queue/a' });
    const frame = await eventually(() => frames[0]);
    const closing = session.close();
    session.ack(frame);
    await assert.rejects(session.send({ destination: '/queue/a' }), { code: 'SESSION_CLOSED' });
    await assert.rejects(
      session.listen({ destination: '/queue/b' }, () => undefined),
      { code: 'SESSION_CLOSED' },
    );
    await closing;
    assert.equal(server.seen().at(-1)?.command, 'DISCONNECT');
  });

  it('shows frames with the passcode masked', async (test) => {
    const shown: string[] = [];
    const { session } = await pair(
      test,
      {},
      {
        login: 'me',
        passcode: 'secret',
        onFrame: ({ direction, command, header }) => shown.push(`${direction} ${command} ${header.passcode ?? ''}`),
      },
    );
    await session.close();
    assert.deepEqual(shown, ['out CONNECT ********', 'in CONNECTED ', 'out DISCONNECT ', 'in RECEIPT ']);
  });
});
