import { isUtf8 } from 'node:buffer';
import { diffArrays } from 'diff';
import type { Message } from '../../message/message.js';

/** Unchanged lines shown around a change of the body. */
const CONTEXT = 3;
/** Lines that one difference shows at most; a body may have a million. */
const MOST_LINES = 200;
/** Beyond that many lines that come or go, which takes their square in time, the whole body is shown as replaced. */
const MOST_EDITS = 1_000;
const BYTES_A_LINE = 16;
const LONGEST_LINE = 16_384;

/**
 * What is different in `after`, a line a header, then the body with some lines around each change: `- ` before, `+ ` after,
 * two blanks for what is the same. A body that is not printable text is shown in hexadecimal. None when they are equal.
 */
export function differenceOf(before: Message, after: Message): string[] {
  const header = headerDifference(before, after);
  const body = bodyDifference(before, after);
  if (![...header, ...body].some(isChange)) return [];
  return [...header, ...body];
}

/** The header of a message and what its body is, each line indented like the unchanged ones of a difference. */
export function describeHeader({ header, body, text }: Message): string[] {
  const lines = Object.entries(header).map(([name, value]) => `  ${headerLine(name, value)}`);
  return [...lines, `  (${kindLine(text)}, ${body.length} bytes)`];
}

/** Text on one line of a terminal: control characters are escaped, so that a message cannot command the terminal. */
export function visible(text: string): string {
  const cut = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}… (${text.length} characters)` : text;
  return cut
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeCharacter)
    .replace(/ +$/, (blanks) => '\\x20'.repeat(blanks.length));
}

function escapeCharacter(char: string): string {
  const known: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const code = char.codePointAt(0) ?? 0;
  return known[char] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}

function headerLine(name: string, value: string): string {
  return `${visible(name)}: ${visible(value)}`;
}

function kindLine(text: boolean): string {
  return text ? 'text' : 'not text';
}

function isChange(line: string): boolean {
  return line.startsWith('- ') || line.startsWith('+ ');
}

/** Headers in the order of `before`, then those that are new. */
function headerDifference(before: Message, after: Message): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(before.header)) {
    const found = after.header[name];
    if (found === value) lines.push(`  ${headerLine(name, value)}`);
    else lines.push(`- ${headerLine(name, value)}`, ...(found === undefined ? [] : [`+ ${headerLine(name, found)}`]));
  }
  for (const [name, value] of Object.entries(after.header)) {
    if (before.header[name] === undefined) lines.push(`+ ${headerLine(name, value)}`);
  }
  if (before.text !== after.text) lines.push(`- (${kindLine(before.text)})`, `+ (${kindLine(after.text)})`);
  return lines;
}

function bodyDifference(before: Message, after: Message): string[] {
  if (before.body.equals(after.body)) return [];
  const readable = isReadable(before.body) && isReadable(after.body);
  const rows = readable ? textLines : hexLines;
  const lines = withContext(changes(rows(before.body), rows(after.body)));
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `  … ${lines.length - MOST_LINES} more lines`];
}

/** A line of a body: the whole of it is compared, the beginning is shown. */
type Row = { readonly whole: string; readonly shown: string };

function isReadable(body: Buffer): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what makes a body unreadable
  return isUtf8(body) && !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(body.toString('utf8'));
}

function textLines(body: Buffer): Row[] {
  if (body.length === 0) return [];
  return body
    .toString('utf8')
    .split('\n')
    .map((whole) => ({ whole, shown: `| ${visible(whole)}` }));
}

function hexLines(body: Buffer): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < body.length; at += BYTES_A_LINE) {
    const bytes = body.subarray(at, at + BYTES_A_LINE);
    const hex = bytes.toString('hex').replace(/(..)(?=.)/g, '$1 ');
    const readable = bytes.toString('latin1').replace(/[^ -~]/g, '.');
    const shown = `${at.toString(16).padStart(8, '0')}  ${hex.padEnd(3 * BYTES_A_LINE)} |${readable}|`;
    rows.push({ whole: shown, shown });
  }
  return rows;
}

/** Both as one list of lines, marked. */
function changes(before: Row[], after: Row[]): string[] {
  const parts = diffArrays(before, after, {
    comparator: (old, fresh) => old.whole === fresh.whole,
    maxEditLength: MOST_EDITS,
  });
  if (parts === undefined) return [...marked('- ', before), ...marked('+ ', after)];
  return parts.flatMap(({ value, added, removed }) => marked(added ? '+ ' : removed ? '- ' : '  ', value));
}

function marked(mark: string, rows: readonly Row[]): string[] {
  return rows.map(({ shown }) => mark + shown);
}

/** Only the changes and a few lines around each; `  ⋮` stands for what is left out. */
function withContext(lines: readonly string[]): string[] {
  const near = new Uint8Array(lines.length);
  for (const [index, line] of lines.entries()) {
    if (isChange(line)) near.fill(1, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  }
  return lines.flatMap((line, index) => {
    if (near[index] === 1) return [line];
    return index === 0 || near[index - 1] === 1 ? ['  ⋮'] : [];
  });
}
