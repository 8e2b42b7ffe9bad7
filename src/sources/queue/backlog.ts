import { existsSync } from 'node:fs';
import { type Clock, systemClock } from '../../base/clock.js';
import type { DirectoryQueue } from '../../dirq/directory-queue.js';
import { NormalQueue } from '../../dirq/normal-queue.js';
import type { QueueType } from '../../dirq/queue-options.js';
import { SimpleQueue } from '../../dirq/simple-queue.js';

export interface Backlog {
  readonly elements: number;
  /** how long the oldest has waited, by its name; undefined: there is none */
  readonly oldestMs: number | undefined;
}

/** a count stands for this long, at least */
const RECOUNT_MS = 2000;
/** counting may take this share of the time */
const COUNTING_SHARE = 0.02;

/** What waits in a queue, those in flight included. Counted in the background, less often the longer it takes. */
export class QueueBacklog {
  readonly #path: string;
  readonly #type: QueueType;
  readonly #clock: Clock;
  #last: { readonly elements: number; readonly oldestAtMs: number | undefined } | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;
  #counting = false;

  constructor(path: string, type: QueueType, clock: Clock = systemClock) {
    this.#path = path;
    this.#type = type;
    this.#clock = clock;
  }

  /** The last count, and a new one begun when it is due; undefined: none yet, or the queue cannot be read. */
  sample(): Backlog | undefined {
    void this.refresh();
    if (this.#last === undefined) return undefined;
    const { elements, oldestAtMs } = this.#last;
    // a clock that was stepped back makes nothing younger than now
    const oldestMs = oldestAtMs === undefined ? undefined : Math.max(0, this.#clock.wallMs() - oldestAtMs);
    return { elements, oldestMs };
  }

  /** Counts, when that is due. Never rejects. */
  async refresh(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#counting || startedMs < this.#nextMs) return;
    this.#counting = true;
    try {
      this.#last = await this.#count();
    } catch {
      // the source tells what is wrong with its queue; a count that cannot be had is no other fault
      this.#last = undefined;
    } finally {
      this.#counting = false;
      const nowMs = this.#clock.monotonicMs();
      this.#nextMs = nowMs + Math.max(RECOUNT_MS, (nowMs - startedMs) / COUNTING_SHARE);
    }
  }

  async #count(): Promise<{ elements: number; oldestAtMs: number | undefined } | undefined> {
    // opening would make it, and so hide that it is missing
    if (!existsSync(this.#path)) return undefined;
    const queue: DirectoryQueue =
      this.#type === 'DQS' ? new SimpleQueue({ path: this.#path }) : new NormalQueue({ path: this.#path });
    const elements = await queue.count();
    for await (const name of queue.names()) {
      // FOLDER/SSSSSSSS…: the seconds since the epoch at which it was made
      return { elements, oldestAtMs: Number.parseInt(name.slice(9, 17), 16) * 1000 };
    }
    return { elements, oldestAtMs: undefined };
  }
}
