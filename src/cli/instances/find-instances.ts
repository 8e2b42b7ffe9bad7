import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';

/** Where the units and the samples have their pidfiles. */
export const RUN_FOLDER = '/run/stompctl';
/** A folder with more is no folder of pidfiles. */
const MOST = 1000;

/**
 * The pidfiles that these places mean: a folder stands for every `*.pid` in it, anything else for itself. A folder that goes while
 * somebody looks holds none. INPUT_UNREADABLE for one that cannot be read.
 */
export function findInstances(places: readonly string[]): string[] {
  return [...new Set(places.flatMap((place) => (isFolder(place) ? pidfilesIn(place) : [place])))];
}

/**
 * INPUT_UNREADABLE for a place that cannot be meant: neither a folder nor a file is there. A pidfile goes with its process, so one
 * that is not there in a folder that is means an instance that does not run.
 */
export function refuseNoPlace(places: readonly string[]): void {
  for (const place of places) {
    if (existsSync(place) || (place.endsWith('.pid') && existsSync(dirname(place)))) continue;
    const reason = 'there is no such folder or pidfile: name the folder of the pidfiles, or one of them (PATH.pid)';
    throw new StompctlError('INPUT_UNREADABLE', 'look at', place, reason);
  }
}

function isFolder(path: string): boolean {
  return path === RUN_FOLDER || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function pidfilesIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new StompctlError('INPUT_UNREADABLE', 'read folder', folder, reasonOf(error), error);
  }
  const pidfiles = names.filter((name) => name.endsWith('.pid')).sort();
  return pidfiles.slice(0, MOST).map((name) => join(folder, name));
}
