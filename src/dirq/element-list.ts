import { errnoOf } from '../base/errors.js';
import type { FileSystem } from '../base/file-system.js';
import { queueError } from './queue-directory.js';
import { TimeSlice } from './time-slice.js';

/** entries of a directory read with one system call */
const ENTRIES_AT_ONCE = 1024;
/** what a folder of about two thousand elements takes on most file systems: it is read at once, which is much faster */
const SMALL_FOLDER_BYTES = 65_536;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;
const LOW = 1 - HIGH;
const NO_DIGIT = 255;
/** the value of each hex digit by its character code; a regular expression and parseInt take ten times as long */
const HEX_DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit += 1) HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit;

/** The element names of one folder, in order, 8 bytes each: a folder of a million stays at 8 MB, not 60. */
export class ElementList {
  #words = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a name of 14 lower-case hex digits; false, and nothing added, when it is none. */
  push(name: string): boolean {
    if (name.length !== 14) return false;
    let high = 0;
    let low = 0;
    for (let index = 0; index < 14; index += 1) {
      const digit = HEX_DIGITS[name.charCodeAt(index)] ?? NO_DIGIT;
      if (digit === NO_DIGIT) return false;
      if (index < 6) high = high * 16 + digit;
      else low = low * 16 + digit;
    }
    if (this.#words.length === 2 * this.#length) this.#grow();
    this.#words[2 * this.#length + HIGH] = high;
    this.#words[2 * this.#length + LOW] = low;
    this.#length += 1;
    return true;
  }

  sort(): void {
    new BigUint64Array(this.#words.buffer, 0, this.#length).sort();
  }

  /** the name at `index`, which is below `length` */
  at(index: number): string {
    const high = this.#words[2 * index + HIGH] ?? 0;
    const low = this.#words[2 * index + LOW] ?? 0;
    return high.toString(16).padStart(6, '0') + low.toString(16).padStart(8, '0');
  }

  #grow(): void {
    const larger = new Uint32Array(2 * this.#words.length);
    larger.set(this.#words);
    this.#words = larger;
  }
}

/** Reads the element names of one folder, in order; none when the folder is gone. Yields as it goes. Rejects with QUEUE_IO. */
export async function readElements(files: FileSystem, folder: string): Promise<ElementList> {
  const list = new ElementList();
  await readNames(files, folder, (name) => list.push(name));
  list.sort();
  return list;
}

/** Shows every name of one folder to `visit`, in no order; none when it is gone. Yields as it goes. Rejects with QUEUE_IO. */
export async function readNames(files: FileSystem, folder: string, visit: (name: string) => void): Promise<void> {
  const slice = new TimeSlice();
  try {
    if (files.statSync(folder).size <= SMALL_FOLDER_BYTES) {
      for (const name of files.readdirSync(folder)) visit(name);
      return;
    }
    const directory = files.opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
    try {
      for (let entry = directory.readSync(), count = 1; entry !== null; entry = directory.readSync(), count += 1) {
        visit(entry.name);
        if (count % ENTRIES_AT_ONCE === 0 && slice.over()) await slice.rest();
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    // RACE: a purge removed the folder after it was listed. ENOTDIR: a file with the name of a folder is not ours
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw queueError('read queue', folder, error);
  }
}
