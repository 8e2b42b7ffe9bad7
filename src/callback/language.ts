import { Script } from 'node:vm';

export type Language = 'javascript' | 'perl';

/** Signs of Perl in code that does not parse as JavaScript. */
const PERL_SIGNS = [
  /\$\w+\s*\{/, // $hdr{name}
  /[=!]~/, // $bdy =~ /x/
  /\b(?:my|our|local)\s*[($@%*]/,
  /^\s*sub\s+\w+/m,
  /^\s*(?:use|no)\s+\w/m,
  /->\s*[\w$[{(]/,
  /\w::\w/,
  /\$_\b/,
  /^\s*print(?:f|\s)\s*[^\s(=.;]/m,
  /\bqw\s*[(/[{]/,
  /(?:^|[\s(,])[@%]\w+/,
  /\bforeach\b/,
  /\b(?:elsif|unless)\b/,
  /\b(?:eq|ne)\s+["'$]/,
];

/** What is Perl and yet parses as JavaScript: calls of functions that nobody would name so. */
const CALL_LIKE_SIGNS = [/\b(?:my|our|local)\s*\(\s*[$@%]/, /\bqw\s*\(/];

/**
 * Guesses the language of a callback. What parses as (the inside of) a JavaScript function is JavaScript, unless it
 * looks so much like Perl that it could be either: undefined. What does not parse is Perl when it shows a sign of it, else
 * JavaScript with an error in it. Parsing only: nothing is run.
 */
export function guessLanguage(code: string): Language | undefined {
  if (parses(code)) return CALL_LIKE_SIGNS.some((sign) => sign.test(code)) ? undefined : 'javascript';
  return PERL_SIGNS.some((sign) => sign.test(code)) ? 'perl' : 'javascript';
}

function parses(code: string): boolean {
  const bare = code.replace(/^\s*export\s+(?:default\s+)?/gm, '');
  try {
    new Script(`(function () { 'use strict';${bare}\n})`);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
