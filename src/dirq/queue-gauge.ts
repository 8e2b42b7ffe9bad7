import { ElementCursor } from './element-cursor.js';
import type { ElementStore } from './element-store.js';
import { type QueueDirectory, queueError } from './queue-directory.js';
import { TimeSlice } from './time-slice.js';

/** What a queue may grow to. */
export interface QueueLimits {
  readonly maxElements?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** what must stay free on the queue's file system: bytes, or a share of its size, 0 to 1 */
  readonly minFree?: { readonly bytes: number } | { readonly share: number } | undefined;
}

/** the room of a queue without limits */
export const NO_LIMITS = { elements: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** once full, a queue must shrink to this share of its limit (or free this share more) before it takes more */
const LOW_WATER = 0.9;
/** other producers add as well: the estimate is made good this often, at least */
const RECOUNT_MS = 60_000;
/** counting may take this share of the time */
const COUNTING_SHARE = 0.02;

/** Knows whether a queue has reached its limits. Counting a large queue takes time, so between counts it estimates. */
export class QueueGauge {
  readonly #directory: QueueDirectory;
  readonly #elements: ElementStore;
  readonly #limits: QueueLimits;
  #count = 0;
  #bytes = 0;
  #countedMs = Number.NEGATIVE_INFINITY;
  #countingMs = 0;
  #full = false;

  constructor(directory: QueueDirectory, elements: ElementStore, limits: QueueLimits) {
    this.#directory = directory;
    this.#elements = elements;
    this.#limits = limits;
  }

  /** Elements that we added. */
  added(elements: number, bytes: number): void {
    this.#count += elements;
    this.#bytes += bytes;
  }

  /** What may be added before a limit is reached, by what is known; at least one element, once `whyFull` has named no reason. */
  get room(): { readonly elements: number; readonly bytes: number } {
    const { maxElements = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = this.#limits;
    return { elements: Math.max(1, maxElements - this.#count), bytes: maxBytes - this.#bytes };
  }

  /** Resolves to why nothing more may be added now; undefined when there is room. Rejects with QUEUE_IO. */
  async whyFull(): Promise<string | undefined> {
    const free = this.#whyTooLittleFree();
    if (this.#counts && this.#isDue()) await this.#recount();
    const reason = free ?? this.#whyTooMuch();
    this.#full = reason !== undefined;
    return reason;
  }

  get #counts(): boolean {
    return this.#limits.maxElements !== undefined || this.#limits.maxBytes !== undefined;
  }

  #isDue(): boolean {
    const sinceMs = performance.now() - this.#countedMs;
    const urgent = this.#full || this.#whyTooMuch() !== undefined;
    return sinceMs >= (urgent ? this.#countingMs / COUNTING_SHARE : RECOUNT_MS);
  }

  #whyTooMuch(): string | undefined {
    const { maxElements = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = this.#limits;
    const share = this.#full ? LOW_WATER : 1;
    if (this.#count >= maxElements * share) return `it has ${this.#count} elements, of at most ${maxElements}`;
    if (this.#bytes >= maxBytes * share) return `its elements have ${this.#bytes} bytes, of at most ${maxBytes}`;
    return undefined;
  }

  #whyTooLittleFree(): string | undefined {
    const { minFree } = this.#limits;
    if (minFree === undefined) return undefined;
    try {
      const { bavail, blocks, bsize } = this.#directory.files.statfsSync(this.#directory.path);
      const least = 'bytes' in minFree ? minFree.bytes : minFree.share * blocks * bsize;
      const free = bavail * bsize;
      if (free >= (this.#full ? least / LOW_WATER : least)) return undefined;
      return `its file system has ${free} bytes free, of at least ${Math.round(least)}`;
    } catch (error) {
      throw queueError('statfs', this.#directory.path, error);
    }
  }

  async #recount(): Promise<void> {
    const startedMs = performance.now();
    const slice = new TimeSlice();
    const cursor = new ElementCursor(this.#directory);
    let count = 0;
    let bytes = 0;
    while (await cursor.advance()) {
      for (let name = cursor.take(); name !== undefined; name = cursor.take()) {
        count += 1;
        if (this.#limits.maxBytes !== undefined) bytes += this.#elements.inspect(name)?.size ?? 0;
        if (slice.over()) await slice.rest();
      }
    }
    this.#count = count;
    this.#bytes = bytes;
    this.#countedMs = performance.now();
    this.#countingMs = this.#countedMs - startedMs;
  }
}
