import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { removeLeftTemporaries, replaceFile } from '../base/replace-file.js';
import { unlinkIfThere } from './takeover.js';

/** What every status file says besides its payload. */
export interface StatusHead {
  readonly version: 1;
  readonly pid: number;
  /** grows by one with each write: a reader tells by it that the process lives, whatever the clock says */
  readonly sequence: number;
  /** when it was written, UTC */
  readonly at: string;
}

export type StatusRecord = StatusHead & Readonly<Record<string, unknown>>;

/** More than any, a process with a thousand transfers included: a longer file is not one. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The status file of the instance with this pidfile. */
export function statusPath(pidfile: string): string {
  return `${pidfile}.status`;
}

/** Publishes what a process says of itself beside its pidfile, as one JSON object, each time in one atomic step. */
export class StatusFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onTrouble: (error: StompctlError) => void;
  #sequence = 0;
  #told = false;
  #stopped = false;

  /** `onTrouble` is told once why it cannot be written; the next time it is tried all the same. */
  constructor(pidfile: string, clock: Clock, onTrouble: (error: StompctlError) => void) {
    this.#path = statusPath(pidfile);
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /** Writes this in place of what was there. */
  publish(payload: Readonly<Record<string, unknown>>): void {
    if (!this.#stopped) this.#write(payload);
  }

  /** Ends it and removes the file, if it is ours. Synchronous, so that an `exit` listener may call it. */
  remove(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      if (readStatus(this.#path)?.pid === process.pid) unlinkIfThere(this.#path);
    } catch (error) {
      // a file that stays names a pid that will soon be dead, and is not believed then
      this.#trouble(error);
    }
  }

  #write(payload: Readonly<Record<string, unknown>>): void {
    if (this.#sequence === 0) removeLeftTemporaries(this.#path);
    this.#sequence += 1;
    const at = new Date(this.#clock.wallMs()).toISOString();
    const head: StatusHead = { version: 1, pid: process.pid, sequence: this.#sequence, at };
    try {
      replaceFile(this.#path, `${JSON.stringify({ ...head, ...payload })}\n`);
      this.#told = false;
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    const reason = `${reasonOf(error)}: stompctl status will not know how it goes; let the user of stompctl write to the folder`;
    this.#onTrouble(new StompctlError('STATUS_UNWRITABLE', 'status file', this.#path, reason, error));
  }
}

/** Reads a status file; undefined: there is none, or it is not one that this version knows. Throws the system's error. */
export function readStatus(path: string): StatusRecord | undefined {
  let file: number;
  try {
    // O_NONBLOCK: a FIFO at this path must not hang us; O_NOFOLLOW: we make no link there, somebody else has
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    // ENXIO: a socket
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size >= MAX_BYTES) return undefined;
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let count = 1; count > 0 && length < bytes.length; length += count) {
      count = readSync(file, bytes, length, bytes.length - length, length);
    }
    return recordOf(bytes.toString('utf8', 0, length));
  } finally {
    closeSync(file);
  }
}

function recordOf(text: string): StatusRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, pid, sequence, at, ...rest }: Record<string, unknown> = { ...value };
  if (version !== 1 || typeof pid !== 'number' || typeof sequence !== 'number' || typeof at !== 'string')
    return undefined;
  return { ...rest, version, pid, sequence, at };
}
