import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompSession } from '../../src/stomp/session.js';
import { eventually } from '../support/eventually.js';
import { useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';

const BIG = Buffer.alloc(3_000_000, 'x');
const SUBSCRIPTIONS = 20;

for (const kind of ['activemq', 'rabbitmq'] as const) {
  describe(`a receiver on ${kind}`, () => {
    const broker = useBroker(kind);

    it('opens twenty subscriptions where messages of 3 MB wait, and skips those that are too large', async (test) => {
      const scene = await RealScene.set(test, broker());
      const { host, port, user, pass } = broker();
      const endpoint = { transport: 'tcp', host, port } as const;
      const session = await StompSession.connect({ endpoint, login: user, passcode: pass });
      test.after(() => session.close());
      const names = Array.from({ length: SUBSCRIPTIONS }, (_, number) => `${scene.destination}-${number}`);
      for (const destination of names) {
        for (const body of [BIG, Buffer.concat([BIG, BIG])]) await session.send({ destination }, body);
      }
      const run = scene.startReceiver(
        broker().uri,
        ...names.flatMap((destination) => ['--subscribe', `destination=${destination}`]),
        ...['--window-bytes', '1000000', '--max-message-size', '4000000'],
        ...['--failure-queue', `path=${scene.path('failures')}`],
      );
      const moved = () => scene.elements('out') === SUBSCRIPTIONS && scene.elements('failures') === SUBSCRIPTIONS;
      await eventually(moved, { deadlineMs: 120_000, what: run.stderr.slice(-2000) });
      await stopsWell(run);
      assert.equal(run.log('session-open').length, 1);
    });
  });
}
