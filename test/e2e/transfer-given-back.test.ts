import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { type Options, ReloadScene } from '../support/reload-scene.js';
import { produce } from '../support/sample-messages.js';
import { numbered, Scene, upTo } from '../support/scene.js';

// What a drain had no time for stays with the source: then the sink, which had not written it yet, must not write it later.

const COUNT = 40;

/** A run into a queue that is full after a few messages, so that what is left waits in its sink. */
async function full(test: TestContext, more: Options) {
  const scene = await Scene.set(test);
  scene.fill('in', COUNT);
  mkdirSync(scene.path('out'));
  const options: Options = {
    'incoming-queue': { path: scene.path('in') },
    'outgoing-queue': { path: scene.path('out'), 'max-elements': 5 },
    loop: true,
    remove: true,
    sync: 'message',
    'timeout-linger': 0.05,
    ...more,
  };
  const run = await ReloadScene.run(test, options, scene.folder);
  await eventually(() => run.logger.events('queue-full').length > 0);
  return { scene, run, options };
}

describe('what is given back because the time to settle it was over', () => {
  for (const sync of ['message', 'batch'] as const) {
    it(`at a stop is not written by the sink as well, sync = ${sync}`, async (test) => {
      const { scene, run } = await full(test, { sync });
      const { released } = await run.stop();
      assert.ok(released > 0);
      const first = scene.stored('out');
      assert.equal(first.length, 5);
      assert.equal(released, COUNT - first.length);
      const ended = await scene.run(scene.mover());
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(scene.stored('out'), upTo(COUNT));
    });
  }

  it('at a stop is not written by a sink that is slow', async (test) => {
    const scene = await Scene.set(test);
    const count = 1500;
    scene.fill('in', count);
    const options: Options = {
      'incoming-queue': { path: scene.path('in') },
      'outgoing-queue': { path: scene.path('out') },
      loop: true,
      remove: true,
      sync: 'message',
      'timeout-linger': 0.01,
    };
    const run = await ReloadScene.run(test, options, scene.folder);
    await eventually(() => run.built.statistics.snapshot().sent > 0);
    await run.stop();
    const ended = await scene.run(scene.mover());
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(count));
  });

  it('at a reload of the source is not written by the sink as well, however often', async (test) => {
    const { scene, run, options } = await full(test, {});
    for (const maxlock of [601, 602, 603]) {
      await run.reload({ ...options, 'incoming-queue': { path: scene.path('in'), maxlock } });
      assert.ok(run.built.transfer.inFlight <= COUNT);
    }
    await run.reload({ ...options, 'outgoing-queue': { path: scene.path('out') } });
    await eventually(() => scene.stored('out').length >= COUNT);
    await eventually(() => run.built.transfer.inFlight === 0);
    assert.deepEqual(scene.stored('out'), upTo(COUNT));
    produce(scene.path('in'), numbered(1, {}, COUNT));
    await eventually(() => scene.stored('out').length >= COUNT + 1);
    assert.deepEqual(scene.stored('out'), upTo(COUNT + 1));
  });
});
