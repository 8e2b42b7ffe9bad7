import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompSession } from '../../src/stomp/session.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from '../support/eventually.js';
import { scriptedServer } from '../support/scripted-server.js';
import { NEVER, sourceOn, take } from '../support/source-pair.js';
import type { Cleaning } from '../support/temp-folder.js';

const ALL = { deliveries: 1000, bytes: 1_000_000 };
const VERSIONS = {
  '1.0': 'CONNECTED\nsession:1\n\n\0',
  '1.1': 'CONNECTED\nversion:1.1\n\n\0',
  '1.2': undefined,
} as const;

async function scripted(test: Cleaning, connected?: string, options: Partial<SessionOptions> = {}) {
  const server = await scriptedServer(test, connected);
  const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
  const session = await StompSession.connect({ endpoint, ...options });
  test.after(async () => session.abort('end of the test'));
  return { server, session };
}

describe('lines that end in CR LF', () => {
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    it(`are understood on a session of ${version}`, async (test) => {
      const connected = (VERSIONS[version] ?? 'CONNECTED\nversion:1.2\n\n\0').replaceAll('\n', '\r\n');
      const server = await scriptedServer(test, connected);
      const { source } = sourceOn(test, server.port);
      await source.open();
      server.say('MESSAGE\r\nsubscription:1\r\nmessage-id:m1\r\nack:m1\r\ncontent-length:4\r\n\r\n\n\n\r\n\0\r\n');
      server.say('MESSAGE\r\nsubscription:1\r\nmessage-id:m2\r\nack:m2\r\n\r\ntwo\0');
      const deliveries = await take(source, 2);
      assert.deepEqual(
        deliveries.map(({ message }) => message.body.toString()),
        ['\n\n\r\n', 'two'],
      );
      for (const delivery of deliveries) delivery.ack();
      await source.settle();
      await eventually(() => /ACK\n[^\0]*:m2\n/.test(server.heard()));
    });
  }
});

describe('a MESSAGE of an unknown subscription', () => {
  const subscriptions = ['/queue/a', '/queue/b'].map((destination) => ({ header: { destination } }));

  it('is handed over when its destination is subscribed to, and acknowledged as it came', async (test) => {
    const server = await scriptedServer(test, VERSIONS['1.1']);
    const { source, warnings } = sourceOn(test, server.port, { subscriptions });
    await source.open();
    server.say('MESSAGE\nsubscription:odd\ndestination:/queue/b\nmessage-id:m1\n\nx\0');
    for (const delivery of await take(source, 1)) delivery.ack();
    await source.settle();
    await eventually(() => server.heard().includes('ACK\nsubscription:odd\nmessage-id:m1\n'));
    assert.deepEqual(warnings, []);
  });

  it('is warned of, counted and left, and a hundred end the session', async (test) => {
    const server = await scriptedServer(test);
    const { source, warnings } = sourceOn(test, server.port, { subscriptions });
    await source.open();
    const stray = 'MESSAGE\nsubscription:odd\ndestination:/queue/x\nmessage-id:m1\nack:m1\n\nx\0';
    server.say(stray.repeat(3));
    await eventually(() => warnings.length === 3);
    assert.match(warnings[2] ?? '', /^stray-message: .*"odd".*unacknowledged \(3 so far\)/);
    assert.doesNotMatch(server.heard(), /ACK/);
    server.say(stray.repeat(97));
    const gone = { code: 'BROKER_ERROR', message: /100 messages for subscriptions/ };
    await assert.rejects(async () => {
      for (let turn = 0; turn < 10; turn++) await source.next(ALL, NEVER);
    }, gone);
  });

  it('is not one when its subscription was ended', async (test) => {
    const strays: number[] = [];
    const { server, session } = await scripted(test, undefined, { onStray: (_frame, count) => strays.push(count) });
    const id = await session.listen({ destination: '/queue/a' }, () => undefined);
    await session.unlisten(id);
    server.say(`MESSAGE\nsubscription:${id}\nmessage-id:m1\nack:m1\n\nx\0`);
    server.say('MESSAGE\nsubscription:odd\nmessage-id:m2\nack:m2\n\nx\0');
    await eventually(() => strays.length > 0);
    assert.deepEqual(strays, [1]);
  });
});

describe('the id of a MESSAGE', () => {
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    it(`must be there on ${version}, or the session ends`, async (test) => {
      const { server, session } = await scripted(test, VERSIONS[version]);
      await session.listen({ destination: '/queue/a', ack: 'client-individual' }, () => undefined);
      server.say('MESSAGE\nsubscription:1\ndestination:/queue/a\n\nx\0');
      const error = await session.ended;
      assert.equal(error?.code, 'FRAME_MALFORMED');
      assert.match(error?.message ?? '', /without message-id, which cannot be acknowledged/);
      assert.doesNotMatch(server.heard(), /ACK/);
    });

    it(`goes back byte for byte on ${version}, though it is not UTF-8`, async (test) => {
      const { server, session } = await scripted(test, VERSIONS[version]);
      await session.listen({ destination: '/queue/a', ack: 'client-individual', id: 'clé' }, (frame) =>
        session.ack(frame),
      );
      const subscription = Buffer.from('clé').toString('latin1');
      const id = version === '1.0' ? '\xff\xe9' : '\xff\\c\xe9';
      server.say(`MESSAGE\nsubscription:${subscription}\nmessage-id:${id}\nack:${id}\n\nx\0`);
      const expected = {
        '1.0': `ACK\nmessage-id:${id}\n\n\0`,
        '1.1': `ACK\nsubscription:${subscription}\nmessage-id:${id}\n\n\0`,
        '1.2': `ACK\nid:${id}\n\n\0`,
      }[version];
      await eventually(() => server.heard().includes(expected), { what: expected });
    });
  }
});

describe('an ERROR in answer to CONNECT with a message header', () => {
  it('is told without the passcode, should the broker repeat it', async (test) => {
    const server = await scriptedServer(test, 'ERROR\nmessage:Access refused for me/pw1234\n\n\0');
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const opening = StompSession.connect({ endpoint, login: 'me', passcode: 'pw1234' });
    await assert.rejects(opening, { code: 'LOGIN_REFUSED', message: /Access refused for me\/\*{8};/ });
  });
});

describe('what a broker says besides an ERROR', () => {
  const odd = `pw1234\x1b[2J${'x'.repeat(1000)}`;

  it('of itself is told on one line, cut, and without the passcode', async (test) => {
    const connected = `CONNECTED\nversion:1.2\nserver:${odd}\n\n\0`;
    const { session } = await scripted(test, connected, { login: 'me', passcode: 'pw1234' });
    assert.match(session.server ?? '', /^\*{8}\\u001b\[2Jx{80,100}…$/);
  });

  it('of its version is told so too', async (test) => {
    const opening = scripted(test, `CONNECTED\nversion:${odd}\n\n\0`, { login: 'me', passcode: 'pw1234' });
    await assert.rejects(opening, {
      code: 'BROKER_ERROR',
      message: /chose STOMP \*{8}\\u001b\[2Jx{200,300}…, of 1\.2,/,
    });
  });
});

describe('an ERROR in answer to CONNECT without a message header', () => {
  for (const { name, body, code, says } of [
    {
      name: 'a refused login',
      body: 'Access denied: bad password pw1234\nat x',
      code: 'LOGIN_REFUSED',
      says: /bad password \*{8};/,
    },
    {
      name: 'another reason',
      body: '\nToo many connections\r\nat x',
      code: 'BROKER_ERROR',
      says: /Too many connections$/,
    },
    { name: 'no reason', body: '', code: 'BROKER_ERROR', says: /no reason given/ },
  ]) {
    it(`tells ${name} from the first line of its body`, async (test) => {
      const server = await scriptedServer(test, `ERROR\n\n${body}\0`);
      const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
      const opening = StompSession.connect({ endpoint, login: 'me', passcode: 'pw1234' });
      await assert.rejects(opening, { code, message: says });
    });
  }
});
