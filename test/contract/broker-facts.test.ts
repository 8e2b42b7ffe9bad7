import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startedBroker } from '../support/started-broker.js';

const FACTS = ['connect', 'delivery', 'replies', 'send'].map((name) =>
  join(import.meta.dirname, '..', 'brokers', `facts-${name}.test.js`),
);
const USERS = { users: { facts: 'facts' } };

test('what holds of RabbitMQ and ActiveMQ holds of the dialects that imitate them', async (t) => {
  const rabbitmq = await startedBroker(t, { server: 'RabbitMQ/3.10.8', virtualHosts: [], ...USERS });
  const activemq = await startedBroker(t, { server: 'ActiveMQ/5.17.2', ...USERS });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    STOMPCTL_TEST_BROKERS: 'rabbitmq activemq',
    STOMPCTL_TEST_RABBITMQ: `stomp://facts:facts@127.0.0.1:${rabbitmq.port}/`,
    STOMPCTL_TEST_ACTIVEMQ: `stomp://facts:facts@127.0.0.1:${activemq.port}/`,
  };
  // set by the runner above us; with it the inner one would report to the outer one instead of to us
  delete env.NODE_TEST_CONTEXT;
  const args = ['--test', '--test-reporter=tap', ...FACTS];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 }).catch((error) => {
    assert.fail(`the facts do not hold:\n${String(error.stdout)}`);
  });
  assert.match(stdout, /^# fail 0$/m);
  assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) >= 50, 'the facts were asked');
});
