import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { type RealBroker, startActivemq, startRabbitmq } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { upTo } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';

const DEADLINE = { deadlineMs: 120_000 };

/** A sender to RabbitMQ, ActiveMQ and a queue, each of them an output. */
class Outputs {
  readonly scene: RealScene;
  readonly rabbitmq: RealBroker;
  readonly activemq: RealBroker;
  readonly run: StompctlProcess;

  private constructor(scene: RealScene, rabbitmq: RealBroker, activemq: RealBroker, deliver: string) {
    this.scene = scene;
    this.rabbitmq = rabbitmq;
    this.activemq = activemq;
    const broker = ({ uri, user, pass }: RealBroker) => ({ uri, auth: { scheme: 'plain', name: user, pass } });
    const outgoing = [
      { broker: { rabbitmq: broker(rabbitmq) } },
      { broker: { activemq: broker(activemq) } },
      { queue: { local: { path: scene.path('local') } } },
    ];
    const from = { 'incoming-queue': { path: scene.path('in') }, loop: true, remove: true, window: 50 };
    writeFileSync(scene.path('x.yaml'), JSON.stringify({ ...from, outgoing, deliver }), { mode: 0o600 });
    this.run = scene.start(['--config', scene.path('x.yaml')]);
  }

  static async set(test: TestContext, deliver: string): Promise<Outputs> {
    const started = await Promise.allSettled([startRabbitmq(), startActivemq()]);
    const brokers: RealBroker[] = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    test.after(async () => {
      await Promise.all(brokers.map((broker) => broker.stop()));
    });
    const [rabbitmq, activemq] = brokers;
    assert.ok(rabbitmq !== undefined && activemq !== undefined, 'both brokers start');
    const scene = await RealScene.set(test, rabbitmq);
    await keptQueue(rabbitmq, scene.destination);
    return new Outputs(scene, rabbitmq, activemq, deliver);
  }

  /** Puts more in, kills the broker while they are under way, and waits until all are sent, or `settled` says so. */
  async killDuring(dying: RealBroker, settled: () => boolean): Promise<void> {
    this.scene.produce(500);
    await eventually(() => this.scene.elements('in') < 450, { ...DEADLINE, everyMs: 1, what: 'it is under way' });
    await dying.kill('SIGKILL');
    await eventually(settled, { ...DEADLINE, what: 'the others go on' });
  }

  /** Receives all that is at a broker. */
  async received(broker: RealBroker, into: string, wanted: number): Promise<number[]> {
    const from = ['--incoming-broker-uri', broker.uri, '--subscribe', `destination=${this.scene.destination}`];
    const auth = ['--incoming-broker-auth', `plain name=${broker.user} pass=${broker.pass}`];
    const to = ['--outgoing-queue', `path=${this.scene.path(into)}`];
    const run = this.scene.start([...from, ...auth, ...to, '--timeout-inactivity', '5']);
    await eventually(() => this.scene.numbers(into).length >= wanted, DEADLINE);
    assert.equal((await run.ended()).code, 0, run.stderr.slice(-2000));
    return this.scene.numbers(into);
  }
}

describe('a sender to RabbitMQ, ActiveMQ and a queue', () => {
  it('with deliver = first goes on with the next one, and back, and loses nothing', async (test) => {
    const outputs = await Outputs.set(test, 'first');
    const { scene, rabbitmq, activemq, run } = outputs;
    const empty = () => scene.elements('in') === 0;
    await outputs.killDuring(rabbitmq, empty);
    await outputs.killDuring(activemq, empty);
    assert.ok(scene.elements('local') > 0, 'both are away: the queue has the rest');
    const sessions = run.log('session-open').length;
    await Promise.all([rabbitmq.start(), activemq.start()]);
    await eventually(() => run.log('session-open').length >= sessions + 2, DEADLINE);
    const before = scene.elements('local');
    scene.produce(100);
    await eventually(empty, DEADLINE);
    assert.equal(scene.elements('local'), before, 'the first has them again');
    await stopsWell(run);
    const all = [
      ...(await outputs.received(rabbitmq, 'from-rabbitmq', 100)),
      ...(await outputs.received(activemq, 'from-activemq', 1)),
      ...scene.numbers('local'),
    ];
    assert.deepEqual(
      [...new Set(all)].sort((a, b) => a - b),
      upTo(scene.produced),
    );
  });

  it('with deliver = every waits for the one that was killed, and all have all', async (test) => {
    const outputs = await Outputs.set(test, 'every');
    const { scene, rabbitmq, activemq, run } = outputs;
    for (const dying of [rabbitmq, activemq]) {
      await outputs.killDuring(dying, () => scene.elements('in') > 0);
      await dying.start();
      await eventually(() => scene.elements('in') === 0, DEADLINE);
    }
    await stopsWell(run);
    const everything = upTo(scene.produced);
    assert.deepEqual(scene.numbers('local'), everything);
    assert.deepEqual(await outputs.received(rabbitmq, 'from-rabbitmq', scene.produced), everything);
    assert.deepEqual(await outputs.received(activemq, 'from-activemq', scene.produced), everything);
  });
});
