// biome-ignore-all lint/suspicious/noConsole: what is under test
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withConsole } from '../../src/observe/console-lines.js';
import type { LogFields } from '../../src/observe/logger.js';
import type { RunLogger } from '../../src/observe/pino-logger.js';
import { ManualClock } from '../support/manual-clock.js';

function recording(): { logger: RunLogger; lines: [string, string, LogFields][] } {
  const lines: [string, string, LogFields][] = [];
  const quiet = () => assert.fail('another level');
  const levels = { trace: quiet, info: quiet, warn: quiet, error: quiet };
  const debug = (event: string, text: string, fields: LogFields = {}) => void lines.push([event, text, fields]);
  const logger = { ...levels, debug, ofTransfer: quiet, configure: quiet, flush: async () => undefined };
  return { logger: logger as unknown as RunLogger, lines };
}

it('what a library prints comes into the log at debug, a few lines of a flood, and the console is given back', async () => {
  const { log, error } = console;
  const { logger, lines } = recording();
  const clock = new ManualClock();
  const taken = withConsole(logger, clock);
  for (let count = 0; count < 1000; count += 1) console.error('credit was %d\u001b', count);
  assert.deepEqual(lines[0], ['library', 'credit was 0\\u001b', {}]);
  assert.equal(lines.length, 10);
  await clock.advance(10_000);
  assert.deepEqual(lines.slice(10), [['library', 'credit was 999\\u001b', { lines: 990 }]]);
  console.log('x'.repeat(1000));
  assert.equal(lines.at(-1)?.[1].length, 500);
  await taken.flush();
  assert.deepEqual([console.log, console.error], [log, error]);
});
