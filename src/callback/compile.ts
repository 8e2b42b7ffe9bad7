import { StompctlError } from '../base/errors.js';
import { mayUseBodies, prepareJavaScript } from './javascript.js';
import { guessLanguage, type Language } from './language.js';
import { PerlError } from './perl/perl-error.js';
import { translatePerl } from './perl/translate.js';
import type { Program } from './protocol.js';
import type { Place, ScriptMap } from './script-map.js';

/** Callback code as configured: `origin` is where its first line stands, lines counted from 1. */
export interface CallbackSource {
  readonly code: string;
  readonly origin: { readonly file: string; readonly line: number };
  /** from `callback-path`: used as it is, never wrapped */
  readonly fromPath: boolean;
  readonly language?: Language | undefined;
}

export interface Compiled {
  readonly program: Program;
  readonly language: Language;
  readonly map: ScriptMap;
  /** false: bodies stay outside until the code asks for one */
  readonly usesBodies: boolean;
}

/** Turns callback code into what the sandbox runs. CALLBACK_SYNTAX, CALLBACK_UNSUPPORTED. Nothing is run. */
export function compile(source: CallbackSource): Compiled {
  const { code, origin, fromPath } = source;
  const language = languageOf(source);
  if (language === 'perl') return compilePerl(source);
  const { script, module, map } = prepareJavaScript(code, origin.line, fromPath);
  return { program: { language, script, module }, language, map, usesBodies: mayUseBodies(code) };
}

/** The JavaScript that a callback runs as, for `check --show-javascript`. Errors as `compile`. */
export function translate(source: CallbackSource): { language: Language; javascript: string } {
  const { language, program } = compile(source);
  return { language, javascript: (program.language === 'javascript' ? program.script : translated(source)).trim() };
}

/** Perl runs as it is: its engine reads it. */
function compilePerl({ code, origin, fromPath }: CallbackSource): Compiled {
  const program = { language: 'perl', code, fromPath, firstLine: origin.line, file: origin.file } as const;
  return {
    program,
    language: 'perl',
    map: (line, column) => ({ line, column }),
    usesBodies: /\b(?:bdy|body|body_ref|size|copy|serialize|stringify|add_message)\b/.test(code),
  };
}

function translated({ code, origin, fromPath }: CallbackSource): string {
  try {
    return translatePerl(code, fromPath, origin).javascript;
  } catch (error) {
    if (!(error instanceof PerlError)) throw error;
    const { line, column } = placeAt(code, error.at, origin.line);
    const errorCode = error.kind === 'syntax' ? 'CALLBACK_SYNTAX' : 'CALLBACK_UNSUPPORTED';
    throw new StompctlError(errorCode, 'callback', `${origin.file}:${line}:${column}`, error.message);
  }
}

function placeAt(code: string, offset: number, firstLine: number): Place {
  const before = code.slice(0, offset).split('\n');
  return { line: firstLine + before.length - 1, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The configured language, or the guessed one; CALLBACK_SYNTAX when it could be either or neither. */
export function languageOf(source: CallbackSource): Language {
  const language = source.language ?? guessLanguage(source.code);
  if (language !== undefined) return language;
  throw new StompctlError(
    'CALLBACK_SYNTAX',
    'callback',
    `${source.origin.file}:${source.origin.line}`,
    'cannot tell whether the code is JavaScript or Perl; set callback-language = javascript (or perl)',
  );
}
