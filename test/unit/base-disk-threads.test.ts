import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskThreads } from '../../src/base/disk-threads.js';

/** Work that is done when told; what was begun stands in `begun`. */
class Work {
  readonly begun: number[] = [];
  readonly #dones = new Map<number, () => void>();
  readonly all: Promise<void>;
  over = false;

  constructor(threads: DiskThreads, items: number) {
    const numbers = Array.from({ length: items }, (_, index) => index);
    this.all = threads
      .each(numbers, (item, done) => {
        this.begun.push(item);
        this.#dones.set(item, done);
      })
      .then(() => {
        this.over = true;
      });
  }

  done(item: number): void {
    this.#dones.get(item)?.();
  }
}

describe('the threads that wait for the disk', () => {
  it('work on each in order, until all are done', async () => {
    const work = new Work(new DiskThreads(4), 5);
    assert.deepEqual(work.begun, [0, 1, 2]);
    work.done(1);
    assert.deepEqual(work.begun, [0, 1, 2, 3]);
    for (const item of [0, 2, 3]) work.done(item);
    assert.deepEqual(work.begun, [0, 1, 2, 3, 4]);
    await Promise.resolve();
    assert.equal(work.over, false);
    work.done(4);
    await work.all;
  });

  it('may be done at once, and with nothing at all', async () => {
    const begun: number[] = [];
    const threads = new DiskThreads(4);
    await threads.each([1, 2, 3, 4, 5], (item, done) => {
      begun.push(item);
      done();
    });
    assert.deepEqual(begun, [1, 2, 3, 4, 5]);
    await threads.each([], () => assert.fail());
    assert.equal(new Work(threads, 10).begun.length, 3, 'all were given back');
  });

  it('are left to others by those whose disk hangs', () => {
    for (const [size, shares] of [
      [128, [112, 14, 1]],
      [32, [28, 3]],
      [8, [7]],
      [4, [3]],
    ] as const) {
      const threads = new DiskThreads(size);
      const hanging = shares.map(() => new Work(threads, 512).begun.length);
      assert.deepEqual(hanging, shares);
      assert.ok(hanging.reduce((sum, count) => sum + count, 0) < size, 'one is free');
    }
  });

  it('are never waited for in vain: one of each is under way', () => {
    const threads = new DiskThreads(2);
    for (const work of [new Work(threads, 3), new Work(threads, 3), new Work(threads, 3)]) {
      for (let item = 0; item < 3; item += 1) {
        assert.deepEqual(work.begun.at(-1), item);
        if (item < 2) work.done(item);
      }
    }
  });

  it('go to who is left when others are done', () => {
    const threads = new DiskThreads(32);
    const first = new Work(threads, 28);
    const second = new Work(threads, 100);
    assert.deepEqual([first.begun.length, second.begun.length], [28, 3]);
    for (let item = 0; item < 28; item += 1) first.done(item);
    second.done(0);
    assert.equal(second.begun.length, 1 + 28);
  });
});
