import { Script } from 'node:vm';

export type Language = 'javascript' | 'perl';

/** What is Perl and cannot be JavaScript, whatever surrounds it. */
const PERL_SIGNS = [
  /\$\w+\s*\{/, // $hdr{name}
  /[=!]~/, // $bdy =~ /x/
  /\b(?:my|our|local)\s*[($@%*]/,
  /^\s*sub\s+\w+/m,
  /^\s*use\s+(?:strict|warnings|utf8)\b/m,
  /->\s*[[{]/,
  /\bqw\s*[(/[{]/,
  /(?:^|[\s(,])[@%]\w+/,
  /\bforeach\b/,
  /\b(?:elsif|unless)\b/,
  /\b(?:eq|ne)\s+["'$]/,
];

/**
 * Guesses the language of a callback: JavaScript unless it shows a sign of Perl. Code that shows one and still parses as
 * (the inside of) a JavaScript function could be either: undefined. Parsing only: nothing is run.
 */
export function guessLanguage(code: string): Language | undefined {
  if (!PERL_SIGNS.some((sign) => sign.test(code))) return 'javascript';
  return parses(code) ? undefined : 'perl';
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
