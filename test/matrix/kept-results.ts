import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CellResult } from './run-cell.js';

const FILE = fileURLToPath(new URL('../../faults/results.json', import.meta.url));

interface Kept {
  readonly seed: number;
  readonly results: readonly CellResult[];
}

/** The results of a run, on the disk after each cell (dist/faults/results.json), so that a run that was ended can go on. */
export class KeptResults {
  readonly seed: number;
  readonly results: CellResult[];
  readonly #file: string;

  private constructor(seed: number, results: readonly CellResult[], file: string) {
    this.seed = seed;
    this.results = [...results];
    this.#file = file;
  }

  static begin(seed: number, file = FILE): KeptResults {
    return new KeptResults(seed, [], file);
  }

  /** What the last run came to. Throws when there is none. */
  static resume(file = FILE): KeptResults {
    try {
      const { seed, results } = JSON.parse(readFileSync(file, 'utf8')) as Kept;
      return new KeptResults(seed, results, file);
    } catch (error) {
      throw new Error(`run(--resume): there is no run to go on with (${file})`, { cause: error });
    }
  }

  add(result: CellResult): void {
    this.results.push(result);
    const { seed, results } = this;
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify({ seed, results } satisfies Kept));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
