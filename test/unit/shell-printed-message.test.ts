import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PrintForm, printedMessage } from '../../src/cli/shell/printed-message.js';
import { Message, newHeader } from '../../src/message/message.js';

const PLAIN: PrintForm = { jsonLines: false, exact: false, terminal: false };

function printed(body: string | Buffer, form: Partial<PrintForm>, text = true): string {
  const message = new Message(newHeader({ x: 'ž' }), Buffer.from(body), text);
  return printedMessage(message, { ...PLAIN, ...form }).toString('latin1');
}

describe('a message is printed', () => {
  it('with a line end behind a body that has none', () => {
    assert.equal(printed('body', {}), 'body\n');
    assert.equal(printed('body\n', {}), 'body\n');
    assert.equal(printed('', {}), '\n');
  });

  it('to the byte, when it is alone', () => {
    assert.equal(printed('body', { exact: true }), 'body');
    assert.equal(printed(Buffer.from([0, 255]), { exact: true }, false), '\0\xff');
  });

  it('as a line of JSON, whatever is in it', () => {
    const line = Buffer.from(
      printed('one\ntwo', { jsonLines: true, exact: true, terminal: true }),
      'latin1',
    ).toString();
    assert.equal(line, '{"body":"one\\ntwo","header":{"x":"ž"},"text":true}\n');
  });

  it('as a line of JSON that a terminal does not obey', () => {
    const shown = printed('\u009b31m', { jsonLines: true, terminal: true });
    assert.equal(JSON.parse(shown).body, '\u009b31m');
    assert.doesNotMatch(shown, /[\u0080-\u00ff]31m/);
  });

  it('without anything that a terminal would obey', () => {
    assert.equal(printed('a\x1b]0;title\x07\tb\n', { terminal: true }), 'a\\x1b]0;title\\x07\tb\n');
    assert.equal(printed(Buffer.from([0x1b, 0x5b]), { terminal: true }, false), '(2 bytes that are not text)\n');
    assert.equal(printed('plain', { terminal: true, exact: true }, false), 'plain\n');
  });
});
