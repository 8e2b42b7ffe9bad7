import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerRefusesLogin } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { Scene, upTo } from '../support/scene.js';
import { startedBroker } from '../support/started-broker.js';

/** In the order given. */
function oneOf(...uris: readonly string[]): string[] {
  return ['--outgoing-broker-uri', `failover:(${uris.join(',')})?randomize=false`];
}

describe('a refused login', { concurrency: 3 }, () => {
  it('by one of a list: the next is tried at once, also in a run that ends by itself', async (test) => {
    const refusing = await startedBroker(test, { faults: [brokerRefusesLogin()] });
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const run = scene.start(scene.sender(...oneOf(refusing.uri, scene.broker.uri), '--reconnect-max-delay', '3600'));
    await eventually(() => !run.running);
    const ended = await run.ended();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.arrived(), upTo(3));
    assert.match(ended.stderr, /no login was given: .*; trying the next broker of the list/);
  });

  it('by all of a list ends a run that ends by itself: exit 77, each asked once', async (test) => {
    const one = await startedBroker(test, { faults: [brokerRefusesLogin()] });
    const other = await startedBroker(test, { faults: [brokerRefusesLogin()] });
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const ended = await scene.run(scene.sender(...oneOf(one.uri, other.uri)));
    assert.equal(ended.code, 77, ended.stderr);
    assert.deepEqual([one.connectionsMade, other.connectionsMade], [1, 1]);
    assert.deepEqual(scene.stored('in'), upTo(3));
  });

  for (const bound of [
    ['--count', '1'],
    ['--duration', '3600'],
    ['--timeout-inactivity', '3600'],
  ] as const) {
    it(`ends a receiver at once that has an end: ${bound[0]}: exit 77 with the reason`, async (test) => {
      const scene = await Scene.set(test, { faults: [brokerRefusesLogin({ message: 'Bad CONNECT' })] });
      const run = scene.start(scene.receiver(...bound));
      await eventually(() => !run.running);
      const ended = await run.ended();
      assert.equal(ended.code, 77, ended.stderr);
      assert.match(ended.stderr, /the broker refused the login: Bad CONNECT/);
    });
  }
});
