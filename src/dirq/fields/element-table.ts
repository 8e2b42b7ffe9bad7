import { isUtf8 } from 'node:buffer';
import { StompctlError } from '../../base/errors.js';
import { undecodable } from '../../message/decode-error.js';
import { type Header, newHeader } from '../../message/message.js';

export const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n' };
const UNESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\t': '\t', '\\n': '\n' };

/**
 * A table of a DQN element: each key in order, `key TAB value LF`, with backslash, TAB and LF escaped. Throws
 * MESSAGE_BAD_HEADER for what is not valid Unicode.
 */
export function encodeTable(header: Readonly<Header>): Buffer {
  const lines: string[] = [];
  for (const key of Object.keys(header).sort()) lines.push(`${escapeField(key)}\t${escapeField(header[key] ?? '')}\n`);
  const table = lines.join('');
  if (LONE_SURROGATE.test(table)) {
    throw new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', 'a header holds half a surrogate pair');
  }
  return Buffer.from(table, 'utf8');
}

/** Throws a DecodeError for what is not a table. Of two equal keys the last one counts. */
export function decodeTable(bytes: Buffer): Header {
  if (!isUtf8(bytes)) throw undecodable('the header is not valid UTF-8');
  const header = newHeader();
  for (const line of bytes.toString('utf8').replace(/\n+$/, '').split('\n')) {
    if (line === '' && bytes.length < 2) continue;
    const tab = line.indexOf('\t');
    if (tab < 0 || line.includes('\t', tab + 1))
      throw undecodable('a line of the header is not a key, a TAB and a value');
    header[unescapeField(line.slice(0, tab))] = unescapeField(line.slice(tab + 1));
  }
  return header;
}

function escapeField(text: string): string {
  return text.replace(/[\\\t\n]/g, (character) => ESCAPES[character] ?? character);
}

/** Another backslash stands for itself, as the Perl and Python libraries read it. */
function unescapeField(text: string): string {
  return text.includes('\\') ? text.replace(/\\[\\tn]/g, (escaped) => UNESCAPES[escaped] ?? escaped) : text;
}
