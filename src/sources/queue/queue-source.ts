import type { Clock } from '../../base/clock.js';
import { errnoOf, StompctlError } from '../../base/errors.js';
import { type FileSystem, systemFiles } from '../../base/file-system.js';
import { Bell, wait } from '../../base/wait.js';
import { ElementCursor } from '../../dirq/element-cursor.js';
import type { QueueKind } from '../../dirq/element-store.js';
import { MESSAGE_FIELDS } from '../../dirq/fields/schema.js';
import { recoverJournals } from '../../dirq/journal/journal-recovery.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import { foldersOf, queueKind } from '../../dirq/queue-kind.js';
import {
  type QueueOptions,
  type ResolvedQueueOptions,
  resolveQueueOptions,
  type SyncMode,
} from '../../dirq/queue-options.js';
import { TimeSlice } from '../../dirq/time-slice.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Demand, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import type { HeaderTemplates } from '../../message/header-templates.js';
import { ElementTaker } from './element-taker.js';
import { HeldElements } from './held-elements.js';
import { DeliveryBatch, type QueueDelivery } from './queue-delivery.js';
import type { QueueEvents } from './queue-events.js';
import { QueueWatch } from './queue-watch.js';

export interface QueueSourceOptions extends QueueOptions {
  /** refuse a folder that is not there when it is first opened; otherwise it is made, and `made` told */
  readonly mustExist?: boolean;
  /** go round for ever; otherwise one pass, then `end` */
  readonly loop: boolean;
  /** an acknowledged element is removed; otherwise it is unlocked, and handed out again on the next pass */
  readonly remove: boolean;
  /** are removals made to survive a power loss? batch: before more than `window` of them; message: each before the next */
  readonly sync: SyncMode;
  /** bytes of a body */
  readonly maxMessageSize: number;
  readonly clock: Clock;
  readonly events: QueueEvents;
  /** where rejected messages go; without it they stay, and are skipped with growing delay */
  readonly deadLetters?: DeadLetters | undefined;
  /** read each element, also when nobody asks for more than the file: its bytes are told */
  readonly readsAll?: boolean;
  /** headers of messages that have none of their own: see `withHeaders` */
  readonly headers?: HeaderTemplates | undefined;
  /** most elements locked, and most removals that a power loss may undo; 1000 */
  readonly window?: number;
  /** most elements of no use that are remembered; 10,000 */
  readonly mostSkipped?: number;
  /** 300,000 */
  readonly purgeIntervalMs?: number;
  /** the longest that a batch is gathered without letting others have their turn; 5 */
  readonly turnMs?: number;
}

/** Perl's purge frees locks after 300 s, ours and Python's after `maxlock`: they are renewed this often, or thrice in it */
const REFRESH_MS = 30_000;
const IDLE_MS = 1000;
/** an empty queue is looked at this often: polling works on every file system, and costs 0.1 ms each time */
const POLL_MS = 400;
/** what is told of by a watch is looked for at most this often */
const GATHER_MS = 2;
/** browsing passes start this far apart */
const PASS_MS = 1000;
/** with too many elements of no use, reading them again may take this share of the time, but for the longest wait */
const BAD_SHARE = 0.05;
const LONGEST_PASS_MS = 30_000;

/** Reads a queue, oldest element first: locks, reads, hands over, and carries out how each is settled. */
export class QueueSource implements TunableSource {
  readonly name: string;
  readonly #options: ResolvedQueueOptions & QueueSourceOptions;
  readonly #directory: QueueDirectory;
  readonly #kind: QueueKind;
  readonly #held: HeldElements;
  readonly #taker: ElementTaker;
  #cursor: ElementCursor | undefined;
  #passStartedMs = 0;
  #passTookMs = 0;
  #foundBefore = 0;
  #timers: { cancel(): void }[] = [];
  #purging: Promise<void> | undefined;
  #purgeDue = false;
  #opened = false;
  /** names read ahead */
  #ahead: string[] = [];
  #passes = 0;
  #toldStrangers = false;
  /** rung when something was settled */
  readonly #changed = new Bell();
  readonly #turn: TimeSlice;
  readonly #watch: QueueWatch;
  /** something came since the last pass began */
  #added = false;

  constructor(options: QueueSourceOptions, files: FileSystem = systemFiles) {
    this.#options = { ...options, ...resolveQueueOptions(options) };
    this.#turn = new TimeSlice(options.turnMs);
    this.name = `queue ${this.#options.path}`;
    this.#directory = new QueueDirectory(this.#options.path, files, options.umask);
    this.#kind = queueKind(this.#directory, this.#options);
    this.#held = new HeldElements(this.#directory, this.#kind.elements, {
      ...this.#options,
      source: sourceLabel(this.#options),
      // what is no message by itself becomes one when it is read
      plain: options.format !== 'raw' && options.headers === undefined && options.readsAll !== true,
      window: options.window ?? 1000,
      deadLetters: options.deadLetters,
      changed: () => this.#changed.ring(),
      skip: (delivery) => this.#taker.skip(delivery.name, delivery.info),
    });
    this.#taker = new ElementTaker(this.#kind.elements, this.#held, this.#options);
    this.#watch = new QueueWatch(this.#directory, () => {
      this.#added = true;
      this.#changed.ring();
    });
  }

  /** Makes the queue's folder when it is missing at the start and may be made, and takes over what dead processes had locked. */
  async open(): Promise<void> {
    this.#lookForFolder();
    this.#directory.open(foldersOf(this.#options.type));
    // it may be another folder now
    this.#watch.close();
    // again, after an error: what is held stays so
    if (this.#opened) return;
    this.#recover();
    this.#opened = true;
    this.#passes = 0;
    const { maxLock } = this.#options;
    this.#every(maxLock === 0 ? REFRESH_MS : Math.min(REFRESH_MS, (maxLock * 1000) / 3), () => this.#held.refresh());
    this.#every(this.#options.purgeIntervalMs ?? 300_000, () => this.#purge());
    this.#purgeDue = true;
  }

  /**
   * A folder that is missing at the start is more often a wrong path than a queue that nothing was put into yet. One that goes
   * later was moved, or was on another disk: a new one in its place would look like an empty queue, and be in the way
   * of the old one.
   */
  #lookForFolder(): void {
    const { path, files } = this.#directory;
    try {
      files.statSync(path);
    } catch (error) {
      // what else is wrong with it is told when it is used
      if (errnoOf(error) !== 'ENOENT') return;
      if (this.#opened) {
        const reason = 'the folder is gone: put it back, or make it';
        throw new StompctlError('QUEUE_MISSING', 'open queue', path, reason, error);
      }
      if (!this.#options.mustExist) {
        this.#options.events.made?.();
        return;
      }
      const reason = 'there is no such folder: correct the path, or make the folder (with loop it is made)';
      throw new StompctlError('QUEUE_MISSING', 'open queue', path, reason, error);
    }
  }

  /** Another limit, and another place for rejected messages, from now on. */
  tune({ window, deadLetters }: SourceLimits): void {
    this.#held.tune({ window, deadLetters });
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    // who passes once must see what a purge frees; who goes round sees it in the next round
    if (this.#purgeDue && !this.#options.loop) await this.#purge(interrupt);
    let waited = false;
    for (;;) {
      if (this.#turn.over()) await this.#turn.rest();
      if (interrupt.aborted) return { kind: 'idle', reason: 'interrupted' };
      await this.#held.beforeTaking();
      const most = Math.min(demand.deliveries, this.#held.room + this.#taker.kept);
      const deliveries = await this.#take({ ...demand, deliveries: most }, interrupt);
      // not before the first messages are out: in a folder of a million each of the two takes a second
      if (this.#purgeDue) void this.#purge();
      if (deliveries.length > 0) {
        this.#watch.taken(waited);
        return { kind: 'batch', deliveries };
      }
      if (interrupt.aborted) continue;
      const waitMs = most > 0 ? this.#waitMs() : IDLE_MS;
      if (waitMs <= 0) continue;
      waited = true;
      if (most > 0 && this.#isWatched && this.#watch.whileEmpty(clock.monotonicMs())) {
        this.#added = true;
        continue;
      }
      if (this.#isOver()) {
        await this.#purging;
        return { kind: 'end' };
      }
      const idleMs = clock.monotonicMs() - startedMs;
      this.#held.idle();
      if (idleMs >= IDLE_MS) return { kind: 'idle', reason: 'empty' };
      await wait(clock, Math.min(waitMs, IDLE_MS - idleMs), { signal: interrupt, bell: this.#changed });
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
    this.#watch.close();
    this.#cursor = undefined;
    this.#taker.forget();
    this.#ahead = [];
    await this.#purging;
    await this.#held.close();
  }

  /** One pass is done, and everything from it is settled: what was given back would come again. */
  #isOver(): boolean {
    return !this.#options.loop && this.#passes > 0 && this.#cursor === undefined && this.#held.size === 0;
  }

  /** Is the next pass to begin as soon as something comes? */
  get #isWatched(): boolean {
    return this.#options.loop && this.#options.remove && !this.#taker.isOverfull;
  }

  /** How long until the next look at the queue; 0: now. */
  #waitMs(): number {
    if (this.#passes === 0 || this.#cursor !== undefined || this.#ahead.length > 0 || this.#held.hasReleased) return 0;
    const sinceMs = this.#options.clock.monotonicMs() - this.#passStartedMs;
    if (!this.#options.loop) return IDLE_MS;
    if (this.#taker.isOverfull)
      return Math.max(POLL_MS, Math.min(LONGEST_PASS_MS, this.#passTookMs / BAD_SHARE)) - sinceMs;
    if (this.#options.remove) {
      if (this.#taker.found > this.#foundBefore) return 0;
      return (this.#added ? GATHER_MS : POLL_MS) - sinceMs;
    }
    return PASS_MS - sinceMs;
  }

  /** The next deliveries, within `demand`; none when the pass is over, or nothing could be taken in this turn. */
  async #take(demand: Demand, interrupt: AbortSignal): Promise<QueueDelivery[]> {
    const batch = new DeliveryBatch(demand);
    while (!batch.isFull) {
      this.#taker.takeKept(batch);
      const names = this.#candidates(batch.room);
      if (names.length === 0) {
        if (batch.deliveries.length > 0 || interrupt.aborted || !(await this.#advance())) break;
        continue;
      }
      if (!this.#takeNames(names, batch)) break;
      if (!this.#turn.over()) continue;
      if (batch.deliveries.length > 0) break;
      await this.#turn.rest();
    }
    return batch.deliveries;
  }

  /** False: something went wrong after the batch got what is locked already; the next call will say what. */
  #takeNames(names: string[], batch: DeliveryBatch): boolean {
    try {
      this.#ahead = this.#taker.take(names, batch, this.#turn).concat(this.#ahead);
      return true;
    } catch (error) {
      this.#ahead = names.filter((name) => !this.#held.has(name)).concat(this.#ahead);
      if (batch.isEmpty) throw error;
      return false;
    }
  }

  /** Names to try: what was given back, what an earlier batch left, then the next of the pass. */
  #candidates(count: number): string[] {
    if (this.#held.hasReleased) this.#ahead = this.#held.takeReleased().concat(this.#ahead);
    const names = this.#ahead.splice(0, count);
    while (names.length < count) {
      const name = this.#cursor?.take();
      if (name === undefined) break;
      if (!this.#held.has(name) && !this.#taker.rests(name)) names.push(name);
    }
    return names;
  }

  /** Resolves true when there are more names; begins a pass when one is due. */
  async #advance(): Promise<boolean> {
    if (this.#cursor === undefined) {
      if (this.#waitMs() > 0) return false;
      this.#passStartedMs = this.#options.clock.monotonicMs();
      this.#passes += 1;
      this.#added = false;
      this.#foundBefore = this.#taker.found;
      this.#taker.beginPass();
      this.#cursor = new ElementCursor(this.#directory);
      this.#tellStrangers();
    }
    const more = await this.#cursor.advance();
    if (!more) {
      this.#cursor = undefined;
      this.#passTookMs = this.#options.clock.monotonicMs() - this.#passStartedMs;
    }
    return more;
  }

  #tellStrangers(): void {
    const { strangers } = this.#directory;
    if (strangers === 0 || this.#toldStrangers) return;
    this.#toldStrangers = true;
    this.#options.events.strangers?.(strangers);
  }

  /** What cannot be recovered now is tried again at the next purge. Throws QUEUE_IO when the queue cannot be read. */
  #recover(): void {
    const { path, files } = this.#directory;
    const { events, maxLock } = this.#options;
    try {
      const failed = (error: unknown): void => events.purgeFailed?.(queueError('recover', path, error));
      const { locks, journals } = recoverJournals(path, files, this.#kind.elements, { maxLock, failed });
      if (journals > 0) events.recovered?.(locks, journals);
    } catch (error) {
      throw queueError('recover', path, error);
    }
  }

  #purge(interrupt?: AbortSignal): Promise<void> {
    this.#purgeDue = false;
    this.#purging ??= this.#purgeNow(interrupt).finally(() => {
      this.#purging = undefined;
    });
    return this.#purging;
  }

  /** Never rejects: who cannot purge can still read. */
  async #purgeNow(interrupt: AbortSignal | undefined): Promise<void> {
    const { events, maxLock, maxTemp } = this.#options;
    const isOurs = (name: string): boolean => this.#held.has(name);
    try {
      const stopped = (): boolean => !this.#opened || interrupt?.aborted === true;
      const report = await this.#kind.purge({ maxLock, maxTemp, isOurs, stopped });
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
}

/** What a failure queue says of where a message came from: `stompctl queue retry` must not put messages where bodies belong. */
function sourceLabel({ path, format, fields }: ResolvedQueueOptions): string {
  if (format === 'raw') return `raw queue ${path}`;
  return fields === MESSAGE_FIELDS ? `queue ${path}` : `schema queue ${path}`;
}
