import { closeSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { unless } from './file-system.js';

/**
 * Puts `text` at `path` in one step, readable by all as far as the umask allows. Not synced: for what is written again soon. Throws the
 * system's error; what was there then stays, and nothing is left beside it.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
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
