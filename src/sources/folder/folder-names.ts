import type { Dir } from 'node:fs';
import type { FileSystem } from '../../base/file-system.js';

/** names read, and sorted, at a time: what a folder of a million files takes of memory */
const MOST_NAMES = 10_000;

/** The names in a folder, a chunk at a time, each chunk sorted: a folder of any size takes bounded memory. */
export class FolderNames {
  readonly #path: string;
  readonly #files: FileSystem;
  readonly #wanted: (name: string) => boolean;
  #dir: Dir | undefined;
  #chunk: string[] = [];

  constructor(path: string, files: FileSystem, wanted: (name: string) => boolean) {
    this.#path = path;
    this.#files = files;
    this.#wanted = wanted;
  }

  /** Begins again. Throws the system's error. */
  begin(): void {
    this.close();
    this.#dir = this.#files.opendirSync(this.#path, { bufferSize: 1000 });
  }

  /** The next name; undefined: a new chunk is to be read first. */
  take(): string | undefined {
    return this.#chunk.pop();
  }

  /** It comes first next time. */
  putBack(name: string): void {
    this.#chunk.push(name);
  }

  /** Reads a part of the next chunk. `more`: call again; `ready`: names can be taken; `end`: there are none. Throws the system's error. */
  read(most = 1000): 'more' | 'ready' | 'end' {
    for (let count = 0; count < most; count += 1) {
      const entry = this.#dir?.readSync() ?? null;
      if (entry === null) {
        this.#closeDir();
        return this.#sorted() ? 'ready' : 'end';
      }
      if (this.#wanted(entry.name)) this.#chunk.push(entry.name);
      if (this.#chunk.length >= MOST_NAMES) {
        this.#sorted();
        return 'ready';
      }
    }
    return 'more';
  }

  close(): void {
    this.#closeDir();
    this.#chunk = [];
  }

  /** They are taken from the end. */
  #sorted(): boolean {
    this.#chunk.sort().reverse();
    return this.#chunk.length > 0;
  }

  #closeDir(): void {
    this.#dir?.closeSync();
    this.#dir = undefined;
  }
}

/** Which names a pattern means: `*` any characters, `?` one, everything else itself. */
export function namePattern(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) =>
    character === '*' ? '.*' : character === '?' ? '.' : `\\${character}`,
  );
  return new RegExp(`^${source}$`, 'su');
}

/** What is left alone whatever the pattern says: somebody is writing it, or it is ours. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name.endsWith('.tmp');
}
