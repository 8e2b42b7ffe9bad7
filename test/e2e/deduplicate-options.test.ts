import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { runMain } from '../support/run-main.js';
import { DESTINATION, Scene } from '../support/scene.js';

describe('deduplicate', { concurrency: 2 }, () => {
  it('by a named header drops what has the same value, and counts it', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3, { destination: DESTINATION, order: '7' });
    const to = ['--outgoing-queue', `path=${scene.path('out')} deduplicate=10 deduplicate-by=order`];
    const run = scene.start([...scene.mover('--loop', '--log-level', 'debug'), ...to]);
    await eventually(() => run.log('duplicate').length === 2);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual([scene.stored('out'), scene.stored('in')], [[0], []]);
    assert.equal(run.log('end')[0]?.duplicates, 2);
  });

  for (const [what, header, sent] of [
    ['a producer’s id', { JMSMessageID: 'ID:1' }, /^[\w-]{22}$/],
    ['the one that the message has', { JMSMessageID: 'ID:1', _AMQ_DUPL_ID: 'mine' }, /^mine$/],
    ['none when nothing names the message', {}, /^undefined$/],
  ] as const) {
    it(`to Artemis sends, as _AMQ_DUPL_ID, ${what}`, async (test) => {
      const scene = await Scene.set(test, { server: 'ActiveMQ-Artemis/2.31.0' });
      scene.fill('in', 1, { destination: DESTINATION, ...header });
      const ended = await scene.run(scene.sender());
      assert.equal(ended.code, 0, ended.stderr);
      const [message] = scene.broker.drain(DESTINATION);
      assert.match(String(message?.header._AMQ_DUPL_ID), sent);
    });
  }

  for (const [table, reason] of [
    ['path=/q type=DQN deduplicate=10', /outgoing-queue: deduplicate needs type=DQS/],
    ['path=/q deduplicate-by=order', /outgoing-queue: deduplicate-by needs deduplicate/],
    ['path=/q deduplicate=0', /deduplicate/],
  ] as const) {
    it(`refuses ${table}`, async () => {
      const told = await runMain(['--incoming-queue', 'path=/i', '--outgoing-queue', table]);
      assert.notEqual(told.code, 0);
      assert.match(told.err, reason);
    });
  }
});
