import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { brokerKinds, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { filesOf } from '../support/sample-messages.js';
import { upTo } from '../support/scene.js';

/** What each broker refuses: RabbitMQ without saying which message it means, ActiveMQ before it has read its receipt. */
const POISON = {
  rabbitmq: { destination: '/exchange/no-such-exchange/key' },
  activemq: { 'x-long': 'x'.repeat(20_000) },
} as const;

const PORTION = 100;

for (const kind of brokerKinds()) {
  if (kind === 'artemis') continue; // not observed
  describe(`messages that ${kind} refuses`, () => {
    const broker = useBroker(kind);

    it('go to the failure queue, and everything else arrives', async (test) => {
      const scene = await RealScene.set(test, broker());
      const poisoned: number[] = [];
      for (let portion = 0; portion < 3; portion += 1) {
        scene.produce(PORTION);
        poisoned.push(scene.produced);
        scene.produce(1, POISON[kind]);
      }
      scene.produce(PORTION);
      const receiver = scene.startReceiver(broker().uri);
      const failures = ['--failure-queue', `path=${scene.path('failed')}`];
      const sender = scene.startSender(broker().uri, ...failures, '--max-attempts', '2');
      const good = upTo(scene.produced).filter((number) => !poisoned.includes(number));
      await eventually(() => scene.numbers('out').length === good.length && scene.elements('failed') === 3, {
        deadlineMs: 120_000,
        everyMs: 50,
        what: 'every message is where it belongs',
      });
      for (const end of [sender, receiver]) await stopsWell(end);
      assert.deepEqual(scene.numbers('out'), good);
      assert.deepEqual(scene.numbers('failed'), poisoned);
      assert.deepEqual(filesOf(scene.path('in')), []);
      assert.equal(sender.log('rejected').length, 3);
      const sessions = sender.log('session-open').length;
      test.diagnostic(`${sessions} sessions, ${scene.elements('out') - good.length} duplicates`);
    });
  });
}
