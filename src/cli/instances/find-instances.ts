import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
