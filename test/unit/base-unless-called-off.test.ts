import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unlessCalledOff } from '../../src/base/wait.js';
import { ManualClock } from '../support/manual-clock.js';

const LATE = ['it was not read', 'is a file system stuck?'] as const;
const never = () => new Promise<string>(() => undefined);

describe('what is read before a connection', () => {
  it('is handed on, and leaves no timer', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const options = { name: 'broker', clock, timeoutMs: 30_000, signal, late: LATE };
    assert.equal(await unlessCalledOff(Promise.resolve('read'), options), 'read');
    await assert.rejects(unlessCalledOff(Promise.reject(new Error('no')), options), /^Error: no$/);
    assert.equal(clock.pending, 0);
  });

  it('is called off at once, also when it hangs', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const reading = unlessCalledOff(never(), {
      name: 'broker',
      clock,
      timeoutMs: 30_000,
      signal: stop.signal,
      late: LATE,
    });
    stop.abort();
    await assert.rejects(reading, { code: 'SESSION_CLOSED' });
    assert.equal(clock.pending, 0);
    const late = unlessCalledOff(never(), {
      name: 'broker',
      clock,
      timeoutMs: 30_000,
      signal: stop.signal,
      late: LATE,
    });
    await assert.rejects(late, { code: 'SESSION_CLOSED' });
    assert.equal(clock.pending, 0);
  });

  it('may take as long as timeout-connect', async () => {
    const clock = new ManualClock();
    const reading = unlessCalledOff(never(), { name: 'broker', clock, timeoutMs: 30_000, late: LATE });
    const failed = assert.rejects(reading, { code: 'CONNECT_TIMEOUT' });
    await clock.advance(30_000);
    await failed;
  });

  it('says how long that was in milliseconds, where a part of the time was over', async () => {
    const clock = new ManualClock();
    const reading = unlessCalledOff(never(), { name: 'broker', clock, timeoutMs: 4957.467522, late: LATE });
    const failed = assert.rejects(reading, { message: /within 4\.957 s;/ });
    await clock.advance(5000);
    await failed;
  });
});
