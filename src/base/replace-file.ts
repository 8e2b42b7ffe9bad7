import { closeSync, openSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quietly, unless } from './file-system.js';
import { processExists } from './liveness.js';

/** Where this process writes what is to stand at `path`. */
export function temporaryOf(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

/** Removes what processes that were killed left of `temporaryOf(path)`: once, by who is the only one to write there now. */
export function removeLeftTemporaries(path: string): void {
  const prefix = `${basename(path)}.`;
  quietly(() => {
    for (const name of readdirSync(dirname(path))) {
      const [, pid] = (name.startsWith(prefix) && /^([1-9]\d{0,9})\.tmp$/.exec(name.slice(prefix.length))) || [];
      if (pid !== undefined && !processExists(Number(pid))) quietly(() => unlinkSync(join(dirname(path), name)));
    }
  });
}

/**
 * Puts `text` at `path` in one step, readable by all as far as the umask allows. Not synced: for what is written again soon. Throws the
 * system's error; what was there then stays, and nothing is left beside it.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = temporaryOf(path);
  // left by a process that had our pid and was killed right here; never written through a link
  unless('ENOENT', () => unlinkSync(temporary));
  try {
    const file = openSync(temporary, 'wx', 0o644);
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    try {
      unless('ENOENT', () => unlinkSync(temporary));
    } catch {
      // it could not be written, nor be removed: the first is told
    }
    throw error;
  }
}
