import { printableLines } from '../../base/printable.js';
import { encodeMessage } from '../../message/json.js';
import type { Message } from '../../message/message.js';
import { terminalText } from '../queue/header-text.js';

const LINE_END = Buffer.from('\n');
const NEWLINE = 0x0a;

/** How messages are printed. */
export interface PrintForm {
  readonly jsonLines: boolean;
  /** nothing behind the body, of one message alone */
  readonly exact: boolean;
  /** a person looks at it: a terminal must not obey what is in a message */
  readonly terminal: boolean;
}

/** The bytes to print of a message. */
export function printedMessage(message: Message, { jsonLines, exact, terminal }: PrintForm): Buffer {
  if (jsonLines) {
    const line = encodeMessage(message);
    // JSON escapes only some of what a terminal obeys; inside its strings, the only place for the rest, `\u009b` says the same
    return Buffer.concat([terminal ? Buffer.from(printableLines(line.toString('utf8'))) : line, LINE_END]);
  }
  const { body, text } = message;
  if (terminal) {
    const shown =
      text || isPlain(body) ? terminalText(body.toString('utf8')) : `(${body.length} bytes that are not text)`;
    return Buffer.from(shown.endsWith('\n') ? shown : `${shown}\n`);
  }
  return exact || body.at(-1) === NEWLINE ? body : Buffer.concat([body, LINE_END]);
}

/** ASCII without control characters, whatever it is said to be. */
function isPlain(body: Buffer): boolean {
  return body.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === NEWLINE || byte === 0x0d || byte === 0x09);
}
