import type { ElementInfo } from '../dirq/element-store.js';

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 600_000;
const LOOK_MS = 1000;
const MOST_ENTRIES = 10_000;

interface Entry {
  readonly ino: number;
  readonly size: number;
  readonly delayMs: number;
  readonly untilMs: number;
  /** its file is looked at again then, in case it changed */
  lookMs: number;
}

/**
 * The elements that are of no use now: undecodable, unreadable, or rejected with nowhere to go. Each is looked at again
 * when its file changed, or after a delay that doubles from 1 s to 10 min. The oldest are forgotten when there are many.
 */
export class SkipList {
  readonly #entries = new Map<string, Entry>();

  /** Was it looked at within the last second? Then it is not worth another look. `nowMs`: monotonic. */
  rests(name: string, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && nowMs < entry.lookMs && nowMs < entry.untilMs;
  }

  /** Is the element, as it is now, to be passed over? */
  has(name: string, info: ElementInfo, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    entry.lookMs = nowMs + LOOK_MS;
    return nowMs < entry.untilMs && entry.ino === info.ino && entry.size === info.size;
  }

  /** True when this file is here for the first time: worth telling. */
  add(name: string, info: ElementInfo, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    const known = entry !== undefined && entry.ino === info.ino && entry.size === info.size;
    const delayMs = known ? Math.min(LONGEST_DELAY_MS, entry.delayMs * 2) : FIRST_DELAY_MS;
    this.#entries.delete(name);
    if (this.#entries.size === MOST_ENTRIES) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(name, {
      ino: info.ino,
      size: info.size,
      delayMs,
      untilMs: nowMs + delayMs,
      lookMs: nowMs + LOOK_MS,
    });
    return !known;
  }
}
