import { Bell } from './wait.js';

/** Work that is under way, and when none is any more. */
export class Outstanding {
  #count = 0;
  readonly #none = new Bell();

  get count(): number {
    return this.#count;
  }

  /** Counts `work`, which is given back, until it is settled. */
  add<T>(work: Promise<T>): Promise<T> {
    this.#count += 1;
    work.then(this.#over, this.#over);
    return work;
  }

  /** Resolves when nothing is under way: at once when nothing is. */
  async none(): Promise<void> {
    if (this.#count > 0) await this.#none.rung();
  }

  readonly #over = (): void => {
    this.#count -= 1;
    if (this.#count === 0) this.#none.ring();
  };
}
