import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { startRabbitmq } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { produce } from '../support/sample-messages.js';
import { ascending, numbered, upTo } from '../support/scene.js';

const DEADLINE = { deadlineMs: 120_000 };
const EACH = 300;

/** By the bodies: headers of a message that came over STOMP are not told to who receives over AMQP 1.0 (docs/amqp.md). */
function numbers(scene: RealScene): number[] {
  const all = scene.messages('out').map(({ body }) => Number(String(body).slice('body '.length)));
  return [...new Set(all)].sort(ascending);
}

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
      { broker: { 'over-stomp': { ...stomp, uri: rabbitmq.uri } } },
      { broker: { 'over-amqp091': { ...amqp091, uri: amqp, protocol: 'amqp091' } } },
      { broker: { 'over-amqp1': { ...amqp1, uri: amqp, protocol: 'amqp1' } } },
      { queue: { local: { path: scene.path('local') } } },
    ];
    const to = { 'outgoing-queue': { path: scene.path('out') }, loop: true, remove: true, window: 40 };
    writeFileSync(scene.path('x.yaml'), JSON.stringify({ incoming, ...to }), { mode: 0o600 });
    const run = scene.start(['--config', scene.path('x.yaml')]);
    const underWay = () => !run.running || scene.elements('out') > EACH;
    await eventually(underWay, { ...DEADLINE, everyMs: 1, what: 'it is under way' });
    assert.ok(run.running, run.stderr.slice(-2000));
    await rabbitmq.kill('SIGKILL');
    local(100);
    await eventually(() => scene.elements('local') === 0, { ...DEADLINE, what: 'the queue goes on' });
    await rabbitmq.start();
    await eventually(() => numbers(scene).length === count, { ...DEADLINE, everyMs: 50 });
    await stopsWell(run);
    assert.deepEqual(numbers(scene), upTo(count));
    assert.equal(run.log('input-failed').length, 0);
  });
});
