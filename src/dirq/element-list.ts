import { errnoOf } from '../base/errors.js';
import { ELEMENT_FILE } from './element-name.js';
import type { FileSystem } from './file-system.js';
import { queueError } from './queue-directory.js';
import { TimeSlice } from './time-slice.js';

/** entries of a directory read with one system call */
const ENTRIES_AT_ONCE = 1024;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;
const LOW = 1 - HIGH;

/** The element names of one folder, in order, 8 bytes each: a folder of a million stays at 8 MB, not 60. */
export class ElementList {
  #words = new Uint32Array(2 * ENTRIES_AT_ONCE);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `name`: 14 hex digits */
  push(name: string): void {
    if (this.#words.length === 2 * this.#length) {
      const larger = new Uint32Array(2 * this.#words.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    const at = 2 * this.#length;
    this.#words[at + HIGH] = Number.parseInt(name.slice(0, 6), 16);
    this.#words[at + LOW] = Number.parseInt(name.slice(6), 16);
    this.#length += 1;
  }

  sort(): void {
    new BigUint64Array(this.#words.buffer, 0, this.#length).sort();
  }

  /** the name at `index`, which is below `length` */
  at(index: number): string {
    const high = this.#words[2 * index + HIGH] as number;
    const low = this.#words[2 * index + LOW] as number;
    return high.toString(16).padStart(6, '0') + low.toString(16).padStart(8, '0');
  }
}

/**
 * Reads the element names of one folder; empty when the folder is gone. `visit` sees the names that are not elements:
 * locks, temporary files and what is not ours. Yields as it goes. Rejects with QUEUE_IO.
 */
export async function readElements(
  files: FileSystem,
  folder: string,
  visit?: (name: string) => void,
): Promise<ElementList> {
  const list = new ElementList();
  const slice = new TimeSlice();
  try {
    const directory = files.opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
    try {
      for (let entry = directory.readSync(), count = 1; entry !== null; entry = directory.readSync(), count += 1) {
        if (ELEMENT_FILE.test(entry.name)) list.push(entry.name);
        else visit?.(entry.name);
        if (count % ENTRIES_AT_ONCE === 0 && slice.over()) await slice.rest();
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    // RACE: a purge removed the folder after it was listed. ENOTDIR: a file with the name of a folder is not ours
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw queueError('read queue', folder, error);
  }
  list.sort();
  return list;
}
