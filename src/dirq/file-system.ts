import fs from 'node:fs';

/**
 * The system calls that queues are made of. Handed in, so that tests can watch their order and make any of them fail.
 * Most are synchronous: a call that touches a cached directory takes 1 to 5 µs, a trip through the thread pool 30 or
 * more. Whoever makes many of them in a row yields between (`TimeSlice`). Only fsync and fdatasync, which wait for the
 * disk, go through the thread pool.
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
