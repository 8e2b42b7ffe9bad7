/**
 * Something to be done between two turns of the loop. `drained`: nothing is in flight; otherwise all of it was given back.
 * `interrupt` aborts when the run is to end, which waits until this resolves.
 */
export type Exchange = (drained: boolean, interrupt: AbortSignal) => Promise<void>;

interface Asked {
  readonly run: Exchange;
  readonly done: (done: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/** What waits for the loop of a transfer to stop reading for a moment, and the signal by which it is asked to. */
export class Exchanges {
  #asked: Asked[] = [];
  #turn = new AbortController();
  #closed = false;

  /** Ends the present turn: an exchange waits, or the run is over. */
  get turn(): AbortSignal {
    return this.#turn.signal;
  }

  /** Resolves true when `run` is done, false when the run ends before. Rejects as `run`. */
  ask(run: Exchange): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((done, failed) => {
      this.#asked.push({ run, done, failed });
      this.#turn.abort();
    });
  }

  /** Does what was asked for, one after the other. `drain` resolves undefined when the run ends meanwhile, as `interrupt` says. */
  async runAll(drain: () => Promise<'drained' | 'given-back' | undefined>, interrupt: AbortSignal): Promise<void> {
    for (let next = this.#asked.shift(); next !== undefined; next = this.#asked.shift()) {
      const { run, done, failed } = next;
      try {
        const ready = await drain();
        if (ready !== undefined) await run(ready === 'drained', interrupt);
        done(ready !== undefined);
      } catch (error) {
        failed(error);
      }
    }
    if (!this.#closed) this.#turn = new AbortController();
  }

  /** The run ends: nothing is done any more, and the turn is over for good. */
  close(): void {
    this.#closed = true;
    this.#turn.abort();
    for (const { done } of this.#asked.splice(0)) done(false);
  }
}
