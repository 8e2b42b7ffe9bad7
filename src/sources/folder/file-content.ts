import { constants, type Stats } from 'node:fs';
import { errnoOf } from '../../base/errors.js';
import { closeQuietly, type FileSystem } from '../../base/file-system.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Tells a file as it is now from itself after a change, and from every other one. */
export interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** That, and what tells it from another file that got its name, its inode, its size and its time. */
export interface ReadStamp extends FileStamp {
  /**
   * When its inode was made, which no claim and no kill changes. Of one that has other names too, or where the file system does not tell
   * that: when one of its names came or went.
   */
  readonly bornNs: bigint;
}

export type FileContent =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly stamp: ReadStamp }
  /** somebody wrote to it while it was read */
  | { readonly kind: 'changed' }
  /** a pipe, a link, a device: whatever took the place of the file since it was looked at */
  | { readonly kind: 'odd' }
  | { readonly kind: 'too-large'; readonly size: number }
  | { readonly kind: 'gone' };

/** Reads a whole file of up to `limit` bytes, which nobody writes to meanwhile. Follows no link. Throws the system's error. */
export function readWhole(files: FileSystem, path: string, limit: number): FileContent {
  let fd: number;
  try {
    // without O_NONBLOCK, opening a pipe that nobody writes to never ends
    fd = files.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    // no file can have a name that is too long
    if (errno === 'ENOENT' || errno === 'ENAMETOOLONG') return { kind: 'gone' };
    if (errno === 'ELOOP' || errno === 'ENXIO') return { kind: 'odd' };
    throw error;
  }
  try {
    const before = files.fstatSync(fd, { bigint: true });
    if (!before.isFile()) return { kind: 'odd' };
    const size = Number(before.size);
    if (size > limit) return { kind: 'too-large', size };
    // one byte more, which tells a file that has grown
    const bytes = Buffer.alloc(size + 1);
    let length = 0;
    while (length < bytes.length) {
      const read = files.readSync(fd, bytes, length, bytes.length - length, length);
      if (read === 0) break;
      length += read;
    }
    const after = files.fstatSync(fd, { bigint: true });
    if (length !== size || !isUnchanged(before, after)) return { kind: 'changed' };
    const { dev, ino, mtimeNs, birthtimeNs, ctimeNs, nlink } = before;
    const bornNs = nlink > 1n || birthtimeNs === 0n ? ctimeNs : birthtimeNs;
    return { kind: 'read', bytes: bytes.subarray(0, size), stamp: { dev, ino, size: before.size, mtimeNs, bornNs } };
  } finally {
    closeQuietly(files, fd);
  }
}

/** Is it the same file, with the same content? */
export function isUnchanged(one: FileStamp, other: FileStamp): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs;
}

/** What a list of skipped files knows a file by. */
export function infoOf({ size, ino, mtimeMs }: Stats) {
  return { size, ino, modifiedMs: mtimeMs, regular: true };
}
