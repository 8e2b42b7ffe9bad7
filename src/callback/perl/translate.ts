import { generate } from './generator.js';
import { parsePerl } from './parser.js';

export interface Translation {
  readonly javascript: string;
  /** for each line of the JavaScript, from 0, the offset in the Perl code it comes from */
  readonly offsets: readonly (number | undefined)[];
}

/**
 * Translates a callback from Perl to the JavaScript that runs in the sandbox. Code that defines a sub, or comes from a
 * file, is used as it is; other code is the body of `check`. Throws PerlError.
 */
export function translatePerl(code: string, fromPath: boolean, place: { file: string; line: number }): Translation {
  const wrapped = !fromPath && !/^\s*sub\s/m.test(code);
  const lineOf = (at: number): number => place.line + code.slice(0, at).split('\n').length - 1;
  const lines = generate(parsePerl(code), wrapped, { file: place.file, lineOf });
  return laidOut(lines.flatMap((line) => line.split('\n')));
}

/** Takes the marks out and indents by braces. */
function laidOut(marked: readonly string[]): Translation {
  const lines: string[] = [];
  const offsets: (number | undefined)[] = [];
  let depth = 0;
  let offset: number | undefined;
  for (const raw of marked) {
    const [before = '', ...rest] = raw.split('\u0001');
    let text = before;
    for (const [index, piece] of rest.entries()) {
      const end = piece.indexOf('\u0002');
      if (index === 0) offset = Number(piece.slice(0, end));
      text += piece.slice(end + 1);
    }
    text = text.trim();
    if (/^[})\]]/.test(text)) depth -= 1;
    lines.push('  '.repeat(Math.max(0, depth)) + text);
    offsets.push(offset);
    if (/[{([]$/.test(text)) depth += 1;
  }
  return { javascript: `${lines.join('\n')}\n`, offsets };
}
