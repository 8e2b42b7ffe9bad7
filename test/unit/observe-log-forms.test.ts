import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { goesToJournal } from '../../src/observe/journal-stream.js';
import type { LogFormat } from '../../src/observe/log-output.js';
import { logfmtLine } from '../../src/observe/logfmt.js';
import { createLogger, type LoggerOptions } from '../../src/observe/pino-logger.js';
import { lineText } from '../support/line-text.js';

async function setUp(options: Partial<LoggerOptions> = {}) {
  const { stream, text } = lineText();
  const logger = await createLogger({ level: 'info', format: 'logfmt', stream, journal: false, ...options });
  return { logger, lines: () => text().split('\n').slice(0, -1) };
}

describe('a log line in logfmt', () => {
  const cases: readonly (readonly [what: string, value: unknown, shown: string])[] = [
    ['a word', 'CONNECT_FAILED', 'CONNECT_FAILED'],
    ['a sentence', 'cannot go on', '"cannot go on"'],
    ['a text with quotes', 'say "no"', '"say \\"no\\""'],
    ['a text with an equals sign', 'a=b', '"a=b"'],
    ['a backslash', 'C:\\new', '"C:\\\\new"'],
    ['no text', '', '""'],
    ['a number', 3, '3'],
    ['a boolean', false, 'false'],
    ['nothing', null, 'null'],
    ['a list', ['a', 1], '"[\\"a\\",1]"'],
    ['an object', { a: 1 }, '"{\\"a\\":1}"'],
    ['other alphabets', 'kůň', 'kůň'],
  ];
  for (const [what, value, shown] of cases) {
    it(`has ${what}`, () => assert.equal(logfmtLine({ level: 'info', value }), `level=info value=${shown}`));
  }

  it('has level, time, pid, event and sentence, then the fields', async () => {
    const { logger, lines } = await setUp();
    logger.warn('open-retry', 'not open', { code: 'X', 'a b': 1 });
    assert.match(
      lines().join('\n'),
      /^level=warn time=\d{4}-\d\d-\d\dT[\d:.]+Z pid=\d+ event=open-retry msg="not open" code=X a_b=1$/,
    );
  });
});

describe('a log for the journal', () => {
  it('has a priority before each line, in each form', async () => {
    for (const format of ['json', 'logfmt', 'pretty'] satisfies LogFormat[]) {
      const { logger, lines } = await setUp({ format, journal: true, level: 'trace' });
      for (const level of ['error', 'warn', 'info', 'debug', 'trace'] as const) logger[level]('callback', 'x');
      assert.deepEqual(
        lines().map((line) => line.slice(0, 3)),
        ['<3>', '<4>', '<6>', '<7>', '<7>'],
      );
    }
  });

  it('has none where standard error is something else than JOURNAL_STREAM says', () => {
    const file = openSync('/dev/null', 'r');
    const { dev, ino } = fstatSync(file, { bigint: true });
    assert.equal(goesToJournal(file, `${dev}:${ino}`), true);
    for (const other of [undefined, '', `${dev}:${ino}0`, 'x']) assert.equal(goesToJournal(file, other), false);
    closeSync(file);
    assert.equal(goesToJournal(1_000_000, `${dev}:${ino}`), false);
  });
});

describe('a logger that is changed while it logs', () => {
  it('has another level and form from then on', async () => {
    const { logger, lines } = await setUp();
    logger.debug('drain', 'one');
    await logger.configure({ level: 'debug', format: 'json' });
    logger.debug('drain', 'two');
    await logger.configure({ level: 'error', format: 'json' });
    logger.warn('probe', 'three');
    assert.deepEqual(
      lines().map((line) => JSON.parse(line).msg),
      ['two'],
    );
  });

  it('lets out what was collapsed in the old form', async () => {
    const { logger, lines } = await setUp({ burst: 1 });
    for (let at = 0; at < 3; at += 1) logger.info('probe', 'again');
    await logger.configure({ level: 'info', format: 'json' });
    assert.match(String(lines()[1]), / repeated=2$/);
  });

  it('toggles debug and back, and says so at any level', async () => {
    const { logger, lines } = await setUp({ level: 'error' });
    logger.toggleDebug();
    logger.debug('drain', 'seen');
    await logger.configure({ level: 'warn', format: 'logfmt' });
    logger.debug('drain', 'seen as well');
    logger.toggleDebug();
    logger.debug('drain', 'not seen');
    const said = lines().map((line) => line.replace(/^.* event=/, ''));
    assert.deepEqual(said, [
      'log-level msg="USR2: the log level is debug" to=debug',
      'drain msg=seen',
      'drain msg="seen as well"',
      'log-level msg="USR2: the log level is warn" to=warn',
    ]);
  });
});
