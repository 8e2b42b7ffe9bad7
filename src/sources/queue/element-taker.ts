import type { Clock } from '../../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { type ElementInfo, type ElementStore, LockLeft } from '../../dirq/element-store.js';
import { queueError } from '../../dirq/queue-directory.js';
import type { TimeSlice } from '../../dirq/time-slice.js';
import type { HeaderTemplates } from '../../message/header-templates.js';
import { Message } from '../../message/message.js';
import { withHeaders } from './element-header.js';
import type { HeldElements } from './held-elements.js';
import { type DeliveryBatch, QueueDelivery } from './queue-delivery.js';
import type { QueueEvents } from './queue-events.js';
import { SkipList } from './skip-list.js';

export interface TakeOptions {
  /** the queue's, for error texts */
  readonly path: string;
  /** bytes of a body */
  readonly maxMessageSize: number;
  /** seconds */
  readonly maxTemp: number;
  /** see `withHeaders` */
  readonly headers?: HeaderTemplates | undefined;
  readonly clock: Clock;
  readonly events: QueueEvents;
  /** most elements of no use that are remembered; 10,000 */
  readonly mostSkipped?: number;
}

/** Turns element names into deliveries: looks, locks, reads. What cannot be read stays, is told once, and is skipped. */
export class ElementTaker {
  /** deliveries made so far */
  found = 0;
  readonly #elements: ElementStore;
  readonly #held: HeldElements;
  readonly #options: TakeOptions;
  readonly #skips: SkipList;
  /** read, but larger than the bytes that were left */
  #kept: QueueDelivery | undefined;

  constructor(elements: ElementStore, held: HeldElements, options: TakeOptions) {
    this.#elements = elements;
    this.#held = held;
    this.#options = options;
    this.#skips = new SkipList(options.mostSkipped);
  }

  /**
   * Adds to `batch` what can be taken of `names`, until it is full or, with something in it, `turn` is over. Answers the
   * names that were not tried. Throws QUEUE_IO.
   */
  take(names: string[], batch: DeliveryBatch, turn: TimeSlice): string[] {
    const time = this.#held.begin(names);
    for (const [index, name] of names.entries()) {
      const full = this.#takeOne(name, time, batch);
      if (full) return names.slice(this.#kept?.name === name ? index + 1 : index);
      if (!batch.isEmpty && turn.over()) return names.slice(index + 1);
    }
    return [];
  }

  /** held, and not handed over yet */
  get kept(): number {
    return this.#kept === undefined ? 0 : 1;
  }

  /** Adds what an earlier batch had no room for. */
  takeKept(batch: DeliveryBatch): void {
    if (this.#kept === undefined) return;
    batch.push(this.#kept);
    this.#kept = undefined;
  }

  forget(): void {
    this.#kept = undefined;
  }

  /** Is this element passed over without another look at it? */
  rests(name: string): boolean {
    return this.#skips.rests(name, this.#options.clock.monotonicMs());
  }

  /** Are there more elements of no use than can be remembered? Then each pass reads the rest of them again. */
  get isOverfull(): boolean {
    return this.#skips.isFull;
  }

  beginPass(): void {
    this.#skips.beginPass((name) => this.#held.has(name));
  }

  /** Passes over an element for a while; true when it was not passed over before. */
  skip(name: string, info: ElementInfo): boolean {
    return this.#skips.add(name, info, this.#options.clock.monotonicMs());
  }

  /** True: the batch cannot take it. */
  #takeOne(name: string, time: number, batch: DeliveryBatch): boolean {
    const { clock, maxMessageSize } = this.#options;
    try {
      const info = this.#elements.inspect(name);
      // RACE: another process took it after the folder was read
      if (info === undefined || this.#skips.has(name, info, clock.monotonicMs())) return false;
      if (this.#elements.isLeftover(info)) this.#removeLeftover(name, info, time);
      else if (!info.regular) this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', 'is not a regular file');
      else if (info.size > this.#elements.largest(maxMessageSize)) {
        const reason = `the file has ${info.size} bytes, too many for max-message-size (${maxMessageSize})`;
        this.#cannotRead(name, info, 'MESSAGE_TOO_LARGE', reason);
      } else if (!batch.fits(info.size)) return true;
      else if (this.#lock(name, info, time)) {
        const isRead = !batch.unread || !this.#held.movesUnread || info.mode === undefined;
        const message = isRead ? this.#read(name, info, time, batch) : undefined;
        if (!isRead || message !== undefined) {
          const delivery = new QueueDelivery(this.#held, name, message, info, time);
          delivery.rejectedBefore = this.#skips.knows(name, info);
          return this.#handOver(delivery, batch);
        }
      }
      return false;
    } catch (error) {
      throw queueError('take', `${this.#options.path}/${name}`, error);
    }
  }

  #handOver(delivery: QueueDelivery, batch: DeliveryBatch): boolean {
    this.#held.hold(delivery);
    this.found += 1;
    if (batch.fits(delivery.size)) {
      batch.push(delivery);
      return false;
    }
    // it was compressed: larger than its file
    this.#kept = delivery;
    return true;
  }

  #lock(name: string, info: ElementInfo, time: number): boolean {
    try {
      return this.#elements.lock(name, time);
    } catch (error) {
      if (error instanceof LockLeft) this.#held.leaveLocked(name, time);
      const errno = errnoOf(error);
      // the kernel lets nobody link a file that he could not write (fs.protected_hardlinks)
      if (errno !== 'EPERM' && errno !== 'EACCES') throw error;
      const what = errno === 'EPERM' ? 'files' : 'folders';
      const reason = `cannot be locked (${reasonOf(error)}): let its producer make ${what} that this user may write`;
      this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', reason);
      return false;
    }
  }

  /** Undefined: not readable; it is unlocked and stays. */
  #read(name: string, info: ElementInfo, time: number, batch: DeliveryBatch): Message | undefined {
    const { headers, maxMessageSize } = this.#options;
    try {
      return withHeaders(this.#elements.readMessage(name, maxMessageSize), headers, name, info);
    } catch (error) {
      let aside = false;
      try {
        aside = this.#setAside(name, info, time, batch, error);
      } finally {
        if (!aside) this.#held.giveBack(name, time);
      }
      if (aside) return undefined;
      const errno = errnoOf(error);
      // RACE: another process removed it: it had thought our lock dead
      if (errno === 'ENOENT') return undefined;
      if (errno === 'EMFILE' || errno === 'ENFILE' || errno === 'ENOMEM') throw error;
      if (error instanceof StompctlError) this.#tellBad(name, info, error);
      else this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', reasonOf(error));
      return undefined;
    }
  }

  /** Has an undecodable element stored with the failures, byte for byte; false: it must stay. */
  #setAside(name: string, info: ElementInfo, time: number, batch: DeliveryBatch, error: unknown): boolean {
    if (!this.#held.takesRaw || !(error instanceof StompctlError) || error.code !== 'ELEMENT_UNDECODABLE') return false;
    const raw = this.#elements.readRaw(name, this.#options.maxMessageSize);
    if (raw === undefined) return false;
    const delivery = new QueueDelivery(this.#held, name, new Message(), info, time);
    delivery.raw = raw;
    this.#held.hold(delivery);
    batch.spend(raw.length);
    this.#options.events.rejected(name, error);
    delivery.reject(error);
    return true;
  }

  #cannotRead(name: string, info: ElementInfo, code: 'ELEMENT_UNREADABLE' | 'MESSAGE_TOO_LARGE', reason: string): void {
    this.#tellBad(name, info, new StompctlError(code, 'read', name, reason));
  }

  #tellBad(name: string, info: ElementInfo, error: StompctlError): void {
    if (this.skip(name, info)) this.#options.events.rejected(name, error);
  }

  /** An empty file is what a crash left; but only when it is old: a producer without temporary files may be at work. */
  #removeLeftover(name: string, info: ElementInfo, time: number): void {
    const { maxTemp, clock, events } = this.#options;
    if (maxTemp === 0 || info.modifiedMs > clock.wallMs() - maxTemp * 1000) {
      if (this.skip(name, info)) events.leftoverKept?.(name);
      return;
    }
    if (!this.#lock(name, info, time)) return;
    try {
      // RACE: it may have been written in between
      if (this.#elements.inspect(name)?.size === 0 && this.#elements.remove(name).done) {
        events.leftoverRemoved?.(name);
        return;
      }
    } catch (error) {
      this.#held.giveBack(name, time);
      throw error;
    }
    this.#held.giveBack(name, time);
  }
}
