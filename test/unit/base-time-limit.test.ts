import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runWithinOwnTime } from '../../src/base/time-limit.js';

/** Time of a processor as this test wants it: of each piece of work, so many microseconds. */
function processorGives(t: TestContext, microseconds: number): void {
  t.mock.method(process, 'cpuUsage', () => ({ user: microseconds, system: 0 }));
}

/** Work that is stopped so many times before it comes to its end. */
function workThatIsStopped(times: number): { begun: number; run(): void } {
  return {
    begun: 0,
    run() {
      this.begun += 1;
      while (this.begun <= times);
    },
  };
}

test('what is stopped before it had its time of the processor is begun again, with more patience', (t) => {
  processorGives(t, 40_000);
  const work = workThatIsStopped(1);
  assert.equal(
    runWithinOwnTime(50, () => work.run()),
    true,
  );
  assert.equal(work.begun, 2);
});

test('what had its time of the processor is stopped for good', (t) => {
  processorGives(t, 45_000);
  const work = workThatIsStopped(1);
  assert.equal(
    runWithinOwnTime(50, () => work.run()),
    false,
  );
  // on a busy machine it may be stopped before it has begun
  assert.ok(work.begun <= 1);
});

test('patience has an end, whatever the processor gives', (t) => {
  processorGives(t, 0);
  const work = workThatIsStopped(Number.POSITIVE_INFINITY);
  assert.equal(
    runWithinOwnTime(2, () => work.run()),
    false,
  );
  assert.ok(work.begun <= 7);
});
