import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { type ErrorCode, errnoOf, reasonOf, StompctlError } from '../base/errors.js';

/** What a pidfile said at one instant. */
export type PidfileContent = {
  /** of the file, to tell it from a later one at the same path */
  readonly inode: bigint;
  /** last modification, milliseconds since the epoch: the owner's sign of life */
  readonly touchedMs: number;
  /** of the file's owner */
  readonly uid: number;
} & (
  | { readonly kind: 'owned'; readonly pid: number; readonly quit: boolean }
  /** being rewritten by a program that truncates first, or left by a crash */
  | { readonly kind: 'empty' }
);

/** More than any pidfile: a longer file is not one, and is not read further. */
const MAX_BYTES = 256;
/** `PID LF`, optionally an action and another LF, as loosely as the tools that share the format read it. */
const FORMAT = /^(\d{1,10})(?:\s+([a-z]+))?\s*$/;

/** The same file, unchanged? Not by the inode alone: its number is given again as soon as a file is removed. */
export function sameContent(left: PidfileContent | undefined, right: PidfileContent): boolean {
  if (left?.inode !== right.inode || left.touchedMs !== right.touchedMs || left.kind !== right.kind) return false;
  return left.kind === 'empty' || (right.kind === 'owned' && left.pid === right.pid);
}

/**
 * Reads a pidfile; undefined when there is none. PIDFILE_INVALID when it is unreadable or holds anything but a pid and
 * perhaps an action.
 */
export function readPidfile(path: string): PidfileContent | undefined {
  const file = openPidfile(path, constants.O_RDONLY);
  if (file === undefined) return undefined;
  try {
    return readOpen(path, file);
  } finally {
    closeSync(file);
  }
}

/**
 * Asks the owner to stop by adding the line `quit`; nothing else changes. Returns the content from before, undefined
 * when there is no pidfile. An empty pidfile has no owner to ask and stays as it is. PIDFILE_INVALID as for reading,
 * QUIT_FAILED when we may not write to it.
 */
export function requestQuit(path: string): PidfileContent | undefined {
  const file = openPidfile(path, constants.O_RDWR, 'QUIT_FAILED');
  if (file === undefined) return undefined;
  try {
    const content = readOpen(path, file);
    // RACE: an owner may be ending and another one starting: the pid just read and the write go to the same open file,
    // so a newer owner's file is never touched. One positioned write over the same prefix: no reader sees it empty.
    if (content.kind === 'owned') writeSync(file, `${content.pid}\nquit\n`, 0);
    return content;
  } catch (error) {
    throw invalid(path, error);
  } finally {
    closeSync(file);
  }
}

function openPidfile(path: string, flags: number, denied: ErrorCode = 'PIDFILE_INVALID'): number | undefined {
  try {
    // O_NONBLOCK: a FIFO at this path must not hang us. O_NOFOLLOW: in a folder where all may write, such as /tmp, a
    // symbolic link is a trap: `quit` would write to, and signal the process in, what it leads to
    return openSync(path, flags | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return undefined;
    if (errno === 'ELOOP') {
      const reason = 'is a symbolic link: give the path of the file itself, or remove the link if it is not yours';
      throw new StompctlError('PIDFILE_INVALID', 'pidfile', path, reason, error);
    }
    if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') throw invalid(path, error, denied);
    throw invalid(path, error);
  }
}

function readOpen(path: string, file: number): PidfileContent {
  const bytes = Buffer.alloc(MAX_BYTES);
  let length: number;
  let inode: bigint;
  let touchedMs: number;
  let uid: number;
  try {
    const stat = fstatSync(file, { bigint: true });
    // a device or a FIFO may read as empty, and must not be taken for a left-over
    if (!stat.isFile()) throw invalid(path);
    inode = stat.ino;
    touchedMs = Number(stat.mtimeMs);
    uid = Number(stat.uid);
    length = readSync(file, bytes, 0, MAX_BYTES, 0);
  } catch (error) {
    throw invalid(path, error);
  }
  if (length === 0) return { kind: 'empty', inode, touchedMs, uid };
  const match = length < MAX_BYTES ? FORMAT.exec(bytes.toString('latin1', 0, length)) : null;
  const pid = Number(match?.[1]);
  if (match === null || !(pid > 0 && pid <= 0x7fffffff)) throw invalid(path);
  return { kind: 'owned', pid, quit: match[2] === 'quit', inode, touchedMs, uid };
}

function invalid(path: string, cause?: unknown, code: ErrorCode = 'PIDFILE_INVALID'): StompctlError {
  if (cause instanceof StompctlError) return cause;
  const reason =
    cause === undefined
      ? 'this is not a pid file; give another path, or remove the file if nothing needs it'
      : `cannot be read or written: ${reasonOf(cause)}`;
  return new StompctlError(code, 'pidfile', path, reason, cause);
}
