import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { AmqpPeer } from '../support/amqp-peer.js';
import { eventually } from '../support/eventually.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';

async function brokerWith(test: TestContext, server: string, count: number): Promise<InProcessBroker> {
  const broker = await InProcessBroker.start({ server });
  test.after(() => broker.stop());
  for (let number = 1; number <= count; number += 1) broker.publish('/queue/a', {}, String(number));
  return broker;
}

const TEN = Array.from({ length: 10 }, (_, index) => `${index + 1}\n`).join('');

describe('stompctl peek', () => {
  it('browses ActiveMQ, to the end of the queue, and takes nothing', async (test) => {
    const broker = await brokerWith(test, 'ActiveMQ/5.17.2', 3);
    // a browser that waited for more would wait so long
    const ended = await runStompctl(['peek', broker.uri, '/queue/a', '--timeout', '1000']);
    assert.deepEqual([ended.code, ended.stdout], [0, '1\n2\n3\n']);
    assert.match(ended.stderr, /this broker shows its messages: nothing is taken/);
    assert.equal(broker.received('/queue/a').delivered, 0);
  });

  for (const server of ['RabbitMQ/3.10.8', 'ActiveMQ-Artemis/2.20.0']) {
    it(`has messages given out by ${server}, gives them back, and says so`, async (test) => {
      const broker = await brokerWith(test, server, 12);
      const ended = await runStompctl(['peek', broker.uri, '/queue/a', '--timeout', '1000']);
      assert.deepEqual([ended.code, ended.stdout], [0, TEN]);
      assert.match(ended.stderr, /they are taken and given back, and are marked as delivered before/);
      await eventually(() => broker.depth('/queue/a').ready === 12);
      assert.equal(broker.received('/queue/a').acknowledged, 0);
    });
  }

  it('has RabbitMQ give out no more than it prints', async (test) => {
    const broker = await brokerWith(test, 'RabbitMQ/3.10.8', 500);
    const ended = await runStompctl(['peek', broker.uri, '/queue/a', '--count', '150', '--timeout', '1000']);
    assert.equal(ended.stdout.split('\n').length, 151, ended.stderr);
    assert.equal(broker.received('/queue/a').delivered, 150);
  });

  it('takes nothing when it is killed in the middle of it', async (test) => {
    const broker = await brokerWith(test, 'RabbitMQ/3.10.8', 5);
    const run = new StompctlProcess(['peek', broker.uri, '/queue/a', '--timeout', '1000']);
    await eventually(() => broker.depth('/queue/a').unacknowledged === 5);
    await run.stop('SIGKILL');
    await eventually(() => broker.depth('/queue/a').ready === 5);
  });

  it('ends with 0 where nothing is', async (test) => {
    const broker = await brokerWith(test, 'RabbitMQ/3.10.8', 0);
    const ended = await runStompctl(['peek', broker.uri, '/queue/a', '--timeout', '0.2']);
    assert.deepEqual([ended.code, ended.stdout], [0, '']);
  });

  it('has messages given out over AMQP, no more than it prints, gives them back, and says so', async (test) => {
    const peer = await AmqpPeer.start(test);
    const uri = `amqp://127.0.0.1:${peer.port}`;
    const run = new StompctlProcess(['peek', uri, '/queue/a', '--count', '2', '--timeout', '1000']);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => peer.consumer !== '');
    for (const body of ['1', '2']) peer.deliver(Buffer.from(body));
    const ended = await run.ended();
    assert.deepEqual([ended.code, ended.stdout], [0, '1\n2\n']);
    assert.match(ended.stderr, /they are taken and given back, and are marked as delivered before/);
    assert.deepEqual([peer.prefetch, peer.acknowledged], [2, []]);
  });
});
