import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { errnoOf } from '../../base/errors.js';
import type { QueueDirectory } from '../../dirq/queue-directory.js';

/** producers add to the newest folders; what comes into an older one is found by the next look */
const MOST_FOLDERS = 16;
/** after a refusal of the system (no more watches, no more instances) it is asked again this much later */
const REFUSED_MS = 60_000;
/** what is found so often without waiting for it comes fast enough: each watched file operation costs */
const BUSY_BATCHES = 3;

/** an element, or an intermediate folder; locks and temporary files have longer names */
const ADDED = /^(?:[0-9a-f]{8}|[0-9a-f]{14})$/;

/**
 * Calls `added` when something may have come into a queue that was empty. It only makes a look at the queue come sooner:
 * on file systems that tell of nothing (NFS: what another host does), and where the system has no watches left, looking
 * every now and then has to do. Nothing is watched while the queue is not empty.
 */
export class QueueWatch {
  readonly #directory: QueueDirectory;
  readonly #added: () => void;
  readonly #watch: typeof watch;
  readonly #watchers = new Map<string, FSWatcher>();
  #refusedMs = Number.NEGATIVE_INFINITY;
  #batches = 0;

  constructor(directory: QueueDirectory, added: () => void, watchFolder: typeof watch = watch) {
    this.#directory = directory;
    this.#added = added;
    this.#watch = watchFolder;
  }

  /**
   * Watches the queue, which was just seen empty. True when a folder was not watched before: what came into it between
   * the look and this has told nobody, so look again. Throws QUEUE_IO when the queue cannot be read. `nowMs`: monotonic.
   */
  whileEmpty(nowMs: number): boolean {
    this.#batches = 0;
    if (nowMs < this.#refusedMs + REFUSED_MS) return false;
    const names = ['', ...this.#directory.folders().slice(-MOST_FOLDERS)];
    for (const [name, watcher] of this.#watchers) if (!names.includes(name)) this.#drop(name, watcher);
    let fresh = false;
    for (const name of names) {
      if (this.#watchers.has(name)) continue;
      try {
        this.#open(name);
        fresh = true;
      } catch (error) {
        // RACE: the folder was empty, and another process removed it
        if (errnoOf(error) === 'ENOENT') continue;
        this.close();
        this.#refusedMs = nowMs;
        return false;
      }
    }
    return fresh;
  }

  /** A batch was taken; `waited`: after the queue was seen empty. */
  taken(waited: boolean): void {
    this.#batches = waited ? 0 : this.#batches + 1;
    if (this.#batches >= BUSY_BATCHES) this.close();
  }

  close(): void {
    for (const [name, watcher] of this.#watchers) this.#drop(name, watcher);
  }

  /** Throws the system's error. */
  #open(name: string): void {
    const path = name === '' ? this.#directory.path : `${this.#directory.path}/${name}`;
    const watcher = this.#watch(path, { persistent: false }, (_, file) => {
      // the folder itself was removed or renamed: one of its name would be another one
      if (file === basename(path)) this.#drop(name, watcher);
      if (file === null || ADDED.test(file)) this.#added();
    });
    watcher.on('error', () => this.#drop(name, watcher));
    this.#watchers.set(name, watcher);
  }

  #drop(name: string, watcher: FSWatcher): void {
    if (this.#watchers.get(name) === watcher) this.#watchers.delete(name);
    watcher.close();
  }
}
