import { systemClock } from '../base/clock.js';
import { errnoOf } from '../base/errors.js';
import { wait } from '../base/wait.js';
import { readNames } from './element-list.js';
import { ELEMENT_FILE } from './element-name.js';
import { type PurgeOptions, type PurgeReport, removeEmptyFolder, SECOND_LOOK_MS } from './purge.js';
import { type QueueDirectory, queueError } from './queue-directory.js';
import { LOCK_SUFFIX } from './simple-elements.js';
import { TEMPORARY_SUFFIX } from './simple-writer.js';
import { TimeSlice } from './time-slice.js';

/** what has another length is no element, and is looked at closely */
const ELEMENT_LENGTH = 14;

/**
 * Removes temporary files older than `maxTemp`, locks older than `maxLock`, and empty intermediate folders, all but the
 * last. What is neither an element, nor a lock, nor a temporary file is not ours: it stays, and so does its folder.
 * Yields as it goes. Rejects with QUEUE_IO.
 */
export async function purgeSimple(directory: QueueDirectory, options: PurgeOptions): Promise<PurgeReport> {
  const report: PurgeReport = { temporary: 0, locks: 0, folders: 0 };
  const slice = new TimeSlice();
  const folders = directory.folders();
  for (const [index, folder] of folders.entries()) {
    if (options.stopped?.()) break;
    const volatile: string[] = [];
    let elements = 0;
    await readNames(directory.files, `${directory.path}/${folder}`, (name) => {
      if (name.length === ELEMENT_LENGTH) elements += 1;
      else volatile.push(name);
    });
    const old = volatile.filter((name) => isOld(directory, `${folder}/${name}`, options));
    // RACE: an element being locked shows its own, old, time until its locker sets the new one: look twice
    if (old.length > 0) await wait(systemClock, SECOND_LOOK_MS);
    for (const name of old) {
      removeOld(directory, `${folder}/${name}`, options, report);
      if (slice.over()) await slice.rest();
    }
    if (elements === 0 && index < folders.length - 1) removeEmptyFolder(directory, folder, report);
    if (slice.over()) await slice.rest();
  }
  return report;
}

function isOld(directory: QueueDirectory, name: string, options: PurgeOptions): boolean {
  const file = name.slice(name.indexOf('/') + 1, -TEMPORARY_SUFFIX.length);
  if (!ELEMENT_FILE.test(file)) return false;
  const isLock = name.endsWith(LOCK_SUFFIX);
  if (!isLock && !name.endsWith(TEMPORARY_SUFFIX)) return false;
  const seconds = isLock ? options.maxLock : options.maxTemp;
  if (seconds === 0 || (isLock && options.isOurs?.(name.slice(0, -LOCK_SUFFIX.length)))) return false;
  const path = `${directory.path}/${name}`;
  try {
    const stats = directory.files.lstatSync(path, { throwIfNoEntry: false });
    return stats !== undefined && stats.mtimeMs < Date.now() - seconds * 1000;
  } catch (error) {
    throw queueError('purge', path, error);
  }
}

function removeOld(directory: QueueDirectory, name: string, options: PurgeOptions, report: PurgeReport): void {
  const path = `${directory.path}/${name}`;
  try {
    if (!isOld(directory, name, options)) return;
    directory.files.unlinkSync(path);
  } catch (error) {
    // RACE: unlocked, or finished, meanwhile
    if (errnoOf(error) === 'ENOENT') return;
    throw queueError('purge', path, error);
  }
  if (name.endsWith(LOCK_SUFFIX)) report.locks += 1;
  else report.temporary += 1;
}
