import type { ScriptMap } from './border/script-map.js';

export interface Script {
  readonly script: string;
  readonly module: boolean;
  readonly map: ScriptMap;
}

const DEFINES_CHECK = /\bfunction\s*\*?\s+check\s*\(|\b(?:const|let|var)\s+check\s*=|^\s*(?:globalThis\.)?check\s*=/m;

/**
 * JavaScript as the sandbox runs it. Code that defines `check`, or comes from a file, is used as it is; other code
 * becomes the body of `check`, with `msg`, `hdr` and `bdy` bound, and passes the message on unless it returns something.
 * A line is put before the user's first one, none inside, so that columns stay and lines move by one.
 */
export function prepareJavaScript(code: string, firstLine: number, fromPath: boolean): Script {
  const map: ScriptMap = (line, column) => (line < 2 ? undefined : { line: line - 2 + firstLine, column });
  const module = /^\s*export\s/m.test(code);
  if (module || fromPath || DEFINES_CHECK.test(code)) return { script: `\n${code}\n`, module, map };
  const usesBody = /\bbdy\b/.test(code);
  const head = [
    'function check(msg) { let hdr = msg.header;',
    usesBody ? 'let bdy = msg.body; const body$before = bdy;' : '',
    'const result$ = (() => {',
  ];
  const tail = [
    '})(); msg.header = hdr;',
    usesBody ? 'if (bdy !== body$before) msg.body = bdy;' : '',
    'return result$ === undefined ? msg : result$; }',
  ];
  return { script: `${head.join(' ')}\n${code}\n${tail.join(' ')}`, module, map };
}

/** Whether the code may look at bodies: a word that does, or a name worked out as it runs. */
export function mayUseBodies(code: string): boolean {
  return /\b(?:tap|bdy|body\w*|size|copy|serialize|stringify|eval|Function|Reflect|Proxy)\b|\bmsg\s*\[|\.\.\.\s*msg\b/.test(
    code,
  );
}
