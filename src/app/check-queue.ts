import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { systemFiles } from '../base/file-system.js';
import { QueueDirectory } from '../dirq/queue-directory.js';
import { PathTemplate } from '../message/path-template.js';

/**
 * Looks whether the folder of a queue can be used, or made; makes nothing. `mustExist`: it is read once, and so is not made.
 * Of a path with values of headers in it, the folder is looked at that its queues are in.
 * Throws QUEUE_MISSING, QUEUE_INVALID, QUEUE_PERMISSION.
 */
export function checkQueue(named: string, mustExist = false): 'is-there' | 'can-be-made' {
  const path = PathTemplate.parse(named)?.folder ?? named;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined && mustExist) {
      const reason = 'there is no such folder: correct the path, or make the folder';
      throw new StompctlError('QUEUE_MISSING', 'check', path, reason);
    }
    if (stats !== undefined && !stats.isDirectory()) {
      throw new StompctlError('QUEUE_INVALID', 'check', path, 'is not a folder; name a folder of its own');
    }
    accessSync(stats === undefined ? existingParent(path) : path, constants.R_OK | constants.W_OK | constants.X_OK);
    return stats === undefined ? 'can-be-made' : 'is-there';
  } catch (caught) {
    throw caught instanceof StompctlError ? caught : noAccess(path, caught);
  }
}

/** What deserves a warning about a queue that is to be read; undefined: nothing, also when it cannot be looked at. */
export function oddQueue(path: string): string | undefined {
  const directory = new QueueDirectory(path, systemFiles, undefined);
  try {
    directory.folders();
  } catch {
    // whether it can be read is told by `checkQueue`
    return undefined;
  }
  return directory.strangers === 0 ? undefined : strangersText(path, directory.strangers);
}

export function strangersText(path: string, count: number): string {
  const what = count === 1 ? '1 plain file, which is' : `${count} plain files, which are`;
  const next = 'left alone: to send files use incoming-folder (docs/folders.md)';
  return `${path} has ${what} no part of a directory queue and ${next}`;
}

function existingParent(path: string): string {
  const parent = dirname(path);
  return statSync(parent, { throwIfNoEntry: false }) === undefined && parent !== path ? existingParent(parent) : parent;
}

function noAccess(path: string, cause: unknown): StompctlError {
  const denied = errnoOf(cause) === 'EACCES' || errnoOf(cause) === 'EROFS';
  const reason = `${reasonOf(cause)}; the user that runs stompctl must be able to read and write it`;
  return new StompctlError(denied ? 'QUEUE_PERMISSION' : 'QUEUE_INVALID', 'check', path, reason, cause);
}
