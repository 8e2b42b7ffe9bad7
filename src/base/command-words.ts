/** `%%{`: no placeholder; `%{name}` and `%{name:-default}`: the header of that name */
const PLACEHOLDER = /%%\{|%\{((?:[^}:]|:(?!-))*)(?::-([^}]*))?(\}?)/g;
const BLANK = /\s/;

/** A text of an argument, or a header that is put in its place. */
export type CommandPart = string | { readonly header: string; readonly otherwise: string | undefined };
/** One argument: its parts, one after the other. */
export type CommandWord = readonly CommandPart[];

/** What cannot be a command; the message says why. */
export class CommandTextError extends Error {}

/**
 * The program and its arguments: words between blanks; `'…'` and `"…"` keep blanks, a backslash keeps the next character (not
 * within `'…'`). No shell reads it: `|`, `>`, `*` and `$` mean nothing. Throws CommandTextError.
 */
export function parseCommand(text: string): readonly CommandWord[] {
  const words = splitWords(text);
  const [program] = words;
  if (program === undefined || program === '') throw new CommandTextError('names no program');
  const parsed = words.map(parseTemplate);
  if (parsed[0]?.some((part) => typeof part !== 'string') === true) {
    throw new CommandTextError('the program itself cannot come from a header: a message would choose what is run');
  }
  return parsed;
}

const QUOTED = /\\.|'[^']*'|"(?:\\.|[^"\\])*"/gs;
const OF_SHELL = /^(?:\|\|?|&&?)$|;$|^[0-9&]?>{1,2}|^<{1,2}|\*|\$(?:[A-Za-z_]\w*|[({])/;

/** What of a command means something to a shell, and nothing here: the first `|`, `>`, `&&`, `;`, `*`, `$NAME` without quotes, if any. */
export function shellMark(text: string): string | undefined {
  const words = text.replace(QUOTED, 'q').split(/\s+/);
  return words.flatMap((word) => OF_SHELL.exec(word)?.[0] ?? [])[0];
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\' && quote !== "'") {
      at += 1;
      if (at === text.length) throw new CommandTextError('ends in a backslash');
      word = (word ?? '') + text.charAt(at);
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (BLANK.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') throw new CommandTextError(`a ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

/** A text with headers in it: `%{name}`, `%{name:-text}`, `%%{`. Throws CommandTextError. */
export function parseTemplate(word: string): CommandWord {
  if (word.includes('\0')) throw new CommandTextError('has a NUL in it');
  const parts: CommandPart[] = [];
  let last = 0;
  for (const match of word.matchAll(PLACEHOLDER)) {
    const [whole, header = '', otherwise, end] = match;
    if (match.index > last) parts.push(word.slice(last, match.index));
    last = match.index + whole.length;
    if (whole === '%%{') parts.push('%{');
    else if (end !== '}') throw new CommandTextError('a "%{" has no "}" after it; write %%{ for one that is meant so');
    else if (header === '') throw new CommandTextError('a "%{}" names no header');
    else parts.push({ header, otherwise });
  }
  if (last < word.length || parts.length === 0) parts.push(word.slice(last));
  return parts;
}
