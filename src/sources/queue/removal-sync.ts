import type { ElementStore } from '../../dirq/element-store.js';
import { type QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import type { SyncMode } from '../../dirq/queue-options.js';
import { TimeSlice } from '../../dirq/time-slice.js';

/** An element that was removed, perhaps not for good. */
interface Removed {
  readonly name: string;
  /** of the lock that it had */
  readonly lockTime: number;
  /** what is left of it out of the way: it goes when the removal is on the disk */
  readonly aside: string | undefined;
}

/**
 * Makes removals survive a power loss: at most `window` of them are at risk at any time. The folders are synced in the
 * background when half of that is reached, so that who takes elements seldom waits. What a removal leaves out of the
 * way goes after that, never before: an element that a power loss brings back must be whole.
 */
export class RemovalSync {
  readonly #directory: QueueDirectory;
  readonly #elements: ElementStore;
  #window: number;
  /** removed, and no sync has begun since */
  #waiting: Removed[] = [];
  #syncing: readonly Removed[] = [];
  /** on the disk as removed; their files are still there */
  #cleared: Removed[] = [];
  #worker: Promise<void> | undefined;
  /** of what was done in the background: told once */
  #failure: unknown;

  constructor(directory: QueueDirectory, elements: ElementStore, sync: SyncMode, window: number) {
    this.#directory = directory;
    this.#elements = elements;
    this.#window = mostAtRisk(sync, window);
  }

  /** Another limit from now on; `sync` stays what it was. */
  resize(sync: SyncMode, window: number): void {
    this.#window = mostAtRisk(sync, window);
  }

  /** Are as many removals at risk as may be? */
  get isFull(): boolean {
    return this.#waiting.length + this.#syncing.length >= this.#window;
  }

  /** Is anything left to be done? */
  get isPending(): boolean {
    return this.#waiting.length + this.#syncing.length + this.#cleared.length > 0;
  }

  /** The elements of which something is out of the way, with the times of their locks. */
  *left(): Generator<readonly [name: string, lockTime: number]> {
    for (const some of [this.#waiting, this.#syncing, this.#cleared]) {
      for (const { name, lockTime, aside } of some) if (aside !== undefined) yield [name, lockTime];
    }
  }

  /** An element was removed. Throws the system's error when nothing is synced, and what is aside cannot be discarded. */
  removed(name: string, lockTime: number, aside: string | undefined): void {
    if (this.#window === Number.POSITIVE_INFINITY) {
      if (aside !== undefined) this.#elements.discard(aside);
      return;
    }
    this.#waiting.push({ name, lockTime, aside });
    if (this.#waiting.length * 2 >= this.#window) this.kick();
  }

  /** Has removals synced in the background. A failure is told by the next `belowWindow`, or `all`. */
  kick(): void {
    if (!this.isPending || this.#worker !== undefined) return;
    this.#work().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Resolves when fewer than `window` removals are at risk. Rejects with QUEUE_IO, also for what failed in the background. */
  async belowWindow(): Promise<void> {
    this.#throwFailure();
    await this.#workWhile(() => this.isFull);
  }

  /** Resolves when no removal is at risk, and nothing is left of what was removed. Rejects as `belowWindow`. */
  async all(): Promise<void> {
    await this.#workWhile(() => this.isPending);
    this.#throwFailure();
  }

  async #workWhile(needed: () => boolean): Promise<void> {
    try {
      while (needed()) await (this.#worker ?? this.#work());
    } catch (error) {
      // begun in the background, it is told here
      this.#failure = undefined;
      throw error;
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #work(): Promise<void> {
    this.#failure = undefined;
    this.#worker = this.#syncAndClear().finally(() => {
      this.#worker = undefined;
    });
    return this.#worker;
  }

  async #syncAndClear(): Promise<void> {
    const { path } = this.#directory;
    this.#syncing = this.#waiting;
    this.#waiting = [];
    try {
      const folders = new Set(this.#syncing.map(({ name }) => name.slice(0, 8)));
      await Promise.all([...folders].map((folder) => this.#directory.syncFolder(`${path}/${folder}`)));
      this.#cleared.push(...this.#syncing.filter(({ aside }) => aside !== undefined));
    } finally {
      // after a failure as well: there is nothing to write again, and a power loss brings back what was delivered. What is
      // aside then stays, for a purge
      this.#syncing = [];
    }
    await this.#clear();
  }

  async #clear(): Promise<void> {
    const slice = new TimeSlice();
    let done = 0;
    try {
      for (const { aside } of this.#cleared) {
        if (aside !== undefined) this.#elements.discard(aside);
        done += 1;
        if (slice.over()) await slice.rest();
      }
    } catch (error) {
      throw queueError('remove', `${this.#directory.path}/${this.#cleared[done]?.aside}`, error);
    } finally {
      this.#cleared.splice(0, done);
    }
  }
}

function mostAtRisk(sync: SyncMode, window: number): number {
  return { batch: window, message: 1, none: Number.POSITIVE_INFINITY }[sync];
}
