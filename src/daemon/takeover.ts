import { linkSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { errnoOf } from '../base/errors.js';
import { unless } from '../base/file-system.js';
import { processExists } from '../base/liveness.js';
import { type PidfileContent, readPidfile, sameContent } from './pidfile-content.js';

/**
 * Moves a pidfile of a dead process out of the way, if it is still the one that was read. `changed`: it is not, look
 * again. `busy`: another starting process is at it, look again a little later. After `moved` the caller still has to win
 * the link.
 *
 * One process at a time: `FILE.takeover` is a symbolic link whose target is the pid of the one that is at it, since a
 * symbolic link appears together with its content and never over another one.
 */
export function moveAside(path: string, dead: PidfileContent): 'moved' | 'changed' | 'busy' {
  const claim = `${path}.takeover`;
  if (!claimed(claim)) return 'busy';
  try {
    // RACE: the file may have been taken over before we held the claim.
    return sameContent(readPidfile(path), dead) && renameChecked(path, dead) ? 'moved' : 'changed';
  } finally {
    unlinkIfThere(claim);
  }
}

function renameChecked(path: string, dead: PidfileContent): boolean {
  const aside = `${path}.${process.pid}.old`;
  // RACE: `stompctl quit` may have removed the dead file, and a process may have started, since the last look: what was
  // renamed then is a live pidfile. It is put back; if yet another one started meanwhile, the owner of the file that was
  // moved finds another pid at its next look, within a second, and stops with PIDFILE_LOST.
  if (!renameIfThere(path, aside)) return false;
  const right = sameContent(readPidfile(aside), dead);
  if (!right) linkIfFree(aside, path);
  unlinkIfThere(aside);
  return right;
}

function claimed(claim: string): boolean {
  try {
    symlinkSync(String(process.pid), claim);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const holder = readlinkIfThere(claim);
  // RACE: killed during a takeover. Two processes may find that out together, and the second may then remove the claim
  // of the first: the look after the rename is what protects the pidfile in that case.
  const abandoned = holder !== undefined && (Number(holder) === process.pid || !processExists(Number(holder)));
  if (abandoned) unlinkIfThere(claim);
  return false;
}

function renameIfThere(from: string, to: string): boolean {
  return unless('ENOENT', () => renameSync(from, to));
}

function linkIfFree(from: string, to: string): void {
  unless('EEXIST', () => linkSync(from, to));
}

/** Removes a file; one that is not there is as good. */
export function unlinkIfThere(path: string): void {
  unless('ENOENT', () => unlinkSync(path));
}

function readlinkIfThere(path: string): string | undefined {
  let target: string | undefined;
  unless('ENOENT', () => {
    target = readlinkSync(path);
  });
  return target;
}
