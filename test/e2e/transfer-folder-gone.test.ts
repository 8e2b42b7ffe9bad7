import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { runMain } from '../support/run-main.js';
import { elementPaths, filesOf, produce } from '../support/sample-messages.js';
import { numbered, Scene, upTo } from '../support/scene.js';

describe('an incoming queue whose folder goes while a run uses it', () => {
  it('makes the run stuck, is not made anew, and is read on when it is back', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const pidfile = scene.path('run.pid');
    const run = scene.start(
      scene.mover('--loop', '--pidfile', pidfile, '--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'),
    );
    await eventually(() => scene.stored('out').length === 3);
    renameSync(scene.path('in'), scene.path('gone'));
    const stuck = await eventually(async () => {
      const told = await runMain(['status', '--pidfile', pidfile]);
      return told.code === 2 && told;
    });
    assert.match(stuck.out, /\nstuck: source queue .* is away for \d+ s: .*the folder is gone: put it back/);
    assert.equal(existsSync(scene.path('in')), false);
    produce(scene.path('gone'), numbered(2, {}, 3));
    renameSync(scene.path('gone'), scene.path('in'));
    await eventually(() => scene.stored('out').length >= 5);
    // the folder may have gone before what was stored was removed from it: that is done now, and nothing comes twice
    await eventually(() => elementPaths(scene.path('in')).length === 0);
    await eventually(async () => (await runMain(['status', '--pidfile', pidfile])).code === 0);
    assert.equal((await run.stop()).code, 0);
    assert.deepEqual(scene.stored('out'), upTo(5));
    assert.deepEqual(filesOf(scene.path('in')), []);
  });
});
