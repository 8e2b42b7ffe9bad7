import { constants, type Stats } from 'node:fs';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import type { FileSystem } from '../../base/file-system.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';

/** Throws QUEUE_MISSING, QUEUE_INVALID, QUEUE_PERMISSION, or QUEUE_IO for what may pass: is it a folder that can be read? */
export function folderMustExist(files: FileSystem, path: string): void {
  let stats: Stats | undefined;
  try {
    stats = files.statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) files.accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw folderError('open', path, error);
  }
  if (stats === undefined) {
    const reason = 'there is no such folder: correct the path, or make the folder';
    throw new StompctlError('QUEUE_MISSING', 'open folder', path, reason);
  }
  if (!stats.isDirectory()) throw new StompctlError('QUEUE_INVALID', 'open folder', path, 'is no folder; name one');
}

/** What files can be taken out of and put into. Throws the system's error. */
export function mustBeWritable(files: FileSystem, path: string): void {
  files.accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** what the system says of one file, while all others can be taken */
const OF_ONE_FILE = new Set(['EACCES', 'EPERM', 'EISDIR', 'ENAMETOOLONG']);

/** Why one file of a folder cannot be taken or read; undefined: the error is of something else. */
export function faultOfFile(name: string, error: unknown): StompctlError | undefined {
  if (!OF_ONE_FILE.has(errnoOf(error) ?? '')) return undefined;
  const what = 'it stays where it is until the user that runs stompctl may read and rename it (chmod, chown)';
  return new StompctlError('ELEMENT_UNREADABLE', 'read', name, `${reasonOf(error)}; ${what}`, error);
}

/** A file is moved by giving it another name, which works within one file system. Throws as a queue that is opened. */
export function openTarget(files: FileSystem, path: string, to: string): void {
  new QueueDirectory(to, files, undefined).open();
  const [target, source] = [files.statSync(to), files.statSync(path)];
  if (target.dev === source.dev && target.ino !== source.ino) return;
  const reason =
    target.dev === source.dev
      ? `is ${path} itself, where each file would be sent again: name another folder`
      : `is on another file system than ${path}: name a folder on the same one`;
  throw new StompctlError('QUEUE_INVALID', 'open folder', to, reason);
}

/** Of so many claims, that at a path first. */
export function stuckText(claims: number, at: string, error: unknown): string {
  const what = `${claims} of what was claimed cannot be given back for now, first ${JSON.stringify(at)}: ${reasonOf(error)}`;
  return `${what}; it stays there, and is tried again: make room, or let the user that runs stompctl write there`;
}

/** What was in the way: rights and a read-only disk need somebody, everything else may pass. */
export function folderError(operation: string, path: string, error: unknown): StompctlError {
  if (error instanceof StompctlError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (!['EACCES', 'EPERM', 'EROFS'].includes(errno)) return queueError(`${operation} folder`, path, error);
  const reason = `${reasonOf(error)}: the user that runs stompctl must be able to read and write it`;
  return new StompctlError('QUEUE_PERMISSION', `${operation} folder`, path, reason, error);
}
