import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eachAtMost } from '../../src/base/each-at-most.js';

describe('work on each of a list', () => {
  it('is begun in order, so many at a time, until all are done', async () => {
    const begun: number[] = [];
    const under = new Map<number, () => void>();
    const all = eachAtMost(3, [0, 1, 2, 3, 4], (item, done) => {
      begun.push(item);
      under.set(item, done);
    });
    assert.deepEqual(begun, [0, 1, 2]);
    under.get(1)?.();
    assert.deepEqual(begun, [0, 1, 2, 3]);
    for (const item of [0, 2, 3]) under.get(item)?.();
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
    let over = false;
    void all.then(() => {
      over = true;
    });
    await Promise.resolve();
    assert.equal(over, false);
    under.get(4)?.();
    await all;
  });

  it('may be done at once, and of nothing at all', async () => {
    const begun: number[] = [];
    await eachAtMost(2, [1, 2, 3, 4, 5], (item, done) => {
      begun.push(item);
      done();
    });
    assert.deepEqual(begun, [1, 2, 3, 4, 5]);
    await eachAtMost(2, [], () => assert.fail());
  });
});
