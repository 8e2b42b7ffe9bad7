/** what a process of its own has without being asked (libuv) */
const THREADS_OF_NODE = 4;
/** of what the others leave */
const SHARE = 7 / 8;

/**
 * The threads of the process that wait for the disk. Whoever has many files to sync gets most of those that are free, and never
 * the last ones: what others have to sync waits neither for all of these files, nor for a disk that hangs.
 */
export class DiskThreads {
  readonly #size: number;
  #busy = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Has `begin` work on each item, in order, each in a thread until it calls `done`; resolves when all have. At least one is always under
   * way, so that nobody waits for a thread that is not given back here.
   */
  each<T>(items: readonly T[], begin: (item: T, done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      let left = items.length;
      let own = 0;
      let beginning = false;
      const waiting = items.values();
      const fill = (): void => {
        // one that is done at once comes back here from inside
        if (beginning) return;
        beginning = true;
        while (own === 0 || own < Math.floor((this.#size - (this.#busy - own)) * SHARE)) {
          const { value, done } = waiting.next();
          if (done === true) break;
          own += 1;
          this.#busy += 1;
          begin(value, over);
        }
        beginning = false;
      };
      const over = (): void => {
        own -= 1;
        this.#busy -= 1;
        left -= 1;
        if (left === 0) resolve();
        else fill();
      };
      if (left === 0) resolve();
      else fill();
    });
  }
}

/** Set by `bin/stompctl.cts`, which sets how many there are. */
const given: unknown = Reflect.get(globalThis, Symbol.for('stompctl.threads')) ?? process.env.UV_THREADPOOL_SIZE;

/** libuv makes one where it was told nonsense, and never more than 1024 */
function sizeOf(told: unknown): number {
  return Math.min(Math.max(Math.trunc(Number(told)) || 1, 1), 1024);
}

/** Those of this process. */
export const diskThreads = new DiskThreads(given === undefined ? THREADS_OF_NODE : sizeOf(given));
