import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { Bell, unlessAborted, wait, withDeadline } from '../../src/base/wait.js';
import { ManualClock, settled } from '../support/manual-clock.js';

describe('wait', () => {
  const endings = [
    { name: 'elapses', act: (clock: ManualClock) => clock.skip(1000), why: 'elapsed' },
    { name: 'is aborted', act: (_: ManualClock, abort: AbortController) => abort.abort(), why: 'aborted' },
    { name: 'is rung', act: (_: ManualClock, __: AbortController, bell: Bell) => bell.ring(), why: 'rung' },
  ] as const;
  for (const { name, act, why } of endings) {
    it(`${name}, and leaves neither timer nor listener`, async () => {
      const clock = new ManualClock();
      const abort = new AbortController();
      const bell = new Bell();
      const ended = wait(clock, 1000, { signal: abort.signal, bell });
      clock.skip(999);
      act(clock, abort, bell);
      assert.equal(await ended, why);
      assert.equal(clock.pending, 0);
      assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
      bell.ring();
    });
  }

  it('ends at once when aborted before', async () => {
    const clock = new ManualClock();
    assert.equal(await wait(clock, 1000, { signal: AbortSignal.abort() }), 'aborted');
    assert.equal(clock.pending, 0);
  });

  it('does not end by a ring from before', async () => {
    const clock = new ManualClock();
    const bell = new Bell();
    bell.ring();
    const ended = wait(clock, 5, { bell });
    await clock.advance(5);
    assert.equal(await ended, 'elapsed');
  });
});

describe('a bell', () => {
  it('resolves for all who wait when it is rung, not for who asks later', async () => {
    const bell = new Bell();
    const rung: string[] = [];
    void bell.rung().then(() => rung.push('first'));
    void bell.rung().then(() => rung.push('second'));
    await settled();
    assert.equal(rung.length, 0);
    bell.ring();
    void bell.rung().then(() => rung.push('late'));
    await settled();
    assert.deepEqual(rung, ['first', 'second']);
  });
});

describe('withDeadline', () => {
  it('gives what the work comes to, and cancels its timer', async () => {
    const clock = new ManualClock();
    assert.equal(await withDeadline(clock, 10, Promise.resolve('done'), () => 'late'), 'done');
    assert.equal(clock.pending, 0);
  });

  it('rejects as the work does', async () => {
    const clock = new ManualClock();
    await assert.rejects(
      withDeadline(clock, 10, Promise.reject(new Error('broken')), () => 'late'),
      /broken/,
    );
    assert.equal(clock.pending, 0);
  });

  it('gives what late gives once the time is over, whatever the work does then', async () => {
    const clock = new ManualClock();
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<string>((_, reject) => {
      fail = reject;
    });
    const ended = withDeadline(clock, 10, work, () => 'late');
    clock.skip(10);
    assert.equal(await ended, 'late');
    fail(new Error('too late to matter'));
    await settled();
  });

  it('rejects with what late throws', async () => {
    const clock = new ManualClock();
    const ended = withDeadline(clock, 10, new Promise(() => undefined), () => {
      throw new Error('out of time');
    });
    clock.skip(10);
    await assert.rejects(ended, /out of time/);
  });
});

describe('unlessAborted', () => {
  it('gives what the work comes to', async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessAborted(Promise.resolve(1), signal), 1);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('ends when aborted, before or meanwhile', async () => {
    assert.equal(await unlessAborted(new Promise(() => undefined), AbortSignal.abort()), 'aborted');
    const abort = new AbortController();
    const ended = unlessAborted(new Promise(() => undefined), abort.signal);
    abort.abort();
    assert.equal(await ended, 'aborted');
  });
});
