import type { Clock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { ElementCursor } from '../dirq/element-cursor.js';
import { type FileSystem, systemFiles } from '../dirq/file-system.js';
import { recoverJournals } from '../dirq/journal-recovery.js';
import { QueueDirectory, queueError } from '../dirq/queue-directory.js';
import { type QueueOptions, type ResolvedQueueOptions, resolveQueueOptions } from '../dirq/queue-options.js';
import { type ElementInfo, SimpleElements } from '../dirq/simple-elements.js';
import { type PurgeReport, purgeSimple } from '../dirq/simple-purge.js';
import { TimeSlice } from '../dirq/time-slice.js';
import type { Failures } from '../flow/failures.js';
import type { Demand, Source, SourceEvents, SourceResult } from '../flow/source.js';
import { largestFile } from '../message/json.js';
import type { Message } from '../message/message.js';
import { HeldElements } from './held-elements.js';
import { QueueDelivery } from './queue-delivery.js';
import { SkipList } from './skip-list.js';

/** What a queue tells besides: all optional, called synchronously, must not throw. */
export interface QueueEvents extends SourceEvents {
  /** an empty file that a crash left was removed */
  leftoverRemoved?(name: string): void;
  /** locks of processes that died were removed at once, thanks to their journals */
  recovered?(locks: number, journals: number): void;
  purged?(report: PurgeReport): void;
  purgeFailed?(error: StompctlError): void;
}

export interface QueueSourceOptions extends QueueOptions {
  /** go round for ever; otherwise one pass, then `end` */
  readonly loop: boolean;
  /** an acknowledged element is removed; otherwise it is unlocked, and handed out again on the next pass */
  readonly remove: boolean;
  /** are removals made to survive a power loss? batch: before more than `window` of them; message: each before the next */
  readonly sync: 'batch' | 'message' | 'none';
  /** bytes of a body */
  readonly maxMessageSize: number;
  readonly clock: Clock;
  readonly events: QueueEvents;
  /** where rejected messages go; without it they stay, and are skipped with growing delay */
  readonly failures?: Failures | undefined;
  /** most removals that a power loss may undo; 1000 */
  readonly window?: number;
  /** 300,000 */
  readonly purgeIntervalMs?: number;
}

/** deliveries of one batch: small enough for others to have their turn */
const MOST_DELIVERIES = 200;
/** Perl's purge frees locks after 300 s, ours and Python's after `maxlock` */
const REFRESH_MS = 30_000;
const IDLE_MS = 1000;
/** an empty queue is looked at this often: polling works on every file system, and costs 0.1 ms each time */
const POLL_MS = 200;
/** browsing passes start this far apart */
const PASS_MS = 1000;

/** Reads a queue, oldest element first: locks, reads, hands over, and carries out how each is settled. */
export class QueueSource implements Source {
  readonly name: string;
  readonly #options: ResolvedQueueOptions & QueueSourceOptions;
  readonly #directory: QueueDirectory;
  readonly #elements: SimpleElements;
  readonly #held: HeldElements;
  readonly #skips = new SkipList();
  #cursor: ElementCursor | undefined;
  #passStartedMs = 0;
  #found = 0;
  #timers: { cancel(): void }[] = [];
  #purging: Promise<void> | undefined;
  #opened = false;
  /** read, but larger than the bytes that were left */
  #kept: QueueDelivery | undefined;
  /** names read ahead */
  #ahead: string[] = [];
  #passes = 0;
  #wake: (() => void) | undefined;
  readonly #turn = new TimeSlice();

  constructor(options: QueueSourceOptions, files: FileSystem = systemFiles) {
    this.#options = { ...options, ...resolveQueueOptions(options) };
    this.name = `queue ${this.#options.path}`;
    this.#directory = new QueueDirectory(this.#options.path, files, options.umask);
    this.#elements = new SimpleElements(this.#directory);
    this.#held = new HeldElements(this.#directory, this.#elements, {
      ...this.#options,
      source: this.name,
      window: options.window ?? 1000,
      failures: options.failures,
      changed: () => this.#wake?.(),
      skip: (delivery) => this.#skips.add(delivery.name, delivery.info, options.clock.monotonicMs()),
    });
  }

  /** Makes the queue's folder when it is missing, takes over what dead processes had locked, and begins to purge. */
  async open(): Promise<void> {
    this.#directory.open();
    this.#opened = true;
    this.#held.open();
    this.#recover();
    this.#every(REFRESH_MS, () => this.#held.refresh());
    this.#every(this.#options.purgeIntervalMs ?? 300_000, () => this.#purge());
    this.#purge();
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    for (;;) {
      if (this.#turn.over()) await this.#turn.rest();
      if (interrupt.aborted) return { kind: 'idle', reason: 'interrupted' };
      await this.#held.beforeTaking();
      const deliveries = await this.#take(demand, interrupt);
      if (deliveries.length > 0) return { kind: 'batch', deliveries };
      if (interrupt.aborted) continue;
      const waitMs = demand.deliveries > 0 ? this.#waitMs() : IDLE_MS;
      if (waitMs <= 0) continue;
      if (this.#isOver()) {
        await this.#purging;
        return { kind: 'end' };
      }
      const idleMs = clock.monotonicMs() - startedMs;
      if (idleMs >= IDLE_MS) return { kind: 'idle', reason: 'empty' };
      await this.#wait(Math.min(waitMs, IDLE_MS - idleMs), interrupt);
    }
  }

  async settle(): Promise<void> {
    await this.#held.settleAll();
  }

  /** Settles what was asked for, unlocks the rest, drops the journal. */
  async close(): Promise<void> {
    if (!this.#opened) return;
    this.#opened = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#cursor = undefined;
    this.#kept = undefined;
    this.#ahead = [];
    await this.#purging;
    await this.#held.close();
  }

  /** One pass is done, and everything from it is settled: what was given back would come again. */
  #isOver(): boolean {
    return !this.#options.loop && this.#passes > 0 && this.#cursor === undefined && this.#held.size === 0;
  }

  /** How long until the next look at the queue; 0: now. */
  #waitMs(): number {
    if (this.#passes === 0 || this.#cursor !== undefined || this.#ahead.length > 0 || this.#held.hasReleased) return 0;
    const sinceMs = this.#options.clock.monotonicMs() - this.#passStartedMs;
    if (!this.#options.loop) return IDLE_MS;
    if (this.#options.remove) return this.#found > 0 ? 0 : POLL_MS - sinceMs;
    return PASS_MS - sinceMs;
  }

  /** The next deliveries, within `demand`; none when the pass is over, or nothing could be taken in this turn. */
  async #take(demand: Demand, interrupt: AbortSignal): Promise<QueueDelivery[]> {
    const batch = new Batch(demand);
    while (!batch.isFull) {
      if (this.#kept !== undefined) {
        batch.push(this.#kept);
        this.#kept = undefined;
        continue;
      }
      const names = this.#candidates(batch.room);
      if (names.length === 0) {
        if (batch.deliveries.length > 0 || interrupt.aborted || !(await this.#advance())) break;
        continue;
      }
      this.#lockAndRead(names, batch);
      if (!this.#turn.over()) continue;
      if (batch.deliveries.length > 0) break;
      await this.#turn.rest();
    }
    return batch.deliveries;
  }

  /** Names to try: what an earlier batch left, what was given back, then the next of the pass. */
  #candidates(count: number): string[] {
    const names = this.#ahead.splice(0, count);
    if (names.length === 0 && this.#held.hasReleased) {
      this.#ahead = this.#held.takeReleased();
      return this.#ahead.splice(0, count);
    }
    while (names.length < count) {
      const name = this.#cursor?.take();
      if (name === undefined) break;
      if (!this.#held.has(name)) names.push(name);
    }
    return names;
  }

  /** Resolves true when there are more names; begins a pass when one is due. */
  async #advance(): Promise<boolean> {
    if (this.#cursor === undefined) {
      if (this.#waitMs() > 0) return false;
      this.#passStartedMs = this.#options.clock.monotonicMs();
      this.#passes += 1;
      this.#found = 0;
      this.#cursor = new ElementCursor(this.#directory);
    }
    const more = await this.#cursor.advance();
    if (!more) this.#cursor = undefined;
    return more;
  }

  #lockAndRead(names: string[], batch: Batch): void {
    const time = this.#held.begin(names);
    for (const [index, name] of names.entries()) {
      const full = this.#takeOne(name, time, batch);
      if (full) {
        this.#ahead = names.slice(this.#kept?.name === name ? index + 1 : index).concat(this.#ahead);
        return;
      }
      if (batch.deliveries.length > 0 && this.#turn.over()) {
        this.#ahead = names.slice(index + 1).concat(this.#ahead);
        return;
      }
    }
  }

  /** True: the batch cannot take it. */
  #takeOne(name: string, time: number, batch: Batch): boolean {
    const { clock, maxMessageSize } = this.#options;
    try {
      const info = this.#elements.inspect(name);
      // RACE: another process took it after the folder was read
      if (info === undefined || this.#skips.has(name, info, clock.monotonicMs())) return false;
      if (info.regular && info.size === 0) this.#removeLeftover(name, info, time);
      else if (!info.regular) this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', 'is not a regular file');
      else if (info.size > largestFile(maxMessageSize)) {
        const reason = `the file has ${info.size} bytes, too many for max-message-size (${maxMessageSize})`;
        this.#cannotRead(name, info, 'MESSAGE_TOO_LARGE', reason);
      } else if (!batch.fits(info.size)) return true;
      else if (this.#lock(name, info, time)) {
        const message = this.#read(name, info);
        if (message !== undefined)
          return this.#handOver(new QueueDelivery(this.#held, name, message, info, time), batch);
      }
      return false;
    } catch (error) {
      throw queueError('take', `${this.#options.path}/${name}`, error);
    }
  }

  #handOver(delivery: QueueDelivery, batch: Batch): boolean {
    this.#held.hold(delivery);
    this.#found += 1;
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
      // the kernel lets nobody link a file that he could not write (fs.protected_hardlinks)
      if (errnoOf(error) !== 'EPERM') throw error;
      const reason = `cannot be locked (${reasonOf(error)}): let its producer make files that this user may write`;
      this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', reason);
      return false;
    }
  }

  /** Undefined: not readable; it is unlocked and stays. */
  #read(name: string, info: ElementInfo): Message | undefined {
    try {
      return this.#elements.readMessage(name, this.#options.maxMessageSize);
    } catch (error) {
      this.#elements.unlock(name);
      const errno = errnoOf(error);
      // RACE: another process removed it: it had thought our lock dead
      if (errno === 'ENOENT') return undefined;
      if (errno === 'EMFILE' || errno === 'ENFILE' || errno === 'ENOMEM') throw error;
      if (error instanceof StompctlError) this.#tellBad(name, info, error);
      else this.#cannotRead(name, info, 'ELEMENT_UNREADABLE', reasonOf(error));
      return undefined;
    }
  }

  #cannotRead(name: string, info: ElementInfo, code: 'ELEMENT_UNREADABLE' | 'MESSAGE_TOO_LARGE', reason: string): void {
    this.#tellBad(name, info, new StompctlError(code, 'read', name, reason));
  }

  #tellBad(name: string, info: ElementInfo, error: StompctlError): void {
    const first = this.#skips.add(name, info, this.#options.clock.monotonicMs());
    if (first) this.#options.events.rejected(name, error);
  }

  /** An empty file is what a crash left; but only when it is old: a producer without temporary files may be at work. */
  #removeLeftover(name: string, info: ElementInfo, time: number): void {
    const { maxTemp, clock, events } = this.#options;
    if (maxTemp === 0 || info.modifiedMs > clock.wallMs() - maxTemp * 1000) return;
    if (!this.#lock(name, info, time)) return;
    // RACE: it may have been written in between
    if (this.#elements.inspect(name)?.size !== 0) {
      this.#elements.unlock(name);
      return;
    }
    this.#elements.remove(name);
    events.leftoverRemoved?.(name);
  }

  #recover(): void {
    const { path, files } = this.#directory;
    try {
      const { locks, journals } = recoverJournals(path, files, {
        lockInfo: (name) => this.#elements.lockInfo(name),
        unlock: (name) => this.#elements.unlock(name),
        discard: (name) => this.#elements.discard(name),
      });
      if (journals > 0) this.#options.events.recovered?.(locks, journals);
    } catch (error) {
      throw queueError('recover', path, error);
    }
  }

  #purge(): void {
    this.#purging ??= this.#purgeNow().finally(() => {
      this.#purging = undefined;
    });
  }

  /** Never rejects: who cannot purge can still read. */
  async #purgeNow(): Promise<void> {
    const { events, maxLock, maxTemp } = this.#options;
    const isOurs = (name: string): boolean => this.#held.has(name);
    try {
      const report = await purgeSimple(this.#directory, { maxLock, maxTemp, isOurs, stopped: () => !this.#opened });
      this.#recover();
      events.purged?.(report);
    } catch (error) {
      events.purgeFailed?.(queueError('purge', this.#options.path, error));
    }
  }

  #every(intervalMs: number, run: () => void): void {
    const slot = this.#timers.length;
    const again = (): void => {
      run();
      this.#timers[slot] = this.#options.clock.after(intervalMs, again, false);
    };
    this.#timers[slot] = this.#options.clock.after(intervalMs, again, false);
  }

  /** Resolves after `ms`, or when interrupted, or when something was settled. */
  #wait(ms: number, interrupt: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        interrupt.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      interrupt.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}

/** What one `next` gathers. */
class Batch {
  readonly deliveries: QueueDelivery[] = [];
  readonly #most: number;
  readonly #bytes: number;
  #size = 0;

  constructor(demand: Demand) {
    this.#most = Math.min(demand.deliveries, MOST_DELIVERIES);
    this.#bytes = demand.bytes;
  }

  get room(): number {
    return this.#most - this.deliveries.length;
  }

  get isFull(): boolean {
    return this.room <= 0;
  }

  /** One message is always allowed. */
  fits(size: number): boolean {
    return this.deliveries.length === 0 || this.#size + size <= this.#bytes;
  }

  push(delivery: QueueDelivery): void {
    this.deliveries.push(delivery);
    this.#size += delivery.size;
  }
}
