import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { bothBrokers, servedBy } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { upTo } from '../support/scene.js';

const DEADLINE = { deadlineMs: 120_000 };

describe('a sender and a receiver with a list of RabbitMQ and ActiveMQ', () => {
  it('go to the one that is up, as each dies in turn, and lose nothing', async (test) => {
    const { rabbitmq, activemq } = await bothBrokers(test);
    const scene = await RealScene.set(test, rabbitmq);
    await keptQueue(rabbitmq, scene.destination);
    const uri = `failover:(${rabbitmq.uri},${activemq.uri})?randomize=false&maxReconnectDelay=200`;
    const sender = scene.startSender(uri, '--window', '50');
    const receiver = scene.startReceiver(uri, '--window', '50');
    const sessions = () => [sender, receiver].map((end) => end.log('session-open').length);

    /** Numbers of this round that each broker delivered. */
    const served = (from: number) =>
      scene
        .messages('out')
        .filter(({ header }) => Number(header['x-number']) >= from)
        .map(({ header }) => servedBy(header['message-id']));

    for (const [round, alive, other] of [
      [1, rabbitmq, activemq],
      [2, activemq, rabbitmq],
      [3, rabbitmq, activemq],
    ] as const) {
      await eventually(() => sessions().every((count) => count >= round), { ...DEADLINE, what: 'both are connected' });
      if (round > 1) await other.start();
      const from = scene.produced;
      const serves = () => {
        if (scene.elements('in') === 0) scene.produce(100);
        return served(from).length > 50;
      };
      await eventually(serves, { ...DEADLINE, everyMs: 5, what: `${alive.kind} serves` });
      // in the middle of sending: to look takes longer than to send a hundred
      scene.produce(300);
      await alive.kill('SIGKILL');
      assert.deepEqual([...new Set(served(from))], [alive.kind], `only ${alive.kind} served round ${round}`);
      test.diagnostic(`${alive.kind} killed with ${scene.elements('in')} messages to send`);
    }

    await eventually(() => scene.elements('in') === 0, DEADLINE);
    for (const end of [sender, receiver]) await stopsWell(end);
    // what each had not delivered when it was killed is still there
    await rabbitmq.start();
    const collectors = [rabbitmq, activemq].map((broker) => scene.startReceiver(broker.uri));
    await eventually(() => collectors.every((end) => end.log('session-open').length > 0), DEADLINE);
    await eventually(() => scene.numbers('out').length === scene.produced, { ...DEADLINE, everyMs: 50 });
    for (const end of collectors) await stopsWell(end);
    assert.deepEqual(scene.numbers('out'), upTo(scene.produced));
  });
});
