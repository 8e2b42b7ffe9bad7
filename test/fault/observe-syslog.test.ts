import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.js';
import { createLogger } from '../../src/observe/pino-logger.js';
import { SyslogStream } from '../../src/observe/syslog-stream.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';

async function setUp(test: TestContext, options: { maxWaiting?: number } = {}) {
  const file = join(await tempFolder(test), 'syslog');
  const program = fileURLToPath(new URL('../support/fake-logger.js', import.meta.url));
  // only the restarts wait on this clock
  const clock = new ManualClock();
  const stream = new SyslogStream({ clock, command: [process.execPath, program, file], ...options });
  test.after(async () => stream.close());
  const logger = await createLogger({ level: 'trace', format: 'syslog', stream, clock: systemClock });
  const received = async () => (existsSync(file) ? (await readFile(file, 'utf8')).split('\n').slice(0, -1) : []);
  const has = (text: string) =>
    eventually(async () => (await received()).find((line) => line.includes(text)), { what: `syslog to get ${text}` });
  return { clock, stream, logger, received, has };
}

describe('logging to syslog', () => {
  it('starts one logger with tag and pid and gives each line its priority', async (test) => {
    const { logger, received, has } = await setUp(test);
    logger.error('start', 'one', { count: 1 });
    logger.warn('end', 'two');
    logger.info('state', 'three');
    logger.debug('purged', 'four');
    logger.trace('probe', 'five');
    await has('five');
    assert.deepEqual(await received(), [
      `started --prio-prefix -t stompctl --id=${process.pid} --size=4100`,
      '<11>start: one {"count":1}',
      '<12>end: two',
      '<14>state: three',
      '<15>purged: four',
      '<15>probe: five',
    ]);
  });

  it('keeps a text with line ends in one entry', async (test) => {
    const { logger, received, has } = await setUp(test);
    logger.info('start', 'one\n<8>forged');
    logger.info('end', 'end');
    await has('end: end');
    assert.equal((await received())[1], '<14>start: one\\u000a<8>forged');
  });

  it('starts another logger when one dies, and goes on', async (test) => {
    const { clock, logger, received, has } = await setUp(test);
    logger.info('start', 'DIE');
    await has('DIE');
    await eventually(() => clock.pending > 0, { what: 'the restart to be planned' });
    logger.info('end', 'while away');
    clock.skip(60_000);
    await has('while away');
    assert.equal((await received()).filter((line) => line.startsWith('started')).length, 2);
  });

  it('drops lines rather than wait or grow, and says how many', async (test) => {
    const { clock, logger, has } = await setUp(test, { maxWaiting: 1000 });
    logger.info('start', 'DIE');
    await has('DIE');
    await eventually(() => clock.pending > 0, { what: 'the restart to be planned' });
    for (let at = 0; at < 100; at += 1) logger.info('end', `line ${at} ${'x'.repeat(80)}`);
    clock.skip(60_000);
    await has('line 9 ');
    logger.info('state', 'after');
    assert.match(String(await has('log-lines-dropped')), /^<12>log-lines-dropped: 90 log lines were dropped/);
  });

  it('tells once when logger cannot be started, and goes on', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const stream = new SyslogStream({ clock, command: ['/nonexistent/logger'], onTrouble: (text) => told.push(text) });
    stream.write('{"level":"info","event":"a","msg":"b"}\n');
    await eventually(() => clock.pending > 0);
    clock.skip(60_000);
    await eventually(() => clock.pending > 0);
    assert.equal(told.length, 1);
    assert.match(String(told[0]), /cannot start \/nonexistent\/logger for syslog/);
    stream.close();
  });
});
