import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { headerOf, type RawFrame, RawStomp } from '../support/raw-stomp.js';
import { type BrokerKind, brokerKinds, type RealBroker, useBroker } from '../support/real-brokers.js';

// What docs/brokers.md says of the opening of a session, asked with a raw socket.

const SERVER: Readonly<Record<BrokerKind, RegExp>> = {
  rabbitmq: /^RabbitMQ\/\d/,
  activemq: /^ActiveMQ\/\d/,
  artemis: /^ActiveMQ-Artemis\/\d/,
};

for (const kind of brokerKinds()) {
  describe(`opening a session on ${kind}`, () => {
    const broker = useBroker(kind);

    test('the server header tells the kind', async () => {
      const { answer } = await connect(broker());
      assert.equal(answer.command, 'CONNECTED');
      assert.match(headerOf(answer, 'server') ?? '', SERVER[kind]);
    });

    for (const version of ['1.0', '1.1', '1.2']) {
      test(`version ${version} is agreed when it is the only one offered`, async () => {
        const { answer } = await connect(broker(), { 'accept-version': version });
        assert.equal(headerOf(answer, 'version'), version);
      });
    }

    test('the highest version offered is chosen', async () => {
      const { answer } = await connect(broker(), { 'accept-version': '1.0,1.1,1.2' });
      assert.equal(headerOf(answer, 'version'), '1.2');
    });

    if (kind === 'activemq') {
      test('a wrong password gets ERROR, or the connection is closed without a word', async () => {
        const tries = Array.from({ length: 20 }, () => ask(broker(), { passcode: 'wrong' }));
        const answers = (await Promise.all(tries)).map(({ answer }) => answer?.command);
        assert.ok(answers.includes('ERROR'), String(answers));
        assert.deepEqual(
          answers.filter((command) => command !== 'ERROR' && command !== undefined),
          [],
        );
      });
    } else {
      test('a wrong password gets ERROR', async () => {
        const { answer } = await connect(broker(), { passcode: 'wrong' });
        assert.equal(answer.command, 'ERROR');
      });
    }

    test('a heart-beat that we promised and do not send ends the session', async () => {
      const { answer, client } = await connect(broker(), { 'heart-beat': '500,0' });
      assert.equal(answer.command, 'CONNECTED');
      await eventually(() => client.closed, { deadlineMs: 120_000 });
    });

    test(kind === 'rabbitmq' ? 'an unknown host gets ERROR' : 'an unknown host is ignored', async () => {
      const { answer } = await connect(broker(), { host: 'nowhere' });
      assert.equal(answer.command, kind === 'rabbitmq' ? 'ERROR' : 'CONNECTED');
      if (kind === 'rabbitmq') assert.match(headerOf(answer, 'message') ?? '', /Bad CONNECT/);
    });
  });
}

/** CONNECT with those headers over the usual ones, and the first frame that comes back. */
async function connect(
  broker: RealBroker,
  over: Readonly<Record<string, string>> = {},
): Promise<{ answer: RawFrame; client: RawStomp }> {
  const { answer, client } = await ask(broker, over);
  assert.ok(answer !== undefined, 'closed without a frame');
  return { answer, client };
}

/** As `connect`; the answer is undefined when the broker closes instead of giving one. */
async function ask(
  broker: RealBroker,
  over: Readonly<Record<string, string>>,
): Promise<{ answer: RawFrame | undefined; client: RawStomp }> {
  const client = await RawStomp.open(broker);
  const usual = { 'accept-version': '1.2', host: broker.vhost, login: broker.user, passcode: broker.pass };
  client.frame('CONNECT', { ...usual, ...over });
  const answer = await client.anyNext();
  assert.ok(answer !== undefined || client.closed, 'neither a frame nor the end of the connection');
  return { answer, client };
}
