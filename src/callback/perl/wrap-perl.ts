import type { Program } from '../border/protocol.js';

/**
 * The code as Perl evaluates it, as stompclt wraps it: used as it is when it comes from a file or defines a sub; else it is
 * the body of `check`. Lines are counted as in the user's file.
 */
export function wrapPerl({ code, fromPath, file, firstLine }: Program & { readonly language: 'perl' }): string {
  const place = `#line ${firstLine} "${file.replace(/["\n]/g, '_')}"\n`;
  const head = 'package callback; use strict; use warnings qw(FATAL all); no warnings qw(signal);';
  if (fromPath || definesSub(code)) return `${head}\n${place}${code}\n;1;\n`;
  const body = perlUsesBodies(code, fromPath) ? 'local *bdy = $msg->body_ref();' : '';
  return (
    `${head} our(%hdr, $bdy); sub check ($) { my $msg = $_[0]; local *hdr = $msg->header(); ${body}\n` +
    `${place}${code}\n;return($msg); }\n1;\n`
  );
}

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
