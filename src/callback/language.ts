import { Script } from 'node:vm';

export type Language = 'javascript' | 'perl';

/** What a callback is about, under its Perl names. */
const PERL_NAMES = /[$](?:hdr|bdy|msg)\b|[%]hdr\b|@_(?!\w)/;

/** The same under its JavaScript names. */
const JAVASCRIPT_NAMES = /(?<![$@%&\w])(?:hdr|bdy|msg)\b|\bfunction\s*\*?\s+check\s*\(|\bcheck\s*=(?!=)/;

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
 * Guesses the language of a callback; undefined when it could be both or neither. JavaScript parses as (the inside of) a
 * function and names the message by a name of ours, or defines `check`; signs of Perl inside its strings do not count. What
 * does not parse is Perl when it shows a sign of it, else JavaScript with an error in it. Parsing only: nothing is run.
 */
export function guessLanguage(code: string): Language | undefined {
  const javascript = JAVASCRIPT_NAMES.test(withoutStrings(code));
  if (!parses(code)) {
    if (PERL_NAMES.test(code) || PERL_SIGNS.some((sign) => sign.test(code))) return 'perl';
    return javascript ? 'javascript' : undefined;
  }
  const seen = javascript ? withoutStrings(code) : code;
  const perl = PERL_NAMES.test(seen) || CALL_LIKE_SIGNS.some((sign) => sign.test(seen));
  if (perl === javascript) return undefined;
  return perl ? 'perl' : 'javascript';
}

/** Signs of Python, the language of amqpclt's callbacks, in code that does not parse as JavaScript. */
const PYTHON_SIGNS = [
  /^\s*def\s+\w+\s*\(/m,
  /^\s*(?:if|elif|else|for|while|try|except|with)\b[^{};]*:\s*(?:#.*)?$/m,
  /^\s*(?:import|from)\s+[\w.]+(?:\s+import\b[^;]*)?$/m,
  /^\s*del[\s(]/m,
];
/** The same in code that does: the function of that name is nobody else's. */
const PYTHON_CALL = /^\s*del\s*\(\s*(?:hdr|msg)\b/m;

/** Is it Python, as amqpclt's users write it? `hdr["a"] = "b"` is JavaScript too. */
export function looksLikePython(code: string): boolean {
  if (parses(code)) return PYTHON_CALL.test(code);
  return PYTHON_SIGNS.some((sign) => sign.test(code)) && !PERL_NAMES.test(code);
}

/** Roughly: a pattern that holds a quote is seen as the beginning of a string. */
function withoutStrings(code: string): string {
  return code.replace(/\/\/.*|\/\*[\s\S]*?\*\/|(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1/g, ' ');
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
