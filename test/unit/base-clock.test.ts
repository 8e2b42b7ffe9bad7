import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { LONGEST_TIMER_MS, systemClock } from '../../src/base/clock.js';

const YEAR_MS = 365 * 86_400_000;

/** Timers that obey: each fires when told, and time moves by what was asked for. */
function heldTimers(test: TestContext) {
  let nowMs = 1000;
  const asked: number[] = [];
  let pending: { run: () => void; delayMs: number } | undefined;
  test.mock.method(performance, 'now', () => nowMs);
  test.mock.method(globalThis, 'setTimeout', (run: () => void, delayMs: number) => {
    asked.push(delayMs);
    pending = { run, delayMs };
    return { unref: () => undefined };
  });
  test.mock.method(globalThis, 'clearTimeout', () => {
    pending = undefined;
  });
  const fire = (): boolean => {
    const due = pending;
    pending = undefined;
    if (due === undefined) return false;
    nowMs += due.delayMs;
    due.run();
    return true;
  };
  return { asked, fire, elapsedMs: () => nowMs - 1000 };
}

describe('the system clock', () => {
  for (const delayMs of [0, 1, LONGEST_TIMER_MS, LONGEST_TIMER_MS + 1, YEAR_MS]) {
    it(`waits ${delayMs} ms in steps that a timer can hold`, (test) => {
      const { asked, fire, elapsedMs } = heldTimers(test);
      let fired = 0;
      systemClock.after(delayMs, () => {
        fired += 1;
      });
      while (fired === 0 && fire());
      assert.deepEqual([fired, elapsedMs(), fire()], [1, delayMs, false]);
      for (const one of asked) assert.ok(one <= LONGEST_TIMER_MS, String(one));
    });
  }

  it('cancels a long delay in any of its steps', (test) => {
    const { fire } = heldTimers(test);
    const timer = systemClock.after(YEAR_MS, () => assert.fail('it was cancelled'));
    fire();
    timer.cancel();
    assert.equal(fire(), false);
  });

  it('is what everybody waits with whose delay can be set', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const raw = sources.filter((file) => /\bset(Timeout|Interval)\(/.test(readFileSync(join('src', file), 'utf8')));
    // short delays of their own: the demo's broker, a look, a redraw, an end; the status page runs in a browser
    const allowed =
      /^(base\/clock|bin\/program|broker\/.*|callback\/sandbox|cli\/command-line\/progress|daemon\/signals|metrics\/page-text)\.ts$/;
    assert.deepEqual(
      raw.filter((file) => !allowed.test(file)),
      [],
    );
  });
});
