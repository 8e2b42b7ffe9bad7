import { systemClock } from '../base/clock.js';
import { wait } from '../base/wait.js';
import { readElements } from './element-list.js';
import { ELEMENT_FILE } from './element-name.js';
import { type NormalElements, OBSOLETE_FOLDER, TEMPORARY_FOLDER } from './normal-elements.js';
import { type PurgeOptions, type PurgeReport, removeEmptyFolder, SECOND_LOOK_MS } from './purge.js';
import { type QueueDirectory, queueError } from './queue-directory.js';
import { TimeSlice } from './time-slice.js';

/**
 * Removes what stands in `temporary` and `obsolete` for longer than `maxTemp`, locks older than `maxLock`, and empty
 * intermediate folders, all but the last. Yields as it goes. Rejects with QUEUE_IO.
 */
export async function purgeNormal(
  directory: QueueDirectory,
  elements: NormalElements,
  options: PurgeOptions,
): Promise<PurgeReport> {
  const report: PurgeReport = { temporary: 0, locks: 0, folders: 0 };
  const slice = new TimeSlice();
  const folders = directory.folders();
  try {
    for (const aside of [TEMPORARY_FOLDER, OBSOLETE_FOLDER]) {
      const names = directory.files.readdirSync(`${directory.path}/${aside}`);
      if (aside === OBSOLETE_FOLDER && names.length > 0) await syncAll(directory, folders);
      for (const name of names) {
        purgeAside(directory, elements, `${aside}/${name}`, options, report);
        if (slice.over()) await slice.rest();
      }
    }
    for (const [index, folder] of folders.entries()) {
      if (options.stopped?.()) break;
      const count = await purgeLocks(directory, elements, folder, options, report);
      if (count === 0 && index < folders.length - 1) removeEmptyFolder(directory, folder, report);
    }
  } catch (error) {
    throw queueError('purge', directory.path, error);
  }
  return report;
}

/** What a dead process moved away may not be on the disk as moved yet: without its files it must not come back. */
async function syncAll(directory: QueueDirectory, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await directory.syncFolder(`${directory.path}/${folder}`);
  // the folders that went when they were empty
  await directory.syncFolder(directory.path);
}

function purgeAside(
  directory: QueueDirectory,
  elements: NormalElements,
  name: string,
  options: PurgeOptions,
  report: PurgeReport,
): void {
  if (options.maxTemp === 0 || !ELEMENT_FILE.test(name.slice(name.indexOf('/') + 1))) return;
  const path = `${directory.path}/${name}`;
  const stats = directory.files.lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory() || stats.mtimeMs >= Date.now() - options.maxTemp * 1000) return;
  elements.removeFolder(path);
  report.temporary += 1;
}

/** Resolves to how many elements the folder has. */
async function purgeLocks(
  directory: QueueDirectory,
  elements: NormalElements,
  folder: string,
  options: PurgeOptions,
  report: PurgeReport,
): Promise<number> {
  const slice = new TimeSlice();
  const list = await readElements(directory.files, `${directory.path}/${folder}`);
  const before = Date.now() - options.maxLock * 1000;
  const isOld = (name: string): boolean => {
    const stats = directory.files.lstatSync(`${directory.path}/${name}`, { throwIfNoEntry: false });
    // the element's own time first: it costs one call, and most elements are young or not locked
    return stats !== undefined && stats.mtimeMs < before && elements.lockInfo(name) !== undefined;
  };
  const old: string[] = [];
  for (let index = 0; options.maxLock > 0 && index < list.length; index += 1) {
    const name = `${folder}/${list.at(index)}`;
    if (!options.isOurs?.(name) && isOld(name)) old.push(name);
    if (slice.over()) await slice.rest();
  }
  // RACE: an element being locked shows its own, old, time until its locker sets the new one: look twice
  if (old.length > 0) await wait(systemClock, SECOND_LOOK_MS);
  for (const name of old) {
    if (!options.isOurs?.(name) && isOld(name) && elements.unlock(name)) report.locks += 1;
  }
  return list.length;
}
