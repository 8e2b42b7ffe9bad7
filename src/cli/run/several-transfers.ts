import { systemClock } from '../../base/clock.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { unlessAborted, withDeadline } from '../../base/wait.js';
import { maskText } from '../../observe/mask.js';
import type { RunLogger } from '../../observe/pino-logger.js';
import { GIVE_UP_MS } from '../../transfer/end-time.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { type Claims, sharedQueues } from './claims.js';
import { NamedTransfer, type NamedTransferParts } from './named-transfer.js';
import type { ShownRun } from './open-monitor.js';
import type { ProcessLook } from './process-look.js';
import type { ReloadState } from './reload.js';
import type { ServiceManager } from './service-manager.js';
import type { TransferFile } from './transfer-files.js';

export interface SeveralParts extends Omit<NamedTransferParts, 'logger'> {
  readonly logger: RunLogger;
  readonly claims: Claims;
  /** which configurations there are now. Throws when that cannot be told */
  readonly files: () => readonly TransferFile[];
  /** something is different now */
  readonly changed: () => void;
  readonly service: Pick<ServiceManager, 'reloading' | 'reloaded'>;
}

/** What a reload came to for one transfer. */
interface News {
  readonly refused: boolean;
  readonly text: string;
}

/** So many pieces of news stand in what is told of a reload; all of them are in the log. */
const MOST_NEWS = 20;
/** One that hangs while it is made keeps neither the others nor who has started the process waiting. */
const BEGIN_MS = 10_000;

/** The transfers of a process that runs several. */
export class SeveralTransfers {
  readonly #parts: SeveralParts;
  readonly #transfers = new Map<string, NamedTransfer>();
  readonly #reloads = new SerialQueue();
  readonly #toldShared = new Set<string>();
  #reloadState: ReloadState = { begun: 0, done: 0 };
  #reloadWaiting: Promise<ReloadState> | undefined;
  #stop: 'signal' | 'quit' | undefined;
  readonly #stopping = new AbortController();

  constructor(parts: SeveralParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#sorted().reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** The longest `timeout-linger` of those that run now. */
  get lingerMs(): number {
    return Math.max(0, ...this.#sorted().map(({ settings }) => settings?.timeouts.lingerMs ?? 0));
  }

  /** What those that have not ended wait for, as far as that is known. */
  waiting(): readonly string[] {
    const open = this.#sorted().filter(({ end }) => end === undefined);
    return open.map(({ name, waiting }) => [name, ...waiting].join(': '));
  }

  get reloadState(): ReloadState {
    return this.#reloadState;
  }

  look(): ProcessLook {
    return { stopping: this.#stop !== undefined, transfers: this.#sorted().map((transfer) => transfer.look()) };
  }

  /** As the monitor shows it; undefined: it does not run. */
  shown(transfer: string): ShownRun | undefined {
    return this.#transfers.get(transfer)?.shown;
  }

  /** Starts those of these files; resolves when each runs, or has failed to, or takes long; and at a stop. */
  async start(files: readonly TransferFile[]): Promise<void> {
    await unlessAborted(this.#begin(files, false), this.#stopping.signal);
  }

  /** Resolves when none runs any more: to the exit code. */
  async over(): Promise<number> {
    const { signal } = this.#stopping;
    while (true) {
      const stopped = signal.aborted;
      await Promise.all(this.#sorted().map((transfer) => this.#overOf(transfer, stopped)));
      // one that is under way may start others, unless all are to end
      await unlessAborted(this.#reloads.done(), signal);
      if (stopped || this.#sorted().every(({ end }) => end !== undefined)) return exitCodeOfAll(this.#sorted());
    }
  }

  /** All of them settle what is in flight, and end. */
  stop(reason: 'signal' | 'quit'): void {
    this.#stop ??= reason;
    this.#stopping.abort();
    for (const transfer of this.#sorted()) transfer.stop(reason);
    this.#parts.changed();
  }

  report(): void {
    for (const transfer of this.#sorted()) transfer.report();
  }

  /** Looks again which configurations there are, and reads them. One at a time; those asked for while one waits for its turn are one. */
  reload(): Promise<ReloadState> {
    this.#reloadWaiting ??= this.#reloads.run(async () => {
      this.#reloadWaiting = undefined;
      const begun = this.#reloadState.begun + 1;
      this.#tell({ ...this.#reloadState, begun });
      const { logger, service } = this.#parts;
      service.reloading();
      logger.info('reload-begin', 'HUP: looking for configurations, and reading them again');
      const { refused, text } = await this.#reload();
      if (refused) logger.error('reload', `HUP: refused in part: ${text}`);
      else logger.info('reload', `HUP: ${text}`);
      const outcome = refused ? 'refused' : 'applied';
      // the status file first, as where there is one transfer
      this.#tell({ begun, done: begun, outcome, text });
      service.reloaded(`HUP: ${outcome}: ${text}`);
      return this.#reloadState;
    });
    return this.#reloadWaiting;
  }

  #tell(state: ReloadState): void {
    this.#reloadState = state;
    this.#parts.changed();
  }

  #sorted(): NamedTransfer[] {
    return [...this.#transfers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Also resolves at a stop. One that is still being made then has nothing in flight, and is not waited for when that hangs. */
  async #overOf({ over, settings }: NamedTransfer, stopped: boolean): Promise<void> {
    if (!stopped) await unlessAborted(over, this.#stopping.signal);
    else if (settings !== undefined) await over;
    else await withDeadline(systemClock, GIVE_UP_MS, over, () => undefined);
  }

  async #reload(): Promise<News> {
    let files: readonly TransferFile[];
    try {
      if (this.#stop !== undefined) throw new StompctlError('RELOAD_REFUSED', 'reload', '', 'the process is ending');
      files = this.#parts.files();
    } catch (error) {
      return { refused: true, text: maskText(reasonOf(error)) };
    }
    const paths = new Map(files.map(({ name, path }) => [name, path]));
    const gone = this.#sorted().filter(({ name, path }) => paths.get(name) !== path);
    const running = this.#sorted().filter((transfer) => !gone.includes(transfer) && transfer.end === undefined);
    const stopped = Promise.all(gone.map((transfer) => this.#remove(transfer)));
    const reloaded = Promise.all(running.map((transfer) => reloadOne(transfer)));
    // a file that was renamed: what is gone must have let go of its queues and its pidfile before
    const news = [...(await stopped), ...(await reloaded)];
    const names = new Set(running.map(({ name }) => name));
    news.push(
      ...(await this.#begin(
        files.filter(({ name }) => !names.has(name)),
        true,
      )),
    );
    const told = news.flatMap((each) => each ?? []);
    const shown = told.slice(0, MOST_NEWS).map(({ text }) => text);
    if (told.length > MOST_NEWS) shown.push(`and ${told.length - MOST_NEWS} more`);
    const text = shown.length === 0 ? 'nothing has changed' : shown.join('; ');
    return { refused: told.some(({ refused }) => refused), text };
  }

  async #remove(transfer: NamedTransfer): Promise<News> {
    transfer.stop('quit');
    await transfer.over;
    this.#transfers.delete(transfer.name);
    return { refused: false, text: `${transfer.name}: removed` };
  }

  async #begin(files: readonly TransferFile[], again: boolean): Promise<(News | undefined)[]> {
    const { logger } = this.#parts;
    const beginning = files.map((file) => {
      const { name } = file;
      const transfer =
        this.#transfers.get(name) ?? new NamedTransfer(file, { ...this.#parts, logger: logger.ofTransfer(name) });
      this.#transfers.set(name, transfer);
      return { transfer, file, prepared: transfer.prepare(file, again) };
    });
    await Promise.all(beginning.map(({ prepared }) => prepared));
    if (this.#stop !== undefined) return [];
    for (const { transfer } of beginning) transfer.claim();
    const fresh = beginning.filter(({ transfer }) => transfer.end === undefined).map(({ transfer }) => transfer);
    const begun = Promise.all(fresh.map((transfer) => transfer.begin()));
    await withDeadline(systemClock, BEGIN_MS, begun, () => undefined);
    this.#tellShared();
    this.#parts.changed();
    return beginning.map(({ transfer: { name, end } }): News | undefined => {
      if (end !== undefined && end.code !== EXIT_CODES.ok) {
        return { refused: true, text: `${name}: does not run: ${maskText(end.text)}` };
      }
      return fresh.some((each) => each.name === name) ? { refused: false, text: `${name}: started` } : undefined;
    });
  }

  #tellShared(): void {
    const running = this.#sorted().flatMap(({ name, settings }) => (settings === undefined ? [] : { name, settings }));
    for (const text of sharedQueues(running)) {
      if (this.#toldShared.has(text)) continue;
      this.#toldShared.add(text);
      this.#parts.logger.warn('configuration', text);
    }
  }
}

async function reloadOne(transfer: NamedTransfer): Promise<News | undefined> {
  const state = await transfer.reload();
  // it has ended meanwhile
  if (state === undefined) return undefined;
  const { outcome, text = '' } = state;
  if (outcome === 'refused')
    return { refused: true, text: `${transfer.name}: refused, the old configuration goes on: ${text}` };
  return text === 'nothing has changed' ? undefined : { refused: false, text: `${transfer.name}: ${text}` };
}

/**
 * 0 when all have ended with that. Otherwise the code of the first, by name, that failed; or 1, where some had messages left over
 * and none failed.
 */
function exitCodeOfAll(transfers: readonly NamedTransfer[]): number {
  const codes = transfers.map(({ end }) => end?.code ?? EXIT_CODES.ok).filter((code) => code !== EXIT_CODES.ok);
  return codes.find((code) => code !== EXIT_CODES.someMessagesLeft) ?? codes[0] ?? EXIT_CODES.ok;
}
