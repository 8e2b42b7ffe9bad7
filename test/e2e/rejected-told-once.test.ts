import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Scene } from '../support/scene.js';

const REFUSES_ONE = ['--callback-language', 'javascript', '--callback-code', 'if (hdr["x-number"] === "1") throw 1'];

describe('a message that is rejected, and stays in its queue', () => {
  it('is told once, however often it is tried again', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const run = scene.start(scene.mover('--loop', '--log-level', 'debug', ...REFUSES_ONE));
    await eventually(() => run.log('rejected-again').length >= 2, { what: 'it is tried for the third time' });
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(run.log('rejected').length, 1);
    assert.deepEqual(scene.stored('in'), [1]);
    assert.deepEqual(scene.stored('out'), [0, 2]);
  });
});
