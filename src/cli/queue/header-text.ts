import { printable, printableLines } from '../../base/printable.js';

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
