import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads a WebAssembly file and writes a maximum into its memory section, so that the engine itself refuses to grow beyond
 * `maximumBytes`. The section gets longer: what stands before it moves to the left, into room left free when reading; the
 * megabytes after it stay where they are.
 */
export function readLimitedModule(file: string, maximumBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = readBehind(file, ROOM);
  const section = findMemorySection(bytes, ROOM);
  const reader = new LebReader(bytes, section.contents);
  const count = reader.next();
  const flags = reader.next();
  const minimum = reader.next();
  if (count !== 1 || flags > 1) throw new Error(`readLimitedModule(${file}): not one unshared memory`);
  const maximum = Math.max(minimum, Math.floor(maximumBytes / PAGE_BYTES));
  const contents = [1, 1, ...leb(minimum), ...leb(maximum)];
  const limited = [MEMORY_SECTION, ...leb(contents.length), ...contents];
  const start = section.end - limited.length;
  const before = section.start - ROOM;
  bytes.copyWithin(start - before, ROOM, section.start);
  bytes.set(limited, start);
  return bytes.subarray(start - before);
}

function readBehind(file: string, room: number): Uint8Array<ArrayBuffer> {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = new Uint8Array(room + size);
    for (let at = room; at < bytes.length; ) {
      const read = readSync(fd, bytes, at, bytes.length - at, null);
      if (read === 0) throw new Error(`read(${file}): the file ended early`);
      at += read;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

interface Section {
  /** of the section's id */
  readonly start: number;
  readonly contents: number;
  readonly end: number;
}

function findMemorySection(bytes: Uint8Array, from: number): Section {
  let start = from + HEAD_BYTES;
  while (start < bytes.length) {
    const reader = new LebReader(bytes, start + 1);
    const length = reader.next();
    const section = { start, contents: reader.at, end: reader.at + length };
    if (bytes[start] === MEMORY_SECTION) return section;
    start = section.end;
  }
  throw new Error('readLimitedModule(): the module has no memory section');
}

/** Unsigned numbers as WebAssembly writes them: seven bits a byte, the lowest first. */
class LebReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

const PAGE_BYTES = 64 * 1024;
const HEAD_BYTES = 8;
const MEMORY_SECTION = 5;
const ROOM = 16;
