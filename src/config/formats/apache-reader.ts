import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readConfigFile } from './config-file.js';
import { type Origin, syntaxError } from './config-node.js';

/** One logical line of an Apache-style file: comments gone, continuations joined, here-documents whole, blanks trimmed. */
export type Statement =
  | { readonly kind: 'line'; readonly text: string; readonly origin: Origin }
  | {
      readonly kind: 'heredoc';
      readonly key: string;
      readonly value: string;
      readonly origin: Origin;
      readonly textLine: number;
    };

/** More levels than this are a mistake, or an attempt to exhaust memory by files that include each other many times. */
const MOST_INCLUDE_LEVELS = 20;
const MOST_STATEMENTS = 1_000_000;
/** each file may include the next one many times: twice on twenty levels is a million files */
const MOST_INCLUDED = 1000;
const MOST_INCLUDED_BYTES = 64 * 1024 * 1024;

/** Perl's `\s` for bytes; JavaScript's own would also take no-break spaces, which may be part of a value. */
const BLANK = '[ \\t\\n\\v\\f\\r]';
const LEADING = new RegExp(`^${BLANK}+`);
const INCLUDE = '<<include';
const EMPTY_BLOCK = /^<([^/].*)\/>$/s;

function isBlank(char: string | undefined): boolean {
  return char !== undefined && ' \t\n\v\f\r'.includes(char);
}

/** Without the blanks at its end. Not a regular expression: those take quadratic time on long runs of blanks. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

function trimStart(text: string): string {
  return text.replace(LEADING, '');
}

export function trimBlanks(text: string): string {
  return trimStart(trimEnd(text));
}

/**
 * Reads `path` and what it includes into logical lines, in the order in which Perl's Config::General 2.65 treats each
 * line: here-document, comment, continuation, empty block, include. Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE
 * or CONFIG_SYNTAX.
 */
export async function readStatements(path: string, text?: string): Promise<Statement[]> {
  const reading: Reading = { statements: [], included: 0, includedBytes: 0 };
  await readInto(reading, path, text ?? (await readConfigFile(path)), [resolve(path)]);
  return reading.statements;
}

/** What has been read so far, of all files. */
interface Reading {
  readonly statements: Statement[];
  included: number;
  includedBytes: number;
}

interface Heredoc {
  readonly key: string;
  readonly marker: string;
  readonly line: number;
  readonly lines: string[];
}

async function readInto(reading: Reading, file: string, text: string, open: readonly string[]): Promise<void> {
  const { statements } = reading;
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  let heredoc: Heredoc | undefined;
  let joined = '';
  let joinedLine = 0;
  for (const [index, raw] of lines.entries()) {
    const origin: Origin = { file, line: index + 1 };
    if (heredoc !== undefined) {
      if (trimBlanks(raw) !== heredoc.marker) {
        heredoc.lines.push(raw);
        continue;
      }
      statements.push(finishHeredoc(heredoc, raw, file));
      heredoc = undefined;
      continue;
    }
    const line = withoutComment(raw);
    if (line.endsWith('\\') && !line.endsWith('\\\\')) {
      if (joined === '') joinedLine = origin.line;
      joined += trimStart(line.slice(0, -1));
      continue;
    }
    const empty = EMPTY_BLOCK.exec(trimBlanks(line))?.[1];
    if (empty !== undefined) {
      pushEmptyBlock(statements, empty, origin);
      continue;
    }
    heredoc = heredocStart(line, origin.line);
    if (heredoc !== undefined) continue;
    if (joined !== '') {
      statements.push({ kind: 'line', text: trimBlanks(joined + trimStart(line)), origin: { file, line: joinedLine } });
      joined = '';
      continue;
    }
    await readLine(reading, trimBlanks(line), origin, open);
  }
  if (heredoc !== undefined) {
    throw syntaxError(
      { file, line: heredoc.line },
      `the text of "${heredoc.key}" starts here and never ends: put ${heredoc.marker} on a line of its own after it`,
    );
  }
  if (joined !== '') {
    throw syntaxError({ file, line: joinedLine }, 'ends in a backslash, which continues it, but no line follows');
  }
}

async function readLine(reading: Reading, text: string, origin: Origin, open: readonly string[]): Promise<void> {
  if (text === '') return;
  const { statements } = reading;
  const include = includedName(text);
  if (include === undefined) {
    statements.push({ kind: 'line', text, origin });
    if (statements.length > MOST_STATEMENTS) throw syntaxError(origin, `more than ${MOST_STATEMENTS} lines in all`);
    return;
  }
  const name = include.replace(/^(["'])(.*)\1$/s, '$2');
  const path = isAbsolute(name) ? name : join(dirname(origin.file), name);
  if (open.includes(resolve(path))) throw syntaxError(origin, `${name} includes itself`);
  if (open.length > MOST_INCLUDE_LEVELS) {
    throw syntaxError(origin, `files are included more than ${MOST_INCLUDE_LEVELS} levels deep`);
  }
  const content = await readConfigFile(path, origin);
  reading.included += 1;
  reading.includedBytes += content.length;
  if (reading.included > MOST_INCLUDED || reading.includedBytes > MOST_INCLUDED_BYTES) {
    throw syntaxError(origin, `more than ${MOST_INCLUDED} files, or ${MOST_INCLUDED_BYTES} bytes, are included in all`);
  }
  await readInto(reading, path, content, [...open, resolve(path)]);
}

/** `FILE` of `<<include FILE>>`, in any case of letters. */
function includedName(text: string): string | undefined {
  if (text.slice(0, INCLUDE.length).toLowerCase() !== INCLUDE || !text.endsWith('>>')) return undefined;
  const rest = text.slice(INCLUDE.length, -2);
  const name = trimBlanks(rest);
  return name === '' || !isBlank(rest[0]) ? undefined : name;
}

/** The line up to its first `#` that has no backslash before it: also inside quotes and URLs. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at !== -1; at = line.indexOf('#', at + 1)) {
    if (line[at - 1] !== '\\') return line.slice(0, at);
  }
  return line;
}

/** `<name/>` and `<name arg/>` are a block opened and closed. */
function pushEmptyBlock(statements: Statement[], content: string, origin: Origin): void {
  const [name = ''] = content.split(new RegExp(BLANK), 1);
  statements.push(
    { kind: 'line', text: `<${trimEnd(content)}>`, origin },
    { kind: 'line', text: `</${name}>`, origin },
  );
}

/** `key = <<EOF` (split at the first `=`) or `key <<EOF`. */
function heredocStart(line: string, number: number): Heredoc | undefined {
  const start = (key: string, rest: string): Heredoc | undefined => {
    if (key === '' || !rest.startsWith('<<')) return undefined;
    const marker = trimBlanks(rest.slice(2));
    return marker === '' ? undefined : { key, marker, line: number, lines: [] };
  };
  const equals = line.indexOf('=');
  if (equals !== -1) {
    const found = start(trimBlanks(line.slice(0, equals)), trimStart(line.slice(equals + 1)));
    if (found !== undefined) return found;
  }
  const text = trimStart(line);
  let end = 0;
  while (end < text.length && !isBlank(text[end])) end += 1;
  return end === text.length ? undefined : start(text.slice(0, end), trimStart(text.slice(end)));
}

/** The text between, trimmed as a whole, so that its first line loses its indent; an indented marker's off every line. */
function finishHeredoc(heredoc: Heredoc, endLine: string, file: string): Statement {
  const indent = (LEADING.exec(endLine) ?? [''])[0];
  const lines = heredoc.lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
  const blankLines = lines.findIndex((line) => trimBlanks(line) !== '');
  return {
    kind: 'heredoc',
    key: heredoc.key,
    value: trimBlanks(lines.join('\n')),
    origin: { file, line: heredoc.line },
    textLine: heredoc.line + 1 + Math.max(blankLines, 0),
  };
}
