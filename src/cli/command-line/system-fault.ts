import { closeSync, openSync } from 'node:fs';

/**
 * Imports nothing of ours: it says what hinders the program where too few files may be open to load the rest of it.
 */

/** What the system around the program lacks: no fault of the program, so nobody is shown a stack. */
export interface SystemFault {
  readonly text: string;
  /** a number of sysexits.h */
  readonly exit: number;
}

const NO_INPUT = 66;
const TRY_AGAIN = 75;
/** What loading a package opens at once, at most. */
const FILES_AT_ONCE = 64;
/** Causes may form a circle. */
const DEEPEST_CAUSE = 8;

/** What of the system is behind an error that is none of ours; undefined: nothing known. */
export function systemFault(error: unknown): SystemFault | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < DEEPEST_CAUSE; cause = cause.cause, depth += 1) {
    const code = 'code' in cause ? cause.code : undefined;
    // the loader takes a file that it may not open for one that is not there
    if (code === 'EMFILE' || (code === 'ERR_MODULE_NOT_FOUND' && fewFiles())) {
      return { text: 'too many open files: raise "ulimit -n"', exit: TRY_AGAIN };
    }
    if (code === 'ENFILE') {
      return { text: 'too many open files in the whole system: raise "sysctl fs.file-max"', exit: TRY_AGAIN };
    }
    if ('syscall' in cause && cause.syscall === 'uv_cwd') {
      const text = `the current folder cannot be found (${String(code)}): change to one that is there, or give whole paths`;
      return { text, exit: NO_INPUT };
    }
  }
  return undefined;
}

/** Are fewer files left to open than loading takes? Asked after the fact: those that were open then are closed by now. */
function fewFiles(): boolean {
  const files: number[] = [];
  try {
    while (files.length < FILES_AT_ONCE) files.push(openSync('/dev/null', 'r'));
    return false;
  } catch {
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}
