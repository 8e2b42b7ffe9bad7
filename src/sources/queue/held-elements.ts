import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.js';
import { quietly } from '../../base/file-system.js';
import type { ElementStore } from '../../dirq/element-store.js';
import { LockJournal } from '../../dirq/journal/lock-journal.js';
import { type QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import type { SyncMode } from '../../dirq/queue-options.js';
import { TimeSlice } from '../../dirq/time-slice.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { SourceEvents } from '../../flow/source.js';
import { LateReader } from './late-reader.js';
import type { QueueDelivery, Settler, Settling } from './queue-delivery.js';
import { RemovalSync } from './removal-sync.js';

/** settlings that may wait before no more is taken */
const MOST_WISHES = 1000;
/** nobody takes a lock for dead before it is 300 s old */
const YOUNGEST_FOREIGN_MS = 100_000;

export interface HoldOptions {
  readonly source: string;
  readonly remove: boolean;
  readonly sync: SyncMode;
  /** bytes of a body */
  readonly maxMessageSize: number;
  /** are elements what another queue may have as they are? */
  readonly plain: boolean;
  /** most elements held, and most removals that may be undone by a power loss */
  readonly window: number;
  readonly deadLetters: DeadLetters | undefined;
  readonly events: SourceEvents;
  /** a rejected delivery that goes nowhere: not to be handed out again soon */
  readonly skip: (delivery: QueueDelivery) => void;
  /** something was settled */
  readonly changed: () => void;
}

/**
 * The elements that a source has locked and handed over, and how they are settled: in batches, in the order asked for,
 * a few milliseconds at a time, off the callers' stack. Their locks stand in the journal and are refreshed.
 */
export class HeldElements implements Settler {
  readonly #directory: QueueDirectory;
  readonly #elements: ElementStore;
  #options: HoldOptions;
  readonly late: LateReader;
  readonly #journal: LockJournal;
  readonly #removals: RemovalSync;
  readonly #held = new Map<string, QueueDelivery>();
  readonly #storing = new Set<Promise<void>>();
  /** aborted when nothing waits for the failure queue any more */
  #giveUp = new AbortController();
  #wishes: { delivery: QueueDelivery; how: Settling | 'remove' | 'unlock' }[] = [];
  #released: string[] = [];
  /** locks of ours that could not be taken away yet: by name, with the time they may have */
  readonly #leftLocked = new Map<string, number>();
  #worker: Promise<void> | undefined;
  #error: unknown;
  /** the last attempt to settle failed */
  #stuck = false;
  #refreshing = false;

  constructor(directory: QueueDirectory, elements: ElementStore, options: HoldOptions) {
    this.#directory = directory;
    this.#elements = elements;
    this.#options = options;
    this.late = new LateReader(directory, elements, options.maxMessageSize);
    this.#journal = new LockJournal(directory.path, directory.files);
    this.#removals = new RemovalSync(directory, elements, options.sync, options.window);
  }

  tune(tuned: Pick<HoldOptions, 'window' | 'deadLetters'>): void {
    this.#options = { ...this.#options, ...tuned };
    this.#removals.resize(this.#options.sync, tuned.window);
  }

  get size(): number {
    return this.#held.size;
  }

  /** How many more may be held: what is settled counts until that is carried out, for a kill before would undo it. */
  get room(): number {
    return Math.max(0, this.#options.window - this.#held.size);
  }

  get hasReleased(): boolean {
    return this.#released.length > 0;
  }

  /** Can undecodable elements be stored elsewhere, byte for byte? */
  get takesRaw(): boolean {
    return this.#options.deadLetters?.storeRaw !== undefined;
  }

  /** May elements leave unread? Not when they stay (two queues would have one file), nor when those that are bad are set apart. */
  get movesUnread(): boolean {
    const { plain, remove, deadLetters } = this.#options;
    return plain && remove && deadLetters === undefined;
  }

  has(name: string): boolean {
    return this.#held.has(name) || this.#leftLocked.has(name);
  }

  /** Gives an element back that was locked as of `time` and not handed over; when that fails (false), later. */
  giveBack(name: string, time: number): boolean {
    let done = false;
    quietly(() => {
      this.#unlock({ name, lockTime: time });
      done = true;
    });
    if (!done) this.leaveLocked(name, time);
    return done;
  }

  /** Remembers a lock that could not be taken away: it stays in the journal, and is tried again. */
  leaveLocked(name: string, time: number): void {
    this.#leftLocked.set(name, time);
  }

  /** The names given back since the last call, in order: to be handed out again before newer ones. */
  takeReleased(): string[] {
    const released = this.#released.sort();
    this.#released = [];
    return released;
  }

  /** Writes down that these elements are about to be locked, and answers the time to lock them with. Throws QUEUE_IO. */
  begin(names: readonly string[]): number {
    const time = lockTime();
    try {
      if (this.#journal.isLarge && !this.#refreshing) this.#journal.compact(this.#times());
      this.#journal.append(names, time);
    } catch (error) {
      throw queueError('write lock journal', this.#options.source, error);
    }
    return time;
  }

  hold(delivery: QueueDelivery): void {
    this.#held.set(delivery.name, delivery);
  }

  /**
   * Resolves when more elements may be taken. Rejects with what went wrong in settling; then nothing is taken until the
   * settling, tried again by the next call, has worked.
   */
  async beforeTaking(): Promise<void> {
    this.#throwError();
    this.#giveBackLeft();
    await this.#removals.belowWindow();
    if (this.#wishes.length === 0 || (!this.#stuck && this.#wishes.length < MOST_WISHES)) return;
    this.#kick();
    await this.#worker;
    this.#throwError();
  }

  settle(delivery: QueueDelivery, how: Settling): void {
    if (this.#held.get(delivery.name) !== delivery) {
      this.#options.events.settledInVain(delivery.name, 'dead-session');
      return;
    }
    this.#wishes.push({ delivery, how });
    this.#kick();
  }

  settledInVain(delivery: QueueDelivery): void {
    this.#options.events.settledInVain(delivery.name, 'twice');
  }

  /** Resolves when everything asked for is done, and removals are synced. Rejects with QUEUE_IO; asking again tries again. */
  async settleAll(): Promise<void> {
    do {
      if (this.#wishes.length > 0) this.#kick();
      await this.#worker;
      await Promise.all(this.#storing);
      this.#throwError();
    } while (this.#wishes.length > 0 || this.#storing.size > 0);
    await this.#removals.all();
  }

  /** Nothing to do just now: a journal of nothing need not lie about. Throws QUEUE_IO. */
  idle(): void {
    if (this.#held.size > 0 || this.#leftLocked.size > 0) return;
    // what removals have left out of the way stands in the journal as well
    if (this.#removals.isPending) {
      this.#removals.kick();
      return;
    }
    try {
      this.#journal.drop();
    } catch (error) {
      throw queueError('remove lock journal', this.#options.source, error);
    }
  }

  /** Sets the locks' times to now, so that no purge takes them for dead. */
  async refresh(): Promise<void> {
    if (this.#held.size === 0 || this.#refreshing) return;
    this.#refreshing = true;
    try {
      const time = this.begin([...this.#held.keys()]);
      const slice = new TimeSlice();
      for (const delivery of this.#held.values()) {
        this.#touch(delivery.name, time);
        delivery.lockTime = time;
        if (slice.over()) await slice.rest();
      }
    } catch (error) {
      this.#error = error;
    } finally {
      this.#refreshing = false;
    }
  }

  /**
   * Settles, unlocks the rest, what waits for the failure queue included, drops the journal. Rejects once, with the first thing
   * that went wrong.
   */
  async close(): Promise<void> {
    let failure: unknown;
    this.#giveUp.abort();
    try {
      await this.settleAll();
    } catch (error) {
      failure = error;
    }
    this.#wishes = [];
    for (const { name, lockTime } of this.#held.values()) this.giveBack(name, lockTime);
    this.#held.clear();
    this.#giveBackLeft();
    this.#released = [];
    try {
      // what is locked or not cleared away still is for the next process, which finds it in the journal
      this.#journal.close(this.#leftLocked.size > 0 || this.#removals.isPending);
    } catch (error) {
      failure ??= queueError('remove lock journal', this.#options.source, error);
    }
    this.#leftLocked.clear();
    this.#giveUp = new AbortController();
    if (failure !== undefined) throw failure;
  }

  #kick(): void {
    this.#worker ??= this.#work();
  }

  async #work(): Promise<void> {
    // what is settled in this turn is carried out together
    await nextTurn();
    const slice = new TimeSlice();
    let done = 0;
    try {
      for (; done < this.#wishes.length; done += 1) {
        const wish = this.#wishes[done];
        if (wish === undefined) continue;
        if (this.#removals.isFull) await this.#removals.belowWindow();
        this.#carryOut(wish.delivery, wish.how);
        if (slice.over()) {
          this.#wishes.splice(0, done + 1);
          done = -1;
          this.#options.changed();
          await slice.rest();
        }
      }
    } catch (error) {
      this.#error = queueError('settle', this.#options.source, error);
    }
    this.#stuck = done < this.#wishes.length;
    this.#wishes.splice(0, done);
    this.#worker = undefined;
    this.#options.changed();
  }

  #carryOut(delivery: QueueDelivery, how: Settling | 'remove' | 'unlock'): void {
    if (how === 'ack' || how === 'remove' || how === 'unlock') {
      if (how === 'remove' || (how === 'ack' && this.#options.remove)) this.#remove(delivery);
      else this.#unlock(delivery);
      this.#held.delete(delivery.name);
    } else if (how === 'release') {
      this.#unlock(delivery);
      this.#held.delete(delivery.name);
      this.#released.push(delivery.name);
    } else {
      const storing = this.#reject(delivery).finally(() => {
        this.#storing.delete(storing);
        this.#options.changed();
      });
      this.#storing.add(storing);
    }
  }

  /**
   * RACE: a purge took our lock for dead (this process was stopped, or the machine asleep), and another process has the
   * element: then the lock is far younger than ours, and not ours to take away.
   */
  #unlock({ name, lockTime }: Pick<QueueDelivery, 'name' | 'lockTime'>): void {
    const lock = this.#elements.lockInfo(name);
    if (lock !== undefined && lock.modifiedMs >= lockTime * 1000 + YOUNGEST_FOREIGN_MS) return;
    if (lock === undefined || !this.#elements.unlock(name)) this.#queueMustBeThere();
  }

  /**
   * An element or a lock that is not there is another process's doing, and settled; but not when the whole queue was moved
   * away, or is on a disk that is: then both come back with it. Throws ENOENT.
   */
  #queueMustBeThere(): void {
    this.#directory.files.statSync(this.#directory.path);
  }

  #giveBackLeft(): void {
    const left = [...this.#leftLocked];
    this.#leftLocked.clear();
    for (const [name, time] of left) if (this.giveBack(name, time)) this.#released.push(name);
  }

  #remove(delivery: QueueDelivery): void {
    const { done, aside } = this.#elements.remove(delivery.name);
    if (!done) this.#queueMustBeThere();
    this.#removals.removed(delivery.name, delivery.lockTime, aside);
  }

  /** Never rejects: a message that cannot be stored stays where it is. */
  async #reject(delivery: QueueDelivery): Promise<void> {
    const { events, deadLetters, source } = this.#options;
    const { signal } = this.#giveUp;
    let stored = false;
    try {
      if (deadLetters !== undefined && delivery.reason !== undefined) {
        if (delivery.raw === undefined) {
          await deadLetters.store(delivery.message, delivery.reason, { source, name: delivery.name }, signal);
          stored = true;
        } else if (deadLetters.storeRaw !== undefined) {
          await deadLetters.storeRaw(delivery.raw, delivery.reason, signal);
          stored = true;
        }
        // neither: a reload gave a failure queue that has no raw elements after this one was taken
      }
    } catch (error) {
      const failure = queueError('store in failure queue', delivery.name, error);
      const isRefusal = failure.action === 'reject' || failure.action === 'stop';
      // a reload gave another failure queue, or none, while this one waited for the old
      if (!isRefusal && !signal.aborted && deadLetters !== this.#options.deadLetters) return this.#reject(delivery);
      // a message that the failure queue cannot hold stays, like one without a failure queue
      if (isRefusal) events.rejected(delivery.name, failure);
      else if (!signal.aborted) this.#error = failure;
    }
    if (!stored && !signal.aborted) this.#options.skip(delivery);
    // carried out like any other settling, and tried again like it
    this.#wishes.push({ delivery, how: stored ? 'remove' : 'unlock' });
    this.#kick();
  }

  #touch(name: string, time: number): void {
    try {
      this.#elements.touch(name, time);
    } catch (error) {
      // RACE: settled meanwhile, or another process took a lock that it thought dead; settling will notice
      if (errnoOf(error) !== 'ENOENT') throw queueError('refresh lock', name, error);
    }
  }

  *#times(): Generator<readonly [string, number]> {
    for (const delivery of this.#held.values()) yield [delivery.name, delivery.lockTime];
    yield* this.#leftLocked;
    yield* this.#removals.left();
  }

  #throwError(): void {
    if (this.#error === undefined) return;
    const error = this.#error;
    this.#error = undefined;
    throw error;
  }
}

/** Now, in seconds, with a fraction of its own: by this number the journal knows its locks. */
function lockTime(): number {
  return Math.floor(Date.now()) / 1000 + Math.floor(1 + Math.random() * 998) / 1e6;
}
