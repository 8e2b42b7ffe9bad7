import type { QueueDirectory } from '../../dirq/queue-directory.js';
import type { SyncMode } from '../../dirq/queue-options.js';

/**
 * Makes removals survive a power loss: at most `window` of them are at risk at any time. The folders are synced in the
 * background when half of that is reached, so that who takes elements seldom waits.
 */
export class RemovalSync {
  readonly #directory: QueueDirectory;
  readonly #window: number;
  #folders = new Set<string>();
  /** removed, not known to be on the disk; those being synced included */
  #atRisk = 0;
  #waiting = 0;
  #syncing: Promise<void> | undefined;

  constructor(directory: QueueDirectory, sync: SyncMode, window: number) {
    this.#directory = directory;
    this.#window = { batch: window, message: 1, none: Number.POSITIVE_INFINITY }[sync];
  }

  get isFull(): boolean {
    return this.#atRisk >= this.#window;
  }

  /** An element of this folder was removed. */
  removed(folder: string): void {
    if (this.#window === Number.POSITIVE_INFINITY) return;
    this.#folders.add(folder);
    this.#atRisk += 1;
    this.#waiting += 1;
    // a failure is told to whoever waits
    if (this.#waiting * 2 >= this.#window && this.#syncing === undefined) this.#sync().catch(() => undefined);
  }

  /** Resolves when fewer than `window` removals are at risk. Rejects with QUEUE_IO. */
  async belowWindow(): Promise<void> {
    while (this.isFull) await (this.#syncing ?? this.#sync());
  }

  /** Resolves when no removal is at risk. Rejects with QUEUE_IO. */
  async all(): Promise<void> {
    while (this.#atRisk > 0) await (this.#syncing ?? this.#sync());
  }

  #sync(): Promise<void> {
    const folders = this.#folders;
    const count = this.#waiting;
    this.#folders = new Set();
    this.#waiting = 0;
    const { path } = this.#directory;
    this.#syncing = Promise.all([...folders].map((folder) => this.#directory.syncFolder(`${path}/${folder}`)))
      .then(() => undefined)
      .finally(() => {
        // after a failure as well: there is nothing to write again, and a power loss brings back what was delivered
        this.#atRisk -= count;
        this.#syncing = undefined;
      });
    return this.#syncing;
  }
}
