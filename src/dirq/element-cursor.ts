import { type ElementList, readElements } from './element-list.js';
import type { QueueDirectory } from './queue-directory.js';
import { TimeSlice } from './time-slice.js';

/** One walk over the names of a queue, oldest first, holding the names of one folder at a time. */
export class ElementCursor {
  readonly #directory: QueueDirectory;
  readonly #folders: string[];
  #folder = '';
  #list: ElementList | undefined;
  #next = 0;

  /** The folders are those there now; elements added to later ones are for the next walk. */
  constructor(directory: QueueDirectory) {
    this.#directory = directory;
    this.#folders = directory.folders().reverse();
  }

  /** The next name of the folder at hand; undefined: call `advance`. */
  take(): string | undefined {
    if (this.#list === undefined || this.#next === this.#list.length) return undefined;
    const name = `${this.#folder}/${this.#list.at(this.#next)}`;
    this.#next += 1;
    return name;
  }

  /** Resolves true when there are names to take, false at the end. Rejects with QUEUE_IO. */
  async advance(): Promise<boolean> {
    while (this.#list === undefined || this.#next === this.#list.length) {
      const folder = this.#folders.at(-1);
      if (folder === undefined) return false;
      // a folder that could not be read is still the next one: called again, this tries again
      const list = await readElements(this.#directory.files, `${this.#directory.path}/${folder}`);
      this.#folders.pop();
      this.#folder = folder;
      this.#next = 0;
      this.#list = list;
    }
    return true;
  }
}

/** The names of the elements of a queue, oldest first, locked ones too. Reads one folder at a time. Rejects with QUEUE_IO. */
export async function* elementNames(directory: QueueDirectory): AsyncGenerator<string, void, undefined> {
  const cursor = new ElementCursor(directory);
  const slice = new TimeSlice();
  while (await cursor.advance()) {
    for (let name = cursor.take(); name !== undefined; name = cursor.take()) {
      yield name;
      if (slice.over()) await slice.rest();
    }
  }
}
