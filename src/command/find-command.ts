import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { errnoOf, StompctlError } from '../base/errors.js';

/**
 * The file that `program` names: a path, or a name looked up in the folders of `path`. Throws COMMAND_UNUSABLE when there is none,
 * or when it is not executable for this user.
 */
export function findCommand(program: string, path: string): string {
  if (program.includes('/')) {
    const file = resolve(program);
    const why = whyNot(file);
    if (why !== undefined) throw unusable(program, why);
    return file;
  }
  for (const folder of path.split(':')) {
    // an empty or relative entry is the current folder, which somebody else may write to
    if (isAbsolute(folder) && whyNot(join(folder, program)) === undefined) return join(folder, program);
  }
  throw unusable(program, `no folder of PATH (${path}) has it; give its whole path`);
}

function whyNot(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'is no plain file; name a program';
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'there is no such file; correct the path, or install it';
    if (errno === 'EACCES')
      return 'is not executable for the user that runs stompctl: chmod +x it, and look at its folders';
    return `cannot be looked at (${errno})`;
  }
}

function unusable(program: string, reason: string): StompctlError {
  return new StompctlError('COMMAND_UNUSABLE', 'command', program, reason);
}
