import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { quietly } from '../../base/file-system.js';

export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** undefined: whoever writes it */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Writes all of them, or none: each under another name first, with its mode and owner whatever the umask is, then all get
 * theirs. Synchronous, so that no signal comes in between. Without `force` nothing that is there is replaced.
 * Throws FILE_CANNOT_CREATE.
 */
export function writeNewFiles(files: readonly NewFile[], force: boolean): void {
  const temporaries: string[] = [];
  const placed: string[] = [];
  try {
    for (const file of files) temporaries.push(writeTemporary(file));
    for (const [index, { path }] of files.entries()) {
      const temporary = temporaries[index] ?? '';
      if (force) renameSync(temporary, path);
      else {
        place(temporary, path);
        placed.push(path);
      }
    }
  } catch (error) {
    for (const path of placed) quietly(() => unlinkSync(path));
    throw error;
  } finally {
    for (const path of temporaries) quietly(() => unlinkSync(path));
  }
}

function writeTemporary({ path, content, mode, owner }: NewFile): string {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // left by a process that had our pid and was killed right here
    quietly(() => unlinkSync(temporary));
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, content);
      if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return temporary;
  } catch (error) {
    quietly(() => unlinkSync(temporary));
    throw new StompctlError('FILE_CANNOT_CREATE', 'write', path, whyNotWritten(path, error), error);
  }
}

function whyNotWritten(path: string, error: unknown): string {
  if (errnoOf(error) === 'ENOENT') return `there is no folder ${dirname(path)}: make it first`;
  return `cannot be written: ${reasonOf(error)}`;
}

/** RACE: a link, unlike a rename, never takes the place of what somebody else has just made. */
function place(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    const there = errnoOf(error) === 'EEXIST';
    const reason = there ? 'is there already: give --force to replace it' : whyNotWritten(path, error);
    throw new StompctlError('FILE_CANNOT_CREATE', 'write', path, reason, error);
  }
}
