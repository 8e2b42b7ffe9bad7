import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { HeartBeat, negotiate } from '../../src/stomp/heart-beat.js';
import { ManualClock } from '../support/manual-clock.js';

const NEGOTIATIONS = [
  { ours: [40, 10], theirs: '5,20', means: [40, 10] },
  { ours: [40, 10], theirs: '50,60', means: [60, 50] },
  { ours: [40, 10], theirs: '0,20', means: [40, 0] },
  { ours: [40, 10], theirs: '20,0', means: [0, 20] },
  { ours: [0, 10], theirs: '20,20', means: [0, 20] },
  { ours: [40, 0], theirs: '20,20', means: [40, 0] },
  { ours: [40, 10], theirs: undefined, means: [0, 0] },
  { ours: [40, 10], theirs: 'nonsense', means: [0, 0] },
] as const;

function beating(options: { sendMs?: number; expectMs?: number }) {
  const clock = new ManualClock();
  const beats: number[] = [];
  const missed: StompctlError[] = [];
  const heartBeat = new HeartBeat({
    clock,
    peer: 'host:1',
    sendMs: options.sendMs ?? 0,
    expectMs: options.expectMs ?? 0,
    beat: () => beats.push(clock.monotonicMs()),
    missed: (error) => missed.push(error),
  });
  return { clock, beats, missed, heartBeat };
}

describe('HeartBeat', () => {
  for (const { ours, theirs, means } of NEGOTIATIONS) {
    it(`negotiates ${ours} with ${theirs} to ${means}`, () => {
      const { sendMs, expectMs } = negotiate({ clientMs: ours[0], serverMs: ours[1] }, theirs);
      assert.deepEqual([sendMs, expectMs], means);
    });
  }

  it('beats before its interval is over, and not when something was sent', async () => {
    const { clock, beats, heartBeat } = beating({ sendMs: 1000 });
    await clock.advance(1700);
    assert.deepEqual(beats, [800, 1600]);
    heartBeat.sent();
    await clock.advance(750);
    assert.deepEqual(beats, [800, 1600]);
    await clock.advance(100);
    assert.deepEqual(beats, [800, 1600, 2500]);
    heartBeat.stop();
    await clock.advance(5000);
    assert.equal(beats.length, 3);
  });

  it('gives the peer two and a half of its intervals', async () => {
    const { clock, missed } = beating({ expectMs: 1000 });
    await clock.advance(2499);
    assert.equal(missed.length, 0);
    await clock.advance(2);
    assert.equal(missed.length, 1);
    assert.equal(missed[0]?.code, 'HEARTBEAT_MISSED');
    await clock.advance(10_000);
    assert.equal(missed.length, 1);
  });

  it('takes any byte for a beat', async () => {
    const { clock, missed, heartBeat } = beating({ expectMs: 1000 });
    for (let count = 0; count < 10; count++) {
      await clock.advance(2400);
      heartBeat.received();
    }
    assert.equal(missed.length, 0);
  });

  it('expects nothing while suspended, and gives the whole time again afterwards', async () => {
    const { clock, missed, heartBeat } = beating({ expectMs: 1000 });
    heartBeat.suspend();
    await clock.advance(100_000);
    heartBeat.resume();
    await clock.advance(2499);
    assert.equal(missed.length, 0);
    await clock.advance(2);
    assert.equal(missed.length, 1);
  });
});
