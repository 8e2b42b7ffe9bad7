import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '../../src/callback/border/board.js';
import { CallWatch } from '../../src/callback/call-watch.js';

/** Replaces the monotonic clock, in milliseconds, while `use` runs. */
function withClock(use: (set: (ms: number) => void) => void): void {
  const real = process.hrtime.bigint;
  let nowNs = 0n;
  process.hrtime.bigint = () => nowNs;
  try {
    use((ms) => {
      nowNs = BigInt(ms) * 1_000_000n;
    });
  } finally {
    process.hrtime.bigint = real;
  }
}

test('a call that lasts is seen to last', () => {
  withClock((set) => {
    const board = new Board();
    const watch = new CallWatch(board, 100);
    set(1000);
    board.begin(0);
    const lasted = [1050, 1150, 1250, 1350].map((ms) => {
      set(ms);
      return watch.look();
    });
    assert.deepEqual(lasted, [50, 150, 250, 350]);
  });
});

test('each call begins at nothing', () => {
  withClock((set) => {
    const board = new Board();
    const watch = new CallWatch(board, 100);
    set(1000);
    board.begin(0);
    set(1150);
    watch.look();
    set(1160);
    board.begin(1);
    set(1200);
    assert.equal(watch.look(), 40);
  });
});

test('while the process was stopped no time passed', () => {
  withClock((set) => {
    const board = new Board();
    const watch = new CallWatch(board, 100);
    set(1000);
    board.begin(0);
    set(1090);
    watch.look();
    set(3_601_000);
    assert.equal(watch.look(), 290);
  });
});
