import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { subscribe } from '../../src/amqp/subscribe.js';
import { amqpSession, amqpUriOf } from '../support/amqp-client.js';
import { DocumentedSession, documentedSteps } from '../support/documented-session.js';
import { serveDoubles } from '../support/doubling.js';
import { eventually } from '../support/eventually.js';
import {
  brokerKinds,
  openBroker,
  type RealBroker,
  startActivemq,
  startRabbitmq,
  useBroker,
} from '../support/real-brokers.js';
import { type Ended, runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const START = { rabbitmq: startRabbitmq, activemq: startActivemq, artemis: () => openBroker('artemis') } as const;
const COUNT = 400;

/** What of the documented sessions is another one here. */
function ownTexts({ user, pass }: RealBroker, uri: string): ReadonlyMap<string, string> {
  const own = new Map([
    ['stomp://broker.example.org:61613', uri],
    ['/queue/', `/queue/${process.pid}-${Date.now()}-`],
    ['alice.pass', 'own.pass'],
    ['--user alice', `--user ${user}`],
    ['name: alice', `name: ${user}`],
    [`'secret'`, `'${pass}'`],
  ]);
  return own;
}

async function happen(test: TestContext, broker: RealBroker, uri: string): Promise<void> {
  const session = await DocumentedSession.open(test, ownTexts(broker, uri));
  await serveDoubles(test, session, broker.pass);
  await session.happens(documentedSteps('docs/first-aid.md'));
}

for (const kind of brokerKinds()) {
  describe(`the commands of docs/first-aid.md, on ${kind}`, () => {
    const broker = useBroker(kind);

    it('do and say what stands there', async (test) => {
      await happen(test, broker(), broker().uri);
    });

    it('do and say the same over AMQP', { skip: kind !== 'rabbitmq' }, async (test) => {
      await happen(test, broker(), amqpUriOf(broker()));
    });

    it('print what a program replies that knows no STOMP', { skip: kind !== 'rabbitmq' }, async (test) => {
      const queue = `asked-${process.pid}-${Date.now()}`;
      const session = await amqpSession(test, broker());
      await subscribe(session, { destination: `/queue/${queue}` }, { id: 'c', noAck: true, prefetch: 0 }, (asked) => {
        const { replyTo = '', correlationId = '' } = asked.properties;
        const body = Buffer.from(`about ${asked.body.toString()}`);
        // as everybody does it over AMQP
        void session.publish({ exchange: '', routingKey: replyTo, properties: { correlationId }, body });
      });
      const file = join(await tempFolder(test), 'question');
      writeFileSync(file, '21');
      const { user, pass } = broker();
      const args = [
        'request',
        amqpUriOf(broker()),
        `/queue/${queue}`,
        file,
        '--user',
        user,
        '--pass-env',
        'BROKER_PASS',
      ];
      const ended = await runStompctl(args, { env: { BROKER_PASS: pass } });
      assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, 'about 21', '']);
    });
  });

  describe(`stompctl receive on ${kind}, killed in the middle of it, with its broker`, () => {
    it('prints every message at least once', { skip: kind === 'artemis' }, async (test) => {
      const broker = await START[kind]();
      test.after(() => broker.stop());
      const destination = `/queue/killed-${process.pid}`;
      const folder = await tempFolder(test);
      const login = ['--user', broker.user, '--pass-env', 'BROKER_PASS'];
      const env = { BROKER_PASS: broker.pass };
      const lines = join(folder, 'lines');
      writeFileSync(lines, Array.from({ length: COUNT }, (_, number) => `{"body":"${number}"}\n`).join(''));
      const sent = await runStompctl(['send', broker.uri, destination, lines, '--json-lines', ...login], { env });
      assert.equal(sent.code, 0, sent.stderr);
      await broker.keepQueues();

      const seen = new Set<string>();
      const start = (test: TestContext) => {
        const args = ['receive', broker.uri, destination, '--follow', '--reconnect-delay', '0.05', '--window', '20'];
        const run = new StompctlProcess([...args, '--reconnect-max-delay', '0.5', '--max-rate', '50', ...login], {
          env,
        });
        test.after(() => run.stop('SIGKILL'));
        return run;
      };
      const add = ({ stdout }: Pick<Ended, 'stdout'>) => {
        // the last line may have been cut
        for (const line of stdout.split('\n').slice(0, -1)) seen.add(line);
      };
      for (let kills = 0; kills < 2; kills += 1) {
        const run = start(test);
        await eventually(() => run.stdout.split('\n').length > 30);
        add(await run.stop('SIGKILL'));
      }
      const last = start(test);
      await eventually(() => last.stdout.split('\n').length > 30);
      await broker.kill();
      await broker.start();
      await eventually(() => {
        add(last);
        return seen.size === COUNT;
      });
      assert.equal((await last.stop()).code, 0, last.stderr);
    });
  });
}
