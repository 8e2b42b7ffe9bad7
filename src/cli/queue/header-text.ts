import { StompctlError } from '../../base/errors.js';
import { printable, printableLines } from '../../base/printable.js';
import { type Header, newHeader } from '../../message/message.js';

/** The values of `--header NAME=VALUE`, taken as they are. Throws USAGE for what is none, and for a name given twice. */
export function readHeaders(texts: readonly string[]): Header {
  const header = newHeader();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals));
    if (name === '') throw new StompctlError('USAGE', 'option', '--header', `"${text}" is not NAME=VALUE`);
    if (Object.hasOwn(header, name)) throw new StompctlError('USAGE', 'option', '--header', `"${name}" is given twice`);
    header[name] = text.slice(equals + 1);
  }
  return header;
}

const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A header's name or value on one line: control characters (a terminal would obey them) and backslashes escaped. */
export function headerText(text: string): string {
  return printable(text.replace(/[\\\p{Cc}\u2028\u2029]/gu, (character) => NAMED[character] ?? escaped(character)));
}

/** Text for a terminal: lines and tabs stay, other control characters are escaped. */
export function terminalText(text: string): string {
  return printableLines(text.replace(/[^\P{Cc}\n\t]/gu, escaped));
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
