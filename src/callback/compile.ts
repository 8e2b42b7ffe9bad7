import { StompctlError } from '../base/errors.js';
import type { Program } from './border/protocol.js';
import type { ScriptMap } from './border/script-map.js';
import { guessLanguage, type Language, looksLikePython } from './language.js';
import { perlUsesBodies } from './perl/wrap-perl.js';
import { mayUseBodies, prepareJavaScript } from './wrap-javascript.js';

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

/** Turns callback code into what the sandbox runs. CALLBACK_SYNTAX. Nothing is run. */
export function compile(source: CallbackSource): Compiled {
  const { code, origin, fromPath } = source;
  const language = languageOf(source);
  if (language === 'perl') return compilePerl(source);
  const { script, module, map } = prepareJavaScript(code, origin.line, fromPath);
  return { program: { language, script, module }, language, map, usesBodies: mayUseBodies(code) };
}

/** Perl runs as it is: its engine reads it. */
function compilePerl({ code, origin, fromPath }: CallbackSource): Compiled {
  const program = { language: 'perl', code, fromPath, firstLine: origin.line, file: origin.file } as const;
  return {
    program,
    language: 'perl',
    map: (line) => ({ line }),
    usesBodies: perlUsesBodies(code, fromPath),
  };
}

/** The configured language, or the guessed one. CALLBACK_SYNTAX when it could be either or neither, CALLBACK_UNSUPPORTED for Python. */
export function languageOf(source: CallbackSource): Language {
  const place = `${source.origin.file}:${source.origin.line}`;
  if (source.language === undefined && looksLikePython(source.code)) {
    const reason =
      'Python is not run here: write it in JavaScript, in which hdr["a"] = "b" is the same (or in Perl): docs/callbacks.md';
    throw new StompctlError('CALLBACK_UNSUPPORTED', 'callback', place, reason);
  }
  const language = source.language ?? guessLanguage(source.code);
  if (language !== undefined) return language;
  throw new StompctlError(
    'CALLBACK_SYNTAX',
    'callback',
    place,
    'cannot tell whether the code is JavaScript or Perl; set callback-language = javascript (or perl)',
  );
}
