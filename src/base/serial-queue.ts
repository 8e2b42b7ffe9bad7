/** Does one piece of work after the other, in the order they were given. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `work` when everything given before has ended, however; gives its result. */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything given so far has ended. */
  async done(): Promise<void> {
    await this.#last;
  }
}
