import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Board } from '../../src/callback/border/board.js';
import { CallWatch } from '../../src/callback/call-watch.js';

/** Replaces the monotonic clock, in milliseconds, and the processor time used, which is `share` of it, while `use` runs. */
function withClock(use: (set: (ms: number) => void) => void, share = 1): void {
  const real = process.hrtime.bigint;
  let nowNs = 0n;
  process.hrtime.bigint = () => nowNs;
  const used = mock.method(process, 'cpuUsage', (before?: NodeJS.CpuUsage) => ({
    user: (Number(nowNs) / 1000) * share - (before?.user ?? 0),
    system: 0,
  }));
  try {
    use((ms) => {
      nowNs = BigInt(ms) * 1_000_000n;
    });
  } finally {
    process.hrtime.bigint = real;
    used.mock.restore();
  }
}

function lastedAt(looks: readonly number[], share: number): number[] {
  const lasted: number[] = [];
  withClock((set) => {
    const watch = new CallWatch(new Board(), 100);
    for (const ms of looks) {
      set(ms);
      lasted.push(watch.look());
    }
  }, share);
  return lasted;
}

test('time that a busy machine gave to others counts for an eighth, and sleep has an end', () => {
  assert.deepEqual(lastedAt([80, 160, 240], 0.5), [40, 80, 120]);
  assert.deepEqual(lastedAt([80, 160, 240], 0), [10, 20, 30]);
  assert.deepEqual(lastedAt([80, 160, 240], 4), [80, 160, 240], 'other threads are no reason for more');
});

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
