import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Scene } from '../support/scene.js';

describe('stompctl queue retry', () => {
  it('leaves a message whose body was not kept where it is, and says so', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('failures', 1, { destination: '/queue/q', 'x-stompctl-body-bytes': '5000000' });
    const ended = await scene.run(['queue', 'retry', scene.path('failures'), '--to', scene.path('in')]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /5000000 bytes.*is not here/);
    assert.deepEqual([scene.stored('failures'), scene.stored('in')], [[0], []]);
  });
});
