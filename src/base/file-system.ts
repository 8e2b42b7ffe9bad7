import fs, { type Stats } from 'node:fs';
import { errnoOf } from './errors.js';

/**
 * The system calls that queues are made of. Handed in, so that tests can watch their order and make any of them fail.
 * Most are synchronous: a call that touches a cached directory takes 1 to 5 µs, a trip through the thread pool 30 or
 * more. Whoever makes many of them in a row yields between (`TimeSlice`). fsync and fdatasync, which wait for the disk, go
 * through the thread pool; fsyncSync is for what is rare: undoing, and what a dead process left.
 */
export type FileSystem = Pick<
  typeof fs,
  | 'accessSync'
  | 'chmodSync'
  | 'closeSync'
  | 'fchmodSync'
  | 'fdatasync'
  | 'fstatSync'
  | 'fsync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'linkSync'
  | 'lstatSync'
  | 'lutimesSync'
  | 'mkdirSync'
  | 'opendirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'statSync'
  | 'statfsSync'
  | 'unlinkSync'
  | 'writeSync'
>;

export const systemFiles: FileSystem = fs;

/**
 * Closes a descriptor that was only read from, or whose data is given up: nothing can be lost with it, and the kernel has
 * freed the number even when it reports an error. It must not be used, or closed, again.
 */
export function closeQuietly(files: Pick<FileSystem, 'closeSync'>, fd: number): void {
  quietly(() => files.closeSync(fd));
}

/** Tidies up on a disk that has just failed, and may fail again: there is another error to be told, or none. */
export function quietly(tidy: () => void): void {
  try {
    tidy();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Runs a system call, and answers false when it failed with the errno `expected`: another process was quicker. Throws any other error. */
export function unless(expected: string, run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (errnoOf(error) === expected) return false;
    throw error;
  }
}

/** Undefined: there is nothing of this name, or a file where one of its folders belongs. */
export function lstatIfThere(files: Pick<FileSystem, 'lstatSync'>, path: string): Stats | undefined {
  let stats: Stats | undefined;
  unless('ENOTDIR', () => {
    stats = files.lstatSync(path, { throwIfNoEntry: false });
  });
  return stats;
}
