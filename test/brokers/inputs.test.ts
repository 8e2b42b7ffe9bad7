import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { startRabbitmq } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { produce } from '../support/sample-messages.js';
import { numbered, upTo } from '../support/scene.js';

const DEADLINE = { deadlineMs: 120_000 };
const EACH = 300;

describe('a queue and RabbitMQ over STOMP, AMQP 0-9-1 and AMQP 1.0, each of them an input', () => {
  it('are merged into one queue, also while RabbitMQ is killed, and nothing is lost', async (test) => {
    const rabbitmq = await startRabbitmq();
    test.after(() => rabbitmq.stop());
    const scene = await RealScene.set(test, rabbitmq);
    const destinations = ['stomp', 'amqp091', 'amqp1'].map((name) => `${scene.destination}-${name}`);
    const sender = scene.startSender(rabbitmq.uri);
    for (const destination of destinations) {
      await keptQueue(rabbitmq, destination);
      scene.produce(EACH, { destination });
    }
    await eventually(() => scene.elements('in') === 0, DEADLINE);
    await stopsWell(sender);
    let count = scene.produced;
    const local = (more: number) => {
      produce(scene.path('local'), numbered(more, {}, count));
      count += more;
    };
    local(EACH);

    const auth = { scheme: 'plain', name: rabbitmq.user, pass: rabbitmq.pass };
    const [stomp, amqp091, amqp1] = destinations.map((destination) => ({ auth, subscribe: { destination } }));
    const amqp = amqpUriOf(rabbitmq);
    const incoming = [
      { broker: { stomp: { ...stomp, uri: rabbitmq.uri } } },
      { broker: { amqp091: { ...amqp091, uri: amqp, protocol: 'amqp091' } } },
      { broker: { amqp1: { ...amqp1, uri: amqp, protocol: 'amqp1' } } },
      { queue: { local: { path: scene.path('local') } } },
    ];
    const to = { 'outgoing-queue': { path: scene.path('out') }, loop: true, remove: true, window: 40 };
    writeFileSync(scene.path('x.yaml'), JSON.stringify({ incoming, ...to }), { mode: 0o600 });
    const run = scene.start(['--config', scene.path('x.yaml')]);
    await eventually(() => scene.elements('out') > EACH, { ...DEADLINE, everyMs: 1, what: 'it is under way' });
    await rabbitmq.kill('SIGKILL');
    local(100);
    await eventually(() => scene.elements('local') === 0, { ...DEADLINE, what: 'the queue goes on' });
    await rabbitmq.start();
    await eventually(() => scene.numbers('out').length === count, { ...DEADLINE, everyMs: 50 });
    await stopsWell(run);
    assert.deepEqual(scene.numbers('out'), upTo(count));
    assert.equal(run.log('input-failed').length, 0);
  });
});
