import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { bothBrokers, servedBy } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { upTo } from '../support/scene.js';

const DEADLINE = { deadlineMs: 120_000 };

describe('a sender to all and a receiver from all of RabbitMQ and ActiveMQ', () => {
  it('use both, go on with one while the other is killed, and lose nothing', async (test) => {
    const { rabbitmq, activemq } = await bothBrokers(test);
    const scene = await RealScene.set(test, rabbitmq);
    await keptQueue(rabbitmq, scene.destination);
    const uri = `failover:(${rabbitmq.uri},${activemq.uri})`;
    const sender = scene.startSender(uri, '--outgoing-broker-members', 'all', '--window', '50');
    const receiver = scene.startReceiver(uri, '--incoming-broker-members', 'all', '--window', '50');
    const sessions = () => [sender, receiver].map((end) => end.log('session-open').length);
    await eventually(() => sessions().every((count) => count === 2), { ...DEADLINE, what: 'both have both' });

    /** the kinds of brokers that delivered the numbers from `from` on */
    const served = (from: number) => {
      const fresh = scene.messages('out').filter(({ header }) => Number(header['x-number']) >= from);
      const kinds = fresh.map(({ header }) => servedBy(header['message-id']));
      return [...new Set(kinds)].sort();
    };
    scene.produce(200);
    await eventually(() => scene.numbers('out').length === 200, DEADLINE);
    assert.deepEqual(served(0), ['activemq', 'rabbitmq']);

    let round = 2;
    for (const dying of [rabbitmq, activemq]) {
      const from = scene.produced;
      scene.produce(500);
      await eventually(() => scene.elements('in') < 450, { ...DEADLINE, everyMs: 1, what: 'it is under way' });
      await dying.kill('SIGKILL');
      const alone = scene.produced;
      scene.produce(100);
      const arrived = () => scene.numbers('out').filter((number) => number >= alone).length;
      await eventually(() => arrived() === 100, { ...DEADLINE, what: 'the other takes all' });
      await eventually(() => scene.elements('in') === 0, {
        ...DEADLINE,
        what: 'nothing waits for the one that is dead',
      });
      await dying.start();
      round += 1;
      await eventually(() => sessions().every((count) => count === round), { ...DEADLINE, what: 'both are back' });
      await eventually(() => scene.numbers('out').length === scene.produced, { ...DEADLINE, everyMs: 50 });
      assert.deepEqual(served(from), ['activemq', 'rabbitmq']);
    }
    for (const end of [sender, receiver]) await stopsWell(end);
    assert.deepEqual(scene.numbers('out'), upTo(scene.produced));
    assert.equal(scene.elements('in'), 0);
  });
});
