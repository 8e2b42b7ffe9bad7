import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { EventContext } from 'rhea';
import { AmqpSession } from '../../src/amqp/amqp-session.js';
import { declareForSending } from '../../src/amqp/subscribe.js';
import { Amqp1Session } from '../../src/amqp1/amqp1-session.js';
import { StompctlError } from '../../src/base/errors.js';
import { amqpOptions } from '../support/amqp-client.js';
import { AmqpPeer, METHODS, type PeerScript, short, shortText } from '../support/amqp-peer.js';
import { Amqp1Peer, type Amqp1Script, amqp1Options } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import type { Cleaning } from '../support/temp-folder.js';

const LOGIN = { login: 'me', passcode: 's3cret w0rd' };
/** what a text of a peer takes at most, with what we say of it */
const MOST_CHARACTERS = 2500;
const RECEIVING = { name: undefined, address: 'q', capability: undefined, durable: false, settled: false, credit: 1 };

/** Tells why nothing comes of what is awaited. */
async function failureOf(awaited: Promise<unknown>): Promise<unknown> {
  return awaited.then(
    (value) => value ?? assert.fail('it went well'),
    (error: unknown) => error,
  );
}

/** The password, and all that could be left of it at a cut, is not in the error, nor in its causes. */
function assertFit(error: unknown): void {
  assert.ok(error instanceof StompctlError, inspect(error));
  const all = inspect(error, { depth: 10, maxStringLength: null });
  assert.ok(!/s3cret|w0rd/.test(all), all.slice(0, 500));
  assert.match(error.message, /because \*{8}/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f]/);
  assert.ok(error.message.length < MOST_CHARACTERS, `${error.message.length} characters`);
}

describe('what a broker of AMQP 1.0 says', () => {
  const why = {
    condition: 'x:no',
    description: `because ${LOGIN.passcode} ${`\x1b\u009b${LOGIN.passcode}`.repeat(4000)}`,
  };
  const send = async (session: Amqp1Session): Promise<unknown> => {
    const link = await session.openLink({ address: 'q', capability: undefined });
    return session.send(link, {}, Buffer.from('x'), { persistent: true, omit: new Set() });
  };
  const receive = async (session: Amqp1Session): Promise<unknown> => {
    await session.receiver(RECEIVING, () => undefined).opened();
    return session.ended;
  };
  const later = (what: () => void) => void setTimeout(what, 1);

  const cases: readonly (readonly [string, Amqp1Script, (session: Amqp1Session) => Promise<unknown>])[] = [
    ['of a link to send over', { refuse: () => why }, send],
    ['of a link to receive over', { refuse: () => why }, receive],
    ['of a message', { on: { message: ({ delivery }) => delivery?.reject(why) } }, send],
    ['of the end of a link to send over', { on: { message: ({ receiver }) => receiver?.close(why) } }, send],
    ['of the end of a subscription', { on: { sender_open: ({ sender }) => later(() => sender?.close(why)) } }, receive],
    ['of the end of a session', { on: { sender_open: ({ session }) => later(() => session?.close(why)) } }, receive],
    [
      'of the end of the connection',
      { on: { sender_open: ({ connection }) => later(() => connection.close(why)) } },
      receive,
    ],
  ];
  for (const [what, script, act] of cases) {
    it(`${what} is told in one line, cut, and without the password`, async (test: Cleaning) => {
      const peer = await Amqp1Peer.start(test, script);
      const session = await Amqp1Session.connect(amqp1Options(peer.port, LOGIN));
      test.after(async () => session.abort('the test has ended'));
      assertFit(await failureOf(act(session)));
    });
  }

  for (const [what, condition, code] of [
    ['at the opening', 'x:no', 'BROKER_ERROR'],
    ['at the opening, of the login', 'amqp:unauthorized-access', 'LOGIN_REFUSED'],
  ] as const) {
    it(`${what} is told in one line, cut, and without the password`, async (test) => {
      const connection_open = ({ connection }: EventContext) => connection.close({ ...why, condition });
      const peer = await Amqp1Peer.start(test, { on: { connection_open } });
      const error = await failureOf(Amqp1Session.connect(amqp1Options(peer.port, LOGIN)));
      assertFit(error);
      assert.equal((error as StompctlError).code, code);
    });
  }

  it('is a refused login also where the password is one of the words that say it', async (test) => {
    const error = { condition: 'amqp:unauthorized-access', description: 'no' };
    const peer = await Amqp1Peer.start(test, { on: { connection_open: ({ connection }) => connection.close(error) } });
    const opened = Amqp1Session.connect(amqp1Options(peer.port, { login: 'me', passcode: 'unauthorized' }));
    await assert.rejects(opened, { code: 'LOGIN_REFUSED', message: /amqp:\*{8}-access: no/ });
  });

  it('of itself is told without the password', async (test) => {
    const properties = { product: `Peer ${LOGIN.passcode}`, version: '1\n' };
    const peer = await Amqp1Peer.start(test, { options: { properties } });
    const session = await Amqp1Session.connect(amqp1Options(peer.port, LOGIN));
    test.after(async () => session.abort('the test has ended'));
    assert.equal(session.server, 'Peer ********/1');
  });
});

describe('what a broker of AMQP 0-9-1 says', () => {
  // 255 bytes at most, so that the library's own text is short: nothing of it may stand in a cause either
  const text = shortText(`because ${LOGIN.passcode} \x1b[2J\u009b${LOGIN.passcode}`);
  const reason = (code: number): Buffer[] => [short(code), text, short(0), short(0)];
  const published = (say: (peer: AmqpPeer) => void): PeerScript => ({ published: (_, peer) => say(peer) });
  const publish = (session: AmqpSession): Promise<unknown> =>
    session.publish({ exchange: '', routingKey: 'q', properties: {}, body: Buffer.from('x') });
  const heard = (wanted: string, channel: number): PeerScript => ({
    heard: (method, peer) => {
      if (method === wanted) peer.say(channel, METHODS.channelClose, ...reason(404));
      return method === wanted;
    },
  });

  const cases: readonly (readonly [string, PeerScript, (session: AmqpSession) => Promise<unknown>])[] = [
    ['of the end of the channel', published((peer) => peer.say(1, METHODS.channelClose, ...reason(404))), publish],
    ['of the end of the session', published((peer) => peer.say(0, METHODS.close, ...reason(541))), publish],
    ['when it stops', published((peer) => peer.say(0, METHODS.close, ...reason(320))), publish],
    ['of a declaration', heard('50.10', 2), (session) => session.declareQueue('q', {})],
    [
      'of a subscription',
      heard('60.20', 1),
      (session) => session.consume('q', { tag: 't', noAck: false }, () => undefined),
    ],
  ];
  for (const [what, script, act] of cases) {
    it(`${what} is told in one line, and without the password`, async (test: Cleaning) => {
      const peer = await AmqpPeer.start(test, script);
      const session = await AmqpSession.connect(amqpOptions(peer.port, LOGIN));
      test.after(async () => session.abort('the test has ended'));
      assertFit(await failureOf(act(session)));
    });
  }

  for (const code of [403, 541]) {
    it(`of the login (${code}) is told in one line, and without the password`, async (test) => {
      const peer = await AmqpPeer.start(test, {
        heard: (method, self) => {
          if (method === '10.11') self.say(0, METHODS.close, ...reason(code));
          return method === '10.11';
        },
      });
      assertFit(await failureOf(AmqpSession.connect(amqpOptions(peer.port, LOGIN))));
    });
  }

  it('of a queue with other arguments is understood also where the password is one of its words', async (test) => {
    const said = shortText("PRECONDITION_FAILED - inequivalent arg 'x-expires' for queue 'q' in vhost '/'");
    const heard = (method: string, self: AmqpPeer): boolean => {
      if (method === '50.10') self.say(2, METHODS.channelClose, short(406), said, short(50), short(10));
      return method === '50.10';
    };
    const peer = await AmqpPeer.start(test, { heard });
    const session = await AmqpSession.connect(amqpOptions(peer.port, { login: 'me', passcode: 'arg' }));
    test.after(async () => session.abort('the test has ended'));
    await declareForSending(session, 'q', {});
    await assert.rejects(session.declareQueue('q', {}), {
      code: 'BROKER_ERROR',
      message: /inequivalent \*{8} 'x-expires'/,
    });
  });

  it('when it is blocked is told in one line, and without the password', async (test) => {
    const told: (string | undefined)[] = [];
    const peer = await AmqpPeer.start(test);
    const onBlocked = (why: string | undefined) => told.push(why);
    const session = await AmqpSession.connect(amqpOptions(peer.port, { ...LOGIN, onBlocked }));
    test.after(async () => session.abort('the test has ended'));
    peer.say(0, METHODS.blocked, text);
    await eventually(() => told.length === 1);
    assert.deepEqual(told, ['because ******** \\u001b[2J\\u009b********']);
  });
});
