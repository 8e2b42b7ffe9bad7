import { ignoredOfSeveral } from '../../config/process-options.js';
import { type RunConfiguration, reloadPlan } from '../../config/reload-plan.js';
import type { Settings } from '../../config/settings.js';
import type { Logger } from '../../observe/logger.js';
import { EXIT_CODES, exitCodeOf } from '../command-line/exit-codes.js';
import type { Claims } from './claims.js';
import type { ShownRun } from './open-monitor.js';
import { Presence } from './presence.js';
import type { TransferLook } from './process-look.js';
import type { ReloadState } from './reload.js';
import { failureText, type ProcessParts } from './run-process.js';
import type { TransferFile } from './transfer-files.js';
import { type TransferEnd, TransferRun, type TransferRunParts } from './transfer-run.js';

export interface NamedTransferParts extends Pick<TransferRunParts, 'io' | 'env'>, Pick<ProcessParts, 'atExit'> {
  readonly logger: Logger;
  /** reads the configuration in this file; `again`: while the process runs */
  readonly read: (file: string, again: boolean, warn: (text: string) => void) => Promise<RunConfiguration>;
  /** what each transfer has for itself */
  readonly claims: Claims;
}

/**
 * One of several transfers of a process. What happens to it happens to it alone: nothing here rejects. To start it, `prepare`,
 * `claim` and `begin` are called in this order; again once it has ended.
 */
export class NamedTransfer {
  readonly name: string;
  readonly #parts: NamedTransferParts;
  #file: TransferFile;
  /** what it is about to be started with */
  #start: RunConfiguration | undefined;
  #run: TransferRun | undefined;
  /** what it had when it ended */
  #last: RunConfiguration | undefined;
  #end: TransferEnd | undefined;
  #stop: 'signal' | 'quit' | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(file: TransferFile, parts: NamedTransferParts) {
    this.name = file.name;
    this.#file = file;
    this.#parts = parts;
  }

  get path(): string {
    return this.#file.path;
  }

  /** Resolves when it does not run any more. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** How it ended; undefined: it runs, or is to run. */
  get end(): TransferEnd | undefined {
    return this.#end;
  }

  /** What it runs with; undefined: it does not run. */
  get settings(): Settings | undefined {
    return this.#run?.running.settings;
  }

  get inFlight(): number {
    return this.#run?.inFlight ?? 0;
  }

  /** What it waits for now, as far as that is known. */
  get waiting(): readonly string[] {
    return this.#run?.waiting() ?? ['it does not run yet'];
  }

  /** As the monitor shows it; undefined: it does not run. */
  get shown(): ShownRun | undefined {
    return this.#run?.shown;
  }

  look(): TransferLook {
    return { name: this.name, file: this.path, facts: this.#run?.look(), end: this.#end };
  }

  /** Reads its configuration. One that has ended well, and has the configuration that it had, has done its work and stays ended. */
  async prepare(file: TransferFile, again: boolean): Promise<void> {
    this.#file = file;
    const { logger, read } = this.#parts;
    try {
      if (file.refused !== undefined) throw file.refused;
      const warnings: string[] = [];
      const start = await read(file.path, again, (text) => warnings.push(text));
      if (this.#end?.code === EXIT_CODES.ok && this.#last !== undefined && isSame(this.#last, start)) return;
      for (const text of [...warnings, ...ignoredOfSeveral(start)]) logger.warn('configuration', text);
      this.#start = start;
      this.#end = undefined;
      this.#stop = undefined;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Takes what must be its own: who comes first has it. */
  claim(): void {
    try {
      if (this.#start !== undefined) this.#parts.claims.take(this.path, this.#start.settings);
    } catch (error) {
      this.#start = undefined;
      this.#failed(error);
    }
  }

  /** Resolves when it runs, or has failed to. */
  begin(): Promise<void> {
    const { atExit, claims, logger } = this.#parts;
    const start = this.#start;
    this.#start = undefined;
    if (start === undefined) return Promise.resolve();
    return new Promise((begun) => {
      const live = async () => {
        let presence: Presence | 'overlap' | undefined;
        try {
          presence = await Presence.take(start.settings, logger);
          if (presence === 'overlap') {
            this.#end = { code: EXIT_CODES.ok, text: 'another run has its pidfile' };
            return;
          }
          atExit.add(presence);
          this.#run = await this.#build(start, presence);
          if (this.#stop !== undefined) this.#run.stop(this.#stop);
          begun();
          this.#end = await this.#run.run();
        } catch (error) {
          this.#failed(error);
        } finally {
          this.#last = this.#run?.running;
          this.#run = undefined;
          if (presence instanceof Presence) {
            presence.release();
            atExit.delete(presence);
          }
          claims.release(this.path);
          begun();
        }
      };
      this.#over = live();
    });
  }

  /** It settles what is in flight, and ends; one that is about to run ends once it does. */
  stop(reason: 'signal' | 'quit'): void {
    this.#stop ??= reason;
    this.#run?.stop(reason);
  }

  /** Has what runs read its configuration again; undefined: it does not run. */
  async reload(): Promise<ReloadState | undefined> {
    return this.#run?.reload();
  }

  /** Logs how it is. */
  report(): void {
    if (this.#run !== undefined) this.#run.report();
    else
      this.#parts.logger.info(
        'state',
        this.#end === undefined ? 'it is starting' : `it does not run: ${this.#end.text}`,
      );
  }

  #build(start: RunConfiguration, presence: Presence): Promise<TransferRun> {
    const { io, env, logger, read } = this.#parts;
    return TransferRun.build({
      ...{ start, io, env, logger, presence, transfer: this.name },
      read: (warn) => read(this.path, true, warn),
    });
  }

  #failed(error: unknown): void {
    const { text, code } = failureText(error);
    this.#parts.logger.error('failed', text, { code });
    this.#end = { code: exitCodeOf(error), text };
  }
}

function isSame(before: RunConfiguration, after: RunConfiguration): boolean {
  const { applied, pending } = reloadPlan(before, before, after);
  return applied.length + pending.length === 0;
}
