import type { ElementInfo } from '../../dirq/element-store.js';

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 600_000;
const LOOK_MS = 1000;
const MOST_ENTRIES = 10_000;
const MOST_TOLD = 200_000;

interface Entry {
  readonly ino: number;
  readonly size: number;
  readonly delayMs: number;
  readonly untilMs: number;
  /** its file is looked at again then, in case it changed */
  lookMs: number;
  /** the pass that met it last */
  pass: number;
}

/**
 * The elements that are of no use now: undecodable, unreadable, or rejected with nowhere to go. Each is looked at again
 * when its file changed, or after a delay that doubles from 1 s to 10 min. When there are more than it has room for, the rest
 * is looked at in each pass: passes should then be rare, see `isFull`.
 */
export class SkipList {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  /** those without room that were told of */
  readonly #told = new Set<string>();
  #pass = 0;
  #withoutRoom = 0;
  #full = false;

  constructor(most: number = MOST_ENTRIES) {
    this.#most = most;
  }

  /** Had some no room in the pass before this one? */
  get isFull(): boolean {
    return this.#full;
  }

  /** All names will be met again, but those `inHand`: what the pass before did not meet is gone, and forgotten. */
  beginPass(inHand: (name: string) => boolean): void {
    for (const [name, entry] of this.#entries) {
      // as if it were met in the pass that begins
      if (inHand(name)) entry.pass = this.#pass + 1;
      else if (entry.pass < this.#pass) this.#entries.delete(name);
    }
    this.#full = this.#withoutRoom > 0;
    if (!this.#full) this.#told.clear();
    this.#withoutRoom = 0;
    this.#pass += 1;
  }

  /** Was it looked at within the last second? Then it is not worth another look. `nowMs`: monotonic. */
  rests(name: string, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    entry.pass = this.#pass;
    return nowMs < entry.lookMs && nowMs < entry.untilMs;
  }

  /** Is the element, as it is now, to be passed over? */
  has(name: string, info: ElementInfo, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    entry.lookMs = nowMs + LOOK_MS;
    entry.pass = this.#pass;
    return nowMs < entry.untilMs && entry.ino === info.ino && entry.size === info.size;
  }

  /** Is the element, as it is now, one that was passed over for a while? */
  knows(name: string, { ino, size }: ElementInfo): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.ino === ino && entry.size === size;
  }

  /** True when this file is here for the first time: worth telling. */
  add(name: string, info: ElementInfo, nowMs: number): boolean {
    const entry = this.#entries.get(name);
    const known = this.knows(name, info);
    const delayMs = known && entry !== undefined ? Math.min(LONGEST_DELAY_MS, entry.delayMs * 2) : FIRST_DELAY_MS;
    if (entry === undefined && this.#entries.size === this.#most) return this.#tellWithoutRoom(name);
    this.#entries.set(name, {
      ino: info.ino,
      size: info.size,
      delayMs,
      untilMs: nowMs + delayMs,
      lookMs: nowMs + LOOK_MS,
      pass: this.#pass,
    });
    return !known && !this.#told.delete(name);
  }

  #tellWithoutRoom(name: string): boolean {
    this.#withoutRoom += 1;
    if (this.#told.has(name) || this.#told.size === MOST_TOLD) return false;
    this.#told.add(name);
    return true;
  }
}
