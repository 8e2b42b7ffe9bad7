import { createWriteStream, fstatSync, lstatSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs';
import { constants, type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { systemClock } from '../../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { wait } from '../../base/wait.js';

/** How long a FIFO may be without a reader. */
const READER_MS = 60_000;
const LOOK_MS = 50;

export interface ExportTarget {
  /** `new`: nothing is there; `file`: one to be replaced; `sink`: a device or FIFO, to be written into */
  readonly kind: 'new' | 'file' | 'sink';
  /** links resolved: what they lead to is replaced, they stay */
  readonly path: string;
}

/**
 * What is at the path of an export; undefined: standard output under a name of its own (`/dev/stdout`). Throws
 * USAGE for what cannot be written into, or must not: a folder, a disk, a socket, a link to nothing.
 */
export function exportTarget(file: string): ExportTarget | undefined {
  const info = statOf(file);
  if (info === undefined) {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return { kind: 'new', path: file };
    throw refused(file, 'is a symbolic link to nothing: name the file itself');
  }
  if (isStandardOutput(info)) return undefined;
  if (info.isFile()) return { kind: 'file', path: realpathSync(file) };
  if (info.isCharacterDevice() || info.isFIFO()) return { kind: 'sink', path: file };
  const what = info.isDirectory() ? 'a folder' : info.isBlockDevice() ? 'a block device' : 'a socket';
  throw refused(file, `is ${what}: name a file`);
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw new StompctlError('OUTPUT_FAILED', 'write', file, reasonOf(error), error);
  }
}

function isStandardOutput({ dev, ino }: Stats): boolean {
  try {
    const out = fstatSync(1);
    return out.dev === dev && out.ino === ino;
  } catch {
    // closed: then nothing is it
    return false;
  }
}

/** Writes into a device or FIFO. Rejects with OUTPUT_FAILED. */
export async function writeInto(file: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  try {
    const reached = await openSink(file);
    await copy(file, chunks, reached.createWriteStream());
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    throw new StompctlError('OUTPUT_FAILED', 'write', file, reasonOf(error), error);
  }
}

/** An opening that waits for the reader of a FIFO would hold a thread, which nothing can end: it is asked for instead. */
async function openSink(file: string): Promise<FileHandle> {
  const { O_WRONLY, O_NONBLOCK } = constants;
  const deadline = systemClock.monotonicMs() + READER_MS;
  while (true) {
    try {
      const look = await open(file, O_WRONLY | O_NONBLOCK);
      // RACE: a reader that ends between the two openings makes the second one wait for the next reader
      return await open(file, O_WRONLY).finally(() => look.close());
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO' || !statSync(file).isFIFO()) throw error;
      if (systemClock.monotonicMs() >= deadline) {
        const reason = `nobody has opened this FIFO for reading in ${READER_MS / 1000} s: start its reader`;
        throw new StompctlError('OUTPUT_FAILED', 'write', file, reason, error);
      }
    }
    await wait(systemClock, LOOK_MS);
  }
}

/** Makes a file, or with `force` replaces one, that appears whole. Rejects with USAGE or OUTPUT_FAILED. */
export async function writeWhole(file: string, force: boolean, chunks: AsyncIterable<Buffer>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  // a signal ends the process at once
  const removed = () => rmSync(temporary, { force: true });
  process.once('exit', removed);
  try {
    const stream = createWriteStream(temporary, { flags: 'wx' });
    await copy(file, chunks, stream);
    const written = await open(temporary, 'r+');
    await written.sync().finally(() => written.close());
    if (force) await rename(temporary, file);
    else await link(temporary, file);
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    // RACE: made by another process since we looked
    if (errnoOf(error) === 'EEXIST') throw alreadyThere(file);
    throw new StompctlError('OUTPUT_FAILED', 'write', file, reasonOf(error), error);
  } finally {
    await rm(temporary, { force: true });
    process.off('exit', removed);
  }
}

async function copy(file: string, chunks: AsyncIterable<Buffer>, stream: Writable): Promise<void> {
  if (file.endsWith('.gz')) await pipeline(chunks, createGzip(), stream);
  else await pipeline(chunks, stream);
}

export function alreadyThere(file: string): StompctlError {
  return new StompctlError('USAGE', 'write', file, 'is there already: use --force to overwrite it');
}

function refused(file: string, reason: string): StompctlError {
  return new StompctlError('USAGE', 'write', file, reason);
}
