import { errnoOf } from '../base/errors.js';
import { type FileSystem, systemFiles } from '../base/file-system.js';
import { ELEMENT_FILE, FOLDER_NAME } from './element-name.js';
import { OBSOLETE_FOLDER, TEMPORARY_FOLDER } from './normal-elements.js';
import { queueError } from './queue-directory.js';
import type { QueueType } from './queue-options.js';

/** intermediate folders that are looked into: the first ones may be empty */
const MOST_FOLDERS = 100;

/**
 * The type of the queue in this folder, as far as it shows: a queue of type DQN has `temporary` and `obsolete` folders, and
 * its elements are folders. Undefined: nothing shows it (no folder, or an empty one). Throws QUEUE_IO.
 */
export function detectQueueType(path: string, files: FileSystem = systemFiles): QueueType | undefined {
  const names = read(path, files);
  if (names.includes(TEMPORARY_FOLDER) || names.includes(OBSOLETE_FOLDER)) return 'DQN';
  const folders = names.filter((name) => FOLDER_NAME.test(name)).slice(0, MOST_FOLDERS);
  for (const folder of folders) {
    const element = read(`${path}/${folder}`, files).find((name) => ELEMENT_FILE.test(name));
    if (element === undefined) continue;
    const stats = files.lstatSync(`${path}/${folder}/${element}`, { throwIfNoEntry: false });
    if (stats !== undefined) return stats.isDirectory() ? 'DQN' : 'DQS';
  }
  return undefined;
}

function read(path: string, files: FileSystem): string[] {
  try {
    return files.readdirSync(path);
  } catch (error) {
    // RACE: a purge removed it
    if (errnoOf(error) === 'ENOENT') return [];
    throw queueError('read queue', path, error);
  }
}
