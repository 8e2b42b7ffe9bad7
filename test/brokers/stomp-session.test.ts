import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from '../../src/stomp/codec/frame.js';
import { StompSession } from '../../src/stomp/session.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from '../support/eventually.js';
import { brokerKinds, type RealBroker, useBroker } from '../support/real-brokers.js';
import type { Cleaning } from '../support/temp-folder.js';

/** What a producer may set, for each version: 1.0 has no escapes. */
const NASTY: Readonly<Record<string, string>> = {
  'x-colon': 'a:b::',
  'x-backslash': 'C:\\new\\c\\\\',
  'x-blanks': '  both  ends  ',
  'x-utf8': 'žluťoučký 🐎',
  'x-line-feed': 'one\ntwo\n',
  'x-carriage-return': 'one\r\ntwo\rx',
  'x:name': 'colon in the name',
};
const NASTY_1_0: Readonly<Record<string, string>> = { 'x-colon': 'a:b::', 'x-plain': 'one', 'x-utf8': 'žluťoučký' };

const BODIES = ['', 'plain', 'NUL\0inside\0', 'ends in line feeds\n\n', '\r\n', 'žluťoučký 🐎', '\0'];

async function connected(
  test: Cleaning,
  broker: RealBroker,
  options: Partial<SessionOptions> = {},
): Promise<StompSession> {
  const session = await StompSession.connect({
    endpoint: { transport: 'tcp', host: broker.host, port: broker.port },
    vhost: broker.vhost,
    login: broker.user,
    passcode: broker.pass,
    ...options,
  });
  test.after(() => session.close());
  return session;
}

for (const kind of brokerKinds()) {
  describe(`StompSession on ${kind}`, () => {
    const broker = useBroker(kind);

    for (const version of ['1.2', '1.1', '1.0'] as const) {
      it(`carries headers and bodies unchanged on ${version}, and acknowledges one by one`, async (test) => {
        const session = await connected(test, broker(), { versions: [version] });
        assert.equal(session.version, version);
        assert.equal(session.dialect.type.toLowerCase(), kind);
        const destination = `/queue/session-${version}-${process.pid}-${Date.now()}`;
        // RabbitMQ escapes as 1.2 does in every version, and strips leading blanks on 1.0
        const { 'x-blanks': _, ...nastyWithoutBlanks } = NASTY;
        const on10 = kind === 'rabbitmq' ? nastyWithoutBlanks : NASTY_1_0;
        const header = version === '1.0' ? on10 : NASTY;
        await Promise.all(
          BODIES.map((body) => session.send({ destination, ...header }, Buffer.from(body), { persistent: true })),
        );
        const frames: Frame[] = [];
        await session.listen({ destination }, (frame) => frames.push(frame));
        await eventually(() => frames.length === BODIES.length);
        assert.deepEqual(
          frames.map((frame) => frame.body.toString()),
          BODIES,
        );
        for (const frame of frames) {
          for (const [name, value] of Object.entries(header)) assert.equal(frame.header[name], value, name);
        }
        const [first, , third, ...rest] = frames as [Frame, Frame, Frame, ...Frame[]];
        for (const frame of [third, first, ...rest]) session.ack(frame);
        await session.close();
        const again = await connected(test, broker(), { versions: [version] });
        const left: Frame[] = [];
        await again.listen({ destination }, (frame) => left.push(frame));
        await eventually(() => left.length > 0);
        assert.deepEqual(
          left.map((frame) => frame.body.toString()),
          [BODIES[1]],
        );
        assert.equal(left[0]?.header.redelivered, 'true');
        for (const frame of left) again.ack(frame);
      });
    }

    it('works over WebSocket, where the broker offers it', async (test) => {
      const { webUri } = broker();
      if (webUri === undefined) {
        test.skip(`no WebSocket on ${kind}`);
        return;
      }
      const { hostname, port, pathname } = new URL(webUri);
      const endpoint = { transport: 'ws', host: hostname, port: Number(port), path: pathname } as const;
      const session = await connected(test, broker(), { endpoint });
      const destination = `/queue/session-web-${process.pid}-${Date.now()}`;
      const frames: Frame[] = [];
      await session.listen({ destination }, (frame) => frames.push(frame));
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await Promise.all(Array.from({ length: 50 }, () => session.send({ destination, ...NASTY }, bytes)));
      await eventually(() => frames.length === 50);
      for (const frame of frames) {
        assert.ok(frame.body.equals(bytes));
        session.ack(frame);
      }
    });

    it('carries 20 MB both ways', async (test) => {
      const session = await connected(test, broker());
      const destination = `/queue/session-large-${process.pid}-${Date.now()}`;
      const body = Buffer.alloc(20_000_000, 'abc\0');
      await session.send({ destination }, body);
      const frames: Frame[] = [];
      await session.listen({ destination }, (frame) => frames.push(frame));
      const frame = await eventually(() => frames[0]);
      assert.ok(frame.body.equals(body));
      session.ack(frame);
    });

    it('recognises a refused password', async (test) => {
      const login = (): Promise<unknown> => connected(test, broker(), { passcode: 'wrong' });
      const results = await Promise.allSettled(Array.from({ length: 10 }, login));
      const reasons = results.map((result) =>
        result.status === 'rejected' ? String(result.reason.message) : 'opened',
      );
      const refused = reasons.filter((reason) => reason.includes('the broker refused the login'));
      // ActiveMQ closes one login in a hundred without a word
      const wordless = kind === 'activemq' ? reasons.filter((reason) => reason.includes('and the login right?')) : [];
      assert.ok(refused.length > 0, reasons.join('\n'));
      assert.equal(refused.length + wordless.length, reasons.length, reasons.join('\n'));
    });

    it('tells a refused message, and ends', async (test) => {
      const session = await connected(test, broker());
      // RabbitMQ does not know the exchange; ActiveMQ limits the length of a header line
      const bad =
        kind === 'rabbitmq'
          ? { destination: '/exchange/no-such-exchange/x' }
          : { destination: '/queue/x', x: 'x'.repeat(20_000) };
      await assert.rejects(session.send(bad), (error: Error & { code?: string }) => {
        assert.match(error.code ?? '', /^(BROKER_ERROR|MESSAGE_REFUSED|SESSION_LOST)$/);
        assert.doesNotMatch(error.message, /\tat |\.java/);
        return true;
      });
      assert.ok(await session.ended);
    });

    it('keeps a session alive by heart-beats', async (test) => {
      const session = await connected(test, broker(), { heartBeat: { clientMs: 4000, serverMs: 4000 } });
      // longer than a side may be silent; ActiveMQ is for two intervals, and may be late
      const until = performance.now() + 12_000;
      await eventually(() => performance.now() > until);
      assert.equal(session.over, undefined);
      await session.send({ destination: `/queue/session-beats-${process.pid}` });
    });
  });
}
