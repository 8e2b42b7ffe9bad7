import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundStop } from '../../src/cli/run/bound-stop.js';
import type { StopLimit } from '../../src/daemon/signals.js';
import { MemoryLogger } from '../support/memory-logger.js';

function bound(waiting: readonly string[], lingerMs: () => number = () => 0) {
  const log = new MemoryLogger();
  let limit: StopLimit | undefined;
  let flushed = 0;
  const logger = {
    error: log.error,
    flush: async () => {
      flushed += 1;
    },
  };
  const signals = {
    stopped: 'SIGTERM' as const,
    limitStop: (asked: StopLimit) => {
      limit = asked;
    },
  };
  boundStop({ signals, logger, lingerMs, waiting: () => waiting });
  return { limit: limit ?? assert.fail(), log, flushed: () => flushed };
}

describe('the limit of a stop', () => {
  it('is timeout-linger, as it is when asked, and two seconds', () => {
    const lingers = [1000, 60_000];
    const { limit } = bound([], () => lingers.shift() ?? 0);
    assert.deepEqual([limit.limitMs(), limit.limitMs()], [3000, 62_000]);
  });

  for (const [title, waiting, told] of [
    ['what was waited for', ['a: queue /q is full', 'b'], /; it waited for: a: queue \/q is full; b$/],
    ['nothing where that is not known', [], /ended at once$/],
  ] as const) {
    it(`says, when it is over, ${title}, and has it written`, () => {
      const { limit, log, flushed } = bound(waiting);
      limit.late();
      const [{ level, text, fields } = assert.fail()] = log.events('stop-forced');
      assert.match(text, told);
      assert.deepEqual([level, fields.waiting, flushed()], ['error', waiting, 1]);
    });
  }
});
