import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerFallsSilent } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { Scene, upTo } from '../support/scene.js';

const REJECTS = ['--callback-language', 'javascript', '--callback-code', 'throw new Error("no")'];
const LINGER = ['--timeout-linger', '0.3'];

describe('a stop', { concurrency: 3 }, () => {
  for (const from of ['queue', 'broker'] as const) {
    it(`is bounded by timeout-linger while the failure queue is full, from a ${from}: nothing is lost`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('failures', 3);
      const failures = ['--failure-queue', `path=${scene.path('failures')} max-elements=2`];
      if (from === 'queue') scene.fill('in', 5);
      else scene.publish(5);
      const args = [...failures, ...LINGER, ...REJECTS];
      const run = scene.start(from === 'queue' ? scene.sender('--loop', ...args) : scene.receiver(...args));
      await eventually(() => run.log('rejected').length === 5 && run.log('queue-full').length === 1);
      run.signal('SIGTERM');
      // far from the minutes that flush and disconnect may take
      await eventually(() => !run.running);
      const ended = await run.ended();
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(run.log('linger-exceeded').length, 1);
      const left = from === 'queue' ? scene.stored('in') : scene.arrived();
      assert.deepEqual([left.sort(), scene.stored('failures')], [upTo(5), upTo(3)]);
    });
  }

  it('by count, with a broker that has gone silent: LINGER_EXCEEDED, 75, without the wait for its farewell', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerFallsSilent({ command: 'RECEIPT' })] });
    scene.fill('in', 3);
    const run = scene.start(scene.sender('--loop', '--count', '3', '--no-heart-beat', ...LINGER));
    await eventually(() => !run.running);
    const ended = await run.ended();
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /"code":"LINGER_EXCEEDED"/);
    assert.deepEqual(scene.stored('in'), upTo(3));
  });
});
