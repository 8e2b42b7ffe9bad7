import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, type LoggerOptions } from '../../src/observe/pino-logger.js';
import { lineText } from '../support/line-text.js';
import { ManualClock } from '../support/manual-clock.js';

async function setUp(options: Partial<LoggerOptions> = {}) {
  const { stream, text } = lineText();
  const clock = new ManualClock();
  const logger = await createLogger({ level: 'info', format: 'json', stream, clock, ...options });
  const lines = () =>
    text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, clock, lines, text };
}

describe('the logger in JSON', () => {
  it('writes one line with event, sentence, level, time, pid and name', async () => {
    const { logger, lines } = await setUp();
    logger.warn('open-retry', 'the broker closed the connection', { broker: 'stomp://host' });
    const [line] = lines();
    assert.equal(lines().length, 1);
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...line, time: '' },
      {
        level: 'warn',
        time: '',
        pid: process.pid,
        name: 'stompctl',
        event: 'open-retry',
        msg: 'the broker closed the connection',
        broker: 'stomp://host',
      },
    );
  });

  it('leaves out what is below its level', async () => {
    const { logger, lines } = await setUp({ level: 'warn' });
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level]('callback', 'x');
    assert.deepEqual(
      lines().map((line) => line.level),
      ['warn', 'error'],
    );
  });

  it('masks secrets in text and fields', async () => {
    const { logger, text } = await setUp();
    logger.info('start', 'to ssl://me:hidden@host', { headers: { passcode: 'hidden' }, body: Buffer.from('hidden') });
    assert.doesNotMatch(text(), /hidden/);
  });

  it('cuts a text of a peer or program, leaves no part of a secret at the cut, and keeps the longest line of a callback whole', async () => {
    const { logger, lines } = await setUp();
    const callback = 'c'.repeat(10_000);
    logger.warn('blocked', `${'x'.repeat(16_370)} amqp://me:s3cret@h ${'y'.repeat(2_000_000)}`);
    logger.warn('callback', callback);
    const [first, second] = lines();
    assert.ok(String(first?.msg).length < 16_500, `${String(first?.msg).length} characters`);
    assert.match(String(first?.msg), /… \(2016390 characters\)$/);
    assert.ok(!String(first?.msg).includes('s3c'));
    assert.equal(second?.msg, callback);
  });

  it('keeps a field from taking the place of a fixed one', async () => {
    const { logger, lines } = await setUp();
    logger.info('probe', 't', { event: 'x', msg: 'y', pid: 1, level: 'z' });
    const [line] = lines();
    assert.deepEqual([line?.event, line?.msg, line?.pid, line?.level], ['probe', 't', process.pid, 'info']);
    assert.deepEqual([line?.event_, line?.msg_, line?.pid_, line?.level_], ['x', 'y', 1, 'z']);
  });

  it('cannot be made to write a second line by a text with line ends', async () => {
    const { logger, lines } = await setUp();
    logger.info('probe', 'a\n{"event":"forged"}', { value: 'b\nc' });
    assert.equal(lines().length, 1);
  });

  it('collapses a flood of one event and text into one line that says how many', async () => {
    const { logger, clock, lines } = await setUp({ burst: 3 });
    for (let at = 0; at < 100; at += 1) logger.warn('rejected', 'cannot decode', { element: at });
    logger.warn('rejected', 'another text');
    assert.equal(lines().length, 4);
    clock.skip(10_000);
    const last = lines()[4];
    assert.deepEqual([last?.event, last?.repeated, last?.element], ['rejected', 97, 99]);
  });

  it('collapses a flood of one event with ever other texts too, later', async () => {
    const { logger, clock, lines } = await setUp({ burst: 3 });
    for (let at = 0; at < 100; at += 1) logger.error('rejected', `cannot decode element ${at}`);
    assert.equal(lines().length, 30);
    clock.skip(10_000);
    const last = lines()[30];
    assert.deepEqual([last?.repeated, last?.msg], [70, 'cannot decode element 99']);
  });

  it('collapses nothing below info, nor frames', async () => {
    const { logger, lines } = await setUp({ level: 'trace', burst: 3 });
    for (let at = 0; at < 10; at += 1) logger.trace('callback', 'x');
    for (let at = 0; at < 10; at += 1) logger.debug('dropped', 'x');
    for (let at = 0; at < 10; at += 1) logger.info('frame', 'x');
    assert.equal(lines().length, 30);
  });

  it('lets out what is held before flush returns', async () => {
    const { logger, lines } = await setUp({ burst: 1 });
    for (let at = 0; at < 3; at += 1) logger.info('probe', 't');
    const flushed = logger.flush();
    assert.equal(lines()[1]?.repeated, 2);
    await flushed;
  });
});

describe('the logger for people', () => {
  it('writes time, level, event and sentence on one line, without colour when not on a terminal', async () => {
    const { logger, text } = await setUp({ format: 'pretty' });
    logger.error('failed', 'cannot go on', { error: Object.assign(new Error('no'), { code: 'EX' }), count: 3 });
    assert.match(text(), /^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: failed: cannot go on\n$/);
  });
});
