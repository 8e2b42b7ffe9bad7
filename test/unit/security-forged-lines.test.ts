import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { printable, printableLines } from '../../src/base/printable.js';
import { errorText } from '../../src/cli/main.js';
import { headerText, terminalText } from '../../src/cli/queue/header-text.js';
import type { LogFormat } from '../../src/observe/log-output.js';
import { createLogger } from '../../src/observe/pino-logger.js';
import { syslogLine } from '../../src/observe/syslog-stream.js';
import { lineText } from '../support/line-text.js';

/** What a broker or a producer may put into a text, so that a reader of it is deceived. */
const HOSTILE: Readonly<Record<string, string>> = {
  'a line end and a line of its own': 'refused\n[00:00:00.000] INFO: end: moved 10 of 10 messages',
  'a carriage return, which writes over the line': 'refused\rINFO all is well',
  'an escape that clears the screen': 'refused\x1b[2J\x1b[H',
  'an escape that sets the title of the window': 'refused\x1b]0;owned\x07',
  'an escape of one character (C1)': 'refused\u009b2J',
  'a line end of other alphabets': 'refused\u0085\u2028\u2029forged',
  backspaces: `refused${'\b'.repeat(7)}accepted`,
  'text that runs backwards': 'refused \u202edetpecca\u2066',
  'NUL and DEL': 'refused\0\x7f',
};
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

async function logged(format: LogFormat, text: string): Promise<string> {
  const { stream, text: written } = lineText();
  const logger = await createLogger({ level: 'trace', format, stream });
  logger.warn('open-retry', text, { reason: text, [text]: text });
  logger.info('frame', `received ${text}`, { header: { [text]: text } });
  await logger.flush();
  return written();
}

for (const [what, text] of Object.entries(HOSTILE)) {
  describe(`${what} is shown and not obeyed`, () => {
    for (const format of ['json', 'pretty', 'logfmt', 'syslog'] as const) {
      it(`in a log of format ${format}`, async () => {
        const lines = (await logged(format === 'syslog' ? 'json' : format, text)).split('\n');
        assert.equal(lines.pop(), '');
        assert.equal(lines.length, 2, 'a line each');
        for (const line of lines) {
          const shown = format === 'syslog' ? syslogLine(line).slice(0, -1) : line;
          assert.doesNotMatch(shown, OBEYED);
          assert.ok(shown.includes('refused'), shown);
        }
      });
    }
    it('in a JSON log, which says the very same text once it is parsed', async () => {
      const [line = ''] = (await logged('json', text)).split('\n');
      assert.equal((JSON.parse(line) as { msg: string }).msg, text);
    });
    it('in an error that ends the program', () => {
      const told = errorText(new StompctlError('BROKER_ERROR', 'session', 'h:1', printable(text)));
      assert.doesNotMatch(told.slice(0, -1), OBEYED);
      assert.doesNotMatch(errorText(new Error(text)).replaceAll('\n', ''), OBEYED);
    });
    it('in what the queue commands print', () => {
      assert.doesNotMatch(headerText(text), OBEYED);
      assert.doesNotMatch(terminalText(text).replaceAll('\n', ''), OBEYED);
    });
  });
}

it('text without any of it stays as it is', () => {
  const plain = 'žluťoučký kůň 日本語 🐎 \\n "x"';
  assert.equal(printable(plain), plain);
  assert.equal(printableLines(`a\n\t${plain}`), `a\n\t${plain}`);
});
