import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

function refusing(times: number) {
  let left = times;
  return {
    name: 'broker b',
    open: () => {
      left -= 1;
      if (left < 0) return Promise.resolve();
      return Promise.reject(new StompctlError('CONNECT_FAILED', 'connect', 'b', 'refused'));
    },
  };
}

describe('the state of an end', () => {
  it('tells since when it is away, the attempt, the error and when it is tried next, until it is open', async () => {
    const clock = new ManualClock();
    const options = { delayMs: 1000, maxDelayMs: 60_000, attempts: undefined, bounded: false, random: () => 1 };
    const supervisor = new Supervisor({ ...options, clock, logger: new MemoryLogger() });
    assert.equal(supervisor.state.phase, 'closed');
    assert.equal(supervisor.state.awayMs, undefined);
    const opened = supervisor.open(refusing(2));
    await settled();
    await clock.advance(400);
    const { lastError, ...first } = supervisor.state;
    assert.deepEqual(first, { phase: 'waiting', attempt: 1, awayMs: 400, nextTryMs: 600, opened: 0 });
    assert.deepEqual(lastError, { code: 'CONNECT_FAILED', message: 'connect(b): refused', agoMs: 400 });
    await clock.advance(1000);
    const { attempt, awayMs, nextTryMs } = supervisor.state;
    assert.deepEqual({ attempt, awayMs, nextTryMs }, { attempt: 2, awayMs: 1400, nextTryMs: 1600 });
    await clock.advance(2000);
    assert.equal(await opened, true);
    const open = supervisor.state;
    assert.deepEqual([open.phase, open.awayMs, open.nextTryMs, open.opened], ['open', undefined, undefined, 1]);
    assert.equal(open.lastError?.agoMs, 2400);
  });
});
