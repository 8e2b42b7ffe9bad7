import { errnoOf } from '../base/errors.js';
import { type QueueDirectory, queueError } from './queue-directory.js';

/** between the two looks at a lock that seems old */
export const SECOND_LOOK_MS = 10;

export interface PurgeOptions {
  /** seconds; 0: locks stay */
  readonly maxLock: number;
  /** seconds; 0: temporary files stay */
  readonly maxTemp: number;
  /** is the lock of this element (`folder/file`) our own? It stays, however old */
  readonly isOurs?: (name: string) => boolean;
  /** true: stop soon */
  readonly stopped?: () => boolean;
}

export interface PurgeReport {
  /** temporary files removed */
  temporary: number;
  /** locks removed: their elements can be taken again */
  locks: number;
  /** intermediate folders removed */
  folders: number;
}

/** Removes an intermediate folder that looks empty. Throws QUEUE_IO. */
export function removeEmptyFolder(directory: QueueDirectory, folder: string, report: PurgeReport): void {
  const path = `${directory.path}/${folder}`;
  try {
    directory.files.rmdirSync(path);
    report.folders += 1;
  } catch (error) {
    const errno = errnoOf(error);
    // RACE: a producer put something into it, another purge removed it; or it holds what is not ours
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST' || errno === 'ENOENT' || errno === 'ENOTDIR') return;
    throw queueError('purge', path, error);
  }
}
