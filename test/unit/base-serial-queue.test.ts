import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SerialQueue } from '../../src/base/serial-queue.js';

it('does one after the other, in order', async () => {
  const queue = new SerialQueue();
  const seen: string[] = [];
  const work = (name: string, turns: number) => async () => {
    seen.push(`${name} begins`);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    seen.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([queue.run(work('a', 9)), queue.run(work('b', 1)), queue.run(() => 'c')]);
  assert.deepEqual(results, ['a', 'b', 'c']);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends']);
});

it('goes on after a failure, which only its own caller sees', async () => {
  const queue = new SerialQueue();
  const failed = queue.run(() => Promise.reject(new Error('broken')));
  const next = queue.run(() => 'well');
  await assert.rejects(failed, /broken/);
  assert.equal(await next, 'well');
  await queue.done();
});
