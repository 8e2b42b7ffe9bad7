import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function shell(test: TestContext, broker: RealBroker) {
  const destination = `/queue/shell-${process.pid}-${Date.now()}`;
  const file = join(await tempFolder(test), 'lines');
  writeFileSync(file, [1, 2, 3].map((body) => `{"body":"${body}"}\n`).join(''));
  const login = ['--user', broker.user, '--pass-env', 'BROKER_PASS'];
  const run = (side: 'incoming' | 'outgoing', command: string, ...args: readonly string[]) => {
    const protocol = [`--${side}-broker-protocol`, 'amqp1'];
    const all = [command, amqpUriOf(broker), destination, ...args, ...protocol, ...login];
    return runStompctl(all, { env: { BROKER_PASS: broker.pass } });
  };
  return { destination, file, run };
}

describe('over AMQP 1.0, on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  it('send sends, peek takes nothing, and receive has all', async (test) => {
    const { destination, file, run } = await shell(test, broker());
    const sent = await run('outgoing', 'send', file, '--json-lines');
    assert.deepEqual([sent.code, sent.stdout, sent.stderr], [0, `sent 3 messages to ${destination}\n`, '']);
    const seen = await run('incoming', 'peek', '--count', '2');
    assert.deepEqual([seen.code, seen.stdout], [0, '1\n2\n'], seen.stderr);
    const all = await run('incoming', 'receive', '--count', '3');
    assert.deepEqual([all.code, all.stdout, all.stderr], [0, '1\n2\n3\n', '']);
  });

  it('request is refused before anything is sent: RabbitMQ 3 makes no queue for the reply', async (test) => {
    const { file, run } = await shell(test, broker());
    const asked = await run('outgoing', 'request', file);
    assert.equal(asked.code, 69, asked.stderr);
    assert.match(asked.stderr, /amqp:not-implemented: Dynamic sources not supported.*ask over amqp091 or stomp/);
    const left = await run('incoming', 'receive', '--timeout', '1');
    assert.deepEqual([left.code, left.stdout, left.stderr], [0, '', 'stompctl: no message came within 1 s\n']);
  });
});
