import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { type FileSystem, lstatIfThere, systemFiles } from '../../base/file-system.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { wait } from '../../base/wait.js';
import { FOLDER_NAME } from '../../dirq/element-name.js';
import { QueueDirectory } from '../../dirq/queue-directory.js';
import { TimeSlice } from '../../dirq/time-slice.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import type { HeaderTemplates } from '../../message/header-templates.js';
import { Message } from '../../message/message.js';
import { RejectedDeliveries, type Wish } from '../queue/rejected-deliveries.js';
import { SkipList } from '../queue/skip-list.js';
import { SIDECAR } from './claim-moves.js';
import { type FileContent, infoOf, isUnchanged, readWhole } from './file-content.js';
import { FileDelivery } from './file-delivery.js';
import { besideBytes, headerOf, LARGEST_SIDECAR } from './file-header.js';
import { faultOfFile, folderError, folderMustExist, mustBeWritable, openTarget, stuckText } from './folder-access.js';
import { FolderClaims } from './folder-claims.js';
import { FolderNames, isHidden, namePattern } from './folder-names.js';

/** What becomes of a file whose message is safe. */
export type Afterwards =
  | { readonly kind: 'remove' }
  | { readonly kind: 'move'; readonly to: string }
  /** it is not even claimed: every run, and every pass, sends it again */
  | { readonly kind: 'leave' };

export interface FolderEvents extends SourceEvents {
  /** something in the folder deserves a look */
  readonly trouble: (event: 'folder-odd' | 'folder-changed' | 'folder-stuck', text: string) => void;
  /** files that were claimed, by a process that died or one that could not give them back, are back */
  readonly recovered: (files: number) => void;
}

export interface FolderSourceOptions {
  readonly path: string;
  /** `*` and `?` as a shell has them */
  readonly pattern: string;
  /** a file that was changed in the last so many milliseconds is left alone */
  readonly stableMs: number;
  readonly afterwards: Afterwards;
  readonly headers: HeaderTemplates;
  /** NAME.json beside NAME has headers */
  readonly sidecar: boolean;
  /** a body that is UTF-8 is text */
  readonly text: boolean;
  /** see `ClaimsOptions` */
  readonly maxLock: number;
  readonly loop: boolean;
  readonly maxMessageSize: number;
  /** sync the folder after removals */
  readonly sync: boolean;
  readonly clock: Clock;
  readonly events: FolderEvents;
  readonly deadLetters?: DeadLetters | undefined;
  /** most messages that wait for the failure queue; 1000 */
  readonly window?: number;
}

const IDLE_MS = 1000;
const MOST_DELIVERIES = 200;
/** a file from further ahead than this was made before the clock was set back */
const CLOCK_AHEAD_MS = 60_000;

/**
 * Takes the files of a plain folder, for producers that know no dirq: any file is a body. It is claimed (renamed) first, so that no
 * other process takes it too, read while nobody writes to it, and removed, moved or left once its message is safe.
 */
export class FolderSource implements TunableSource {
  readonly name: string;
  readonly #options: FolderSourceOptions;
  readonly #files: FileSystem;
  readonly #claims: FolderClaims;
  readonly #names: FolderNames;
  readonly #skips = new SkipList();
  readonly #held = new Map<string, FileDelivery>();
  readonly #wishes = new Map<FileDelivery, Wish>();
  readonly #work = new SerialQueue();
  readonly #rejected: RejectedDeliveries<FileDelivery>;
  #begun = false;
  #odd = 0;
  #oddBefore = 0;
  #closed = true;

  constructor(options: FolderSourceOptions, files: FileSystem = systemFiles) {
    const { path, clock, maxLock, pattern } = options;
    this.name = `folder ${path}`;
    this.#options = options;
    this.#files = files;
    const done = (delivery: FileDelivery, wish: Wish): void => this.#wish(delivery, wish);
    this.#rejected = new RejectedDeliveries<FileDelivery>({ ...options, source: this.name, done });
    const stuck = (...what: Parameters<typeof stuckText>): void =>
      options.events.trouble('folder-stuck', `${this.name}: ${stuckText(...what)}`);
    this.#claims = new FolderClaims({ path, files, clock, maxLock, sidecar: options.sidecar, stuck });
    const matches = namePattern(pattern);
    this.#names = new FolderNames(
      path,
      files,
      (name) => !isHidden(name) && !(options.sidecar && name.endsWith(SIDECAR)) && matches.test(name),
    );
  }

  tune(limits: SourceLimits): void {
    this.#rejected.tune(limits);
  }

  async open(): Promise<void> {
    const { path, afterwards } = this.#options;
    folderMustExist(this.#files, path);
    this.#closed = false;
    this.#names.close();
    this.#begun = false;
    if (afterwards.kind === 'leave') return;
    try {
      if (afterwards.kind === 'move') openTarget(this.#files, path, afterwards.to);
      mustBeWritable(this.#files, path);
      this.#claims.open();
      this.#recover();
    } catch (error) {
      throw folderError('open', path, error);
    }
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    await this.#carryOut();
    const { room } = this.#rejected;
    if (room <= 0 && !this.#closed) return this.#idle(interrupt);
    const batch: FileDelivery[] = [];
    const within = { ...demand, deliveries: Math.min(demand.deliveries, room) };
    const slice = new TimeSlice();
    try {
      if (!this.#begun && !this.#closed) this.#beginPass();
      // closed meanwhile: nothing of this source touches the folder any more
      while (!interrupt.aborted && !this.#closed) {
        if (!this.#fill(batch, within, slice)) return { kind: 'batch', deliveries: batch };
        if (slice.over()) {
          await slice.rest();
          continue;
        }
        const read = this.#names.read();
        if (read === 'end')
          return batch.length > 0 ? { kind: 'batch', deliveries: batch } : await this.#atEnd(interrupt);
      }
    } catch (error) {
      for (const delivery of batch) delivery.release();
      throw folderError('read', this.#options.path, error);
    }
    if (batch.length > 0 && !this.#closed) return { kind: 'batch', deliveries: batch };
    return { kind: 'idle', reason: 'interrupted' };
  }

  async settle(): Promise<void> {
    await this.#rejected.done();
    await this.#carryOut();
  }

  async close(): Promise<void> {
    try {
      for (const delivery of this.#held.values()) if (!this.#isSettled(delivery)) delivery.release();
      this.#rejected.giveUp();
      await this.settle();
    } finally {
      this.#closed = true;
      // what could not be carried out is undone with the claims: later it would meet what has the names by then
      this.#wishes.clear();
      this.#held.clear();
      this.#names.close();
      this.#claims.close();
    }
  }

  #beginPass(): void {
    this.#skips.beginPass((name) => this.#held.has(name));
    if (this.#options.afterwards.kind !== 'leave') this.#recover();
    this.#names.begin();
    this.#begun = true;
    this.#oddBefore = this.#odd;
    this.#odd = 0;
  }

  #recover(): void {
    const files = this.#claims.recover(new Set(this.#held.keys()));
    if (files > 0) this.#options.events.recovered(files);
  }

  async #atEnd(interrupt: AbortSignal): Promise<SourceResult> {
    this.#begun = false;
    return this.#options.loop ? this.#idle(interrupt) : { kind: 'end' };
  }

  async #idle(interrupt: AbortSignal): Promise<SourceResult> {
    const why = await wait(this.#options.clock, IDLE_MS, { signal: interrupt, bell: this.#rejected.settled });
    return { kind: 'idle', reason: why === 'aborted' ? 'interrupted' : 'empty' };
  }

  /** Takes files whose names were read. False: the batch is full, or large. */
  #fill(batch: FileDelivery[], demand: Demand, slice: TimeSlice): boolean {
    const most = Math.min(demand.deliveries, MOST_DELIVERIES);
    let bytes = batch.reduce((sum, { size }) => sum + size, 0);
    for (let name = this.#names.take(); name !== undefined; name = this.#names.take()) {
      const stats = this.#candidate(name);
      if (stats === undefined) {
        if (slice.over()) return true;
        continue;
      }
      if (batch.length > 0 && bytes + stats.size > demand.bytes) {
        this.#names.putBack(name);
        return false;
      }
      const delivery = this.#deliver(name, stats);
      if (delivery !== undefined) {
        batch.push(delivery);
        bytes += delivery.size;
      }
      if (batch.length >= most || bytes >= demand.bytes) return false;
    }
    return true;
  }

  /** Undefined: it is not to be taken now. */
  #candidate(name: string): Stats | undefined {
    const { path, clock, stableMs, maxMessageSize } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#held.has(name) || this.#skips.rests(name, nowMs)) return undefined;
    const stats = lstatIfThere(this.#files, join(path, name));
    // a name that is not UTF-8 cannot be asked for
    if (stats === undefined && !name.includes('\ufffd')) return undefined;
    if (stats?.isFile() !== true) {
      this.#tellOdd(name);
      return undefined;
    }
    if (this.#skips.has(name, infoOf(stats), nowMs)) return undefined;
    // the time of the inode too: it cannot be set back, and tells a file that was just put here
    const ageMs = clock.wallMs() - Math.max(stats.mtimeMs, stats.ctimeMs);
    // the clock has whole milliseconds, a file parts of them: without "stable" its age is of no interest
    if (stableMs > 0 && ageMs < stableMs && ageMs > -CLOCK_AHEAD_MS) return undefined;
    if (stats.size <= maxMessageSize) return stats;
    const reason = `the file has ${stats.size} bytes, more than max-message-size (${maxMessageSize}); it stays where it is`;
    this.#skip(name, stats, new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason));
    return undefined;
  }

  #tellOdd(name: string): void {
    this.#odd += 1;
    if (this.#odd <= this.#oddBefore) return;
    const queue = FOLDER_NAME.test(name) ? '; a directory queue is read with incoming-queue (docs/queues.md)' : '';
    const text = `${this.name}: ${JSON.stringify(name)} is no plain file (a link, a pipe, a folder), or its name is not UTF-8: it is left alone${queue}`;
    this.#options.events.trouble('folder-odd', text);
  }

  /** Undefined: somebody else has it, or it is not to be read now. */
  #deliver(name: string, stats: Stats): FileDelivery | undefined {
    const { path, afterwards, sidecar, maxMessageSize } = this.#options;
    const claims = afterwards.kind !== 'leave';
    let at: string | undefined;
    try {
      at = claims ? this.#claims.take(name) : join(path, name);
      if (at === undefined) return undefined;
      const content = readWhole(this.#files, at, maxMessageSize);
      const beside = sidecar ? readWhole(this.#files, `${at}${SIDECAR}`, LARGEST_SIDECAR) : undefined;
      if (content.kind === 'read' && beside?.kind !== 'changed') return this.#delivery(at, content, beside, stats);
      if (claims) this.#claims.abandon(at);
    } catch (error) {
      if (claims && at !== undefined) this.#claims.abandon(at);
      const fault = error instanceof StompctlError ? error : faultOfFile(name, error);
      // one that nobody may write to any more says the same of each of its files
      if (claims && fault !== error) mustBeWritable(this.#files, path);
      if (fault === undefined) throw error;
      this.#skip(name, stats, fault);
    }
    return undefined;
  }

  /** Throws ELEMENT_UNDECODABLE for headers beside it that are of no use. */
  #delivery(
    at: string,
    { bytes, stamp }: Extract<FileContent, { kind: 'read' }>,
    beside: FileContent | undefined,
    stats: Stats,
  ): FileDelivery {
    const { headers, text } = this.#options;
    const name = basename(at);
    const before = this.#skips.knows(name, infoOf(stats));
    const settle = (delivery: FileDelivery, wish: Wish): void => this.#note(delivery, wish);
    const message = new Message(
      headerOf(name, stamp, headers, besideBytes(name, beside)),
      bytes,
      text && isUtf8(bytes),
    );
    const delivery = new FileDelivery(at, message, stamp, before, settle);
    this.#held.set(name, delivery);
    return delivery;
  }

  /** It stays where it is, is told once, and looked at again with growing delay. */
  #skip(name: string, stats: Stats, reason: StompctlError): void {
    const isNew = this.#skips.add(name, infoOf(stats), this.#options.clock.monotonicMs());
    if (isNew) this.#options.events.rejected(name, reason);
  }

  #note(delivery: FileDelivery, wish: Wish): void {
    if (this.#held.get(delivery.name) !== delivery || this.#isSettled(delivery)) {
      this.#options.events.settledInVain(delivery.name, this.#closed ? 'dead-session' : 'twice');
      return;
    }
    if (wish.kind !== 'reject' || !this.#rejected.store(delivery, wish.reason)) this.#wish(delivery, wish);
  }

  #isSettled(delivery: FileDelivery): boolean {
    return this.#wishes.has(delivery) || this.#rejected.has(delivery);
  }

  #wish(delivery: FileDelivery, wish: Wish): void {
    if (this.#held.get(delivery.name) !== delivery) {
      this.#options.events.settledInVain(delivery.name, 'dead-session');
      return;
    }
    this.#wishes.set(delivery, wish);
    // not only when more is asked for: a file is to go soon after its message is safe
    if (this.#wishes.size === 1) setImmediate(() => void this.#carryOut().catch(() => undefined));
  }

  /** What fails is tried again at the next call; rejects with the first failure. */
  #carryOut(): Promise<void> {
    return this.#work.run(() => this.#carryOutAll());
  }

  async #carryOutAll(): Promise<void> {
    if (this.#wishes.size === 0) return;
    const slice = new TimeSlice();
    let failure: unknown;
    for (const [delivery, wish] of [...this.#wishes]) {
      // closed meanwhile
      if (!this.#wishes.has(delivery)) continue;
      try {
        this.#carryOutOne(delivery, wish);
        this.#held.delete(delivery.name);
        this.#wishes.delete(delivery);
      } catch (error) {
        failure ??= error;
      }
      if (slice.over()) await slice.rest();
    }
    if (failure !== undefined) throw folderError('settle', this.#options.path, failure);
    if (this.#options.sync && !this.#closed) await this.#syncFolders();
  }

  #carryOutOne(delivery: FileDelivery, wish: Wish): void {
    if (wish.kind === 'ack') this.#done(delivery);
    else if (wish.kind === 'reject') this.#keep(delivery);
    else this.#release(delivery);
  }

  /** Rejected, with nowhere to go: it stays, and comes again with growing delay. */
  #keep(delivery: FileDelivery): void {
    const stats = lstatIfThere(this.#files, delivery.at);
    if (stats !== undefined) this.#skips.add(delivery.name, infoOf(stats), this.#options.clock.monotonicMs());
    this.#release(delivery);
  }

  /** The message is safe: the file goes, if it still is what was read. */
  #done(delivery: FileDelivery): void {
    const { name, at, stamp } = delivery;
    const { afterwards } = this.#options;
    if (afterwards.kind === 'leave') return;
    const now = this.#files.lstatSync(at, { bigint: true, throwIfNoEntry: false });
    // RACE: a producer that still has it open may write between this look and the removal; docs/folders.md says how not to
    if (now !== undefined && !isUnchanged(stamp, now)) {
      const text = `${this.name}: ${JSON.stringify(name)} was written to after it was sent: it is sent again as it is then`;
      this.#options.events.trouble(
        'folder-changed',
        `${text}; have it written elsewhere and renamed, or raise "stable"`,
      );
      this.#release(delivery);
      return;
    }
    if (afterwards.kind === 'remove') this.#claims.remove(at);
    else this.#claims.moveTo(at, afterwards.to);
  }

  #release({ at }: FileDelivery): void {
    if (this.#options.afterwards.kind !== 'leave') this.#claims.giveBack(at);
  }

  /** So that a power loss brings back no more than one window of files. */
  async #syncFolders(): Promise<void> {
    const { afterwards, path } = this.#options;
    if (afterwards.kind === 'leave') return;
    const directory = new QueueDirectory(path, this.#files, undefined);
    if (afterwards.kind === 'move') await directory.syncFolder(afterwards.to);
    await directory.syncFolder(this.#claims.own);
  }
}
