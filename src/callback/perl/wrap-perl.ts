import type { Program } from '../border/protocol.js';

/**
 * The code as Perl evaluates it, as stompclt wraps it: used as it is when it comes from a file or defines a sub; else it is
 * the body of `check`. Lines are counted as in the user's file.
 */
export function wrapPerl({ code, fromPath, file, firstLine }: Program & { readonly language: 'perl' }): string {
  const place = `#line ${firstLine} "${file.replace(/["\n]/g, '_')}"\n`;
  const ended = nameEndBlocks(code);
  const head = 'package callback; use strict; use warnings qw(FATAL all); no warnings qw(signal);';
  if (fromPath || definesSub(code)) return `${head}\n${place}${ended}\n;1;\n`;
  const body = perlUsesBodies(code, fromPath) ? 'local *bdy = $msg->body_ref();' : '';
  return (
    `${head} our(%hdr, $bdy); sub check ($) { my $msg = $_[0]; local *hdr = $msg->header(); ${body}\n` +
    `${place}${indented(ended)}\n;return($msg); }\n1;\n`
  );
}

/**
 * stompclt puts two blanks before each line, which texts over several lines have in them. Here-documents and POD would not
 * be found any more: there such code is an error, here it works.
 */
function indented(code: string): string {
  return HERE_DOCUMENT.test(code) || POD.test(code) ? code : code.replace(/^/gm, '  ');
}

/**
 * END blocks run when the process ends, which Perl in WebAssembly never sees. As subs with names that Stompctl.pm knows they are
 * called at the end; it looks that each has become one, for these words may stand in a text.
 */
function nameEndBlocks(code: string): string {
  let count = 0;
  return code.replace(END_BLOCK, (all, before: string, at: number) => {
    const line = code.slice(code.lastIndexOf('\n', at + before.length - 1) + 1, at + before.length);
    if (line.includes('#')) return all;
    count += 1;
    return `${before}sub Stompctl::END_${count} `;
  });
}

const HERE_DOCUMENT = /<<(?:~?[A-Za-z_]|~?\s*["'])/;
const POD = /^=[a-z]/m;
const END_BLOCK = /((?:^|[;}])\s*)END(?=\s*\{)/gm;

function definesSub(code: string): boolean {
  return /^\s*sub\s/m.test(code);
}

/**
 * False when the code looks at headers only: then bodies stay outside. What is not recognised looks at bodies. A message
 * kept for later must have its body, so it does not do to wait until the body is asked for.
 */
export function perlUsesBodies(code: string, fromPath: boolean): boolean {
  const plain = code.replace(/^\s*#.*$/gm, '');
  if (/\b(?:bdy|body|eval|require|size|copy|local)\b|Messaging|Directory|[*&]\w|\bcaller\b/.test(plain)) return true;
  if (!fromPath && !definesSub(code)) return /\$msg\b|@_|\$_\[|\bshift\b|\bsub\b/.test(plain);
  const names: string[] = [];
  const rest = plain
    .replace(TAKES_MESSAGE, (_all, name: string) => {
      names.push(name);
      return ';';
    })
    .replace(/\$\w+->header(?:_field)?\b/g, '')
    .replace(/\breturn\s*\(?\s*\$\w+\s*\)?\s*;/g, '');
  if (/@_|\$_\[|\bshift\b/.test(rest)) return true;
  return names.some((name) => new RegExp(`[$]${name}\\b`).test(rest));
}

const TAKES_MESSAGE = /\bmy\s*\(?\s*\$(\w+)\s*\)?\s*=\s*(?:@_|shift(?:\s*\(\s*@_\s*\)|\s*\(\s*\))?|\$_\[0\])\s*;/g;
