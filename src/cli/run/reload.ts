import type { BuiltTransfer } from '../../app/build-transfer.js';
import type { ReloadedEnds } from '../../app/running-transfer.js';
import { reasonOf } from '../../base/errors.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { ignoredOfSeveral, planOfSeveral } from '../../config/process-options.js';
import { type ReloadPlan, type RunConfiguration, reloadPlan } from '../../config/reload-plan.js';
import type { Settings } from '../../config/settings.js';
import type { Logger } from '../../observe/logger.js';
import { maskText } from '../../observe/mask.js';
import type { RunLogger } from '../../observe/pino-logger.js';
import type { ServiceManager } from './service-manager.js';

/** What the last reload came to, for the status file and whoever waits for it. */
export interface ReloadState {
  /** reloads that have read, or are reading, the configuration */
  readonly begun: number;
  /** those that are over */
  readonly done: number;
  /** of the last one that is over */
  readonly outcome?: 'applied' | 'refused';
  readonly text?: string;
  readonly applied?: readonly string[];
  readonly pending?: readonly string[];
}

/** The form of log lines; undefined: as standard error calls for. */
export function logFormatOf({ logFormat, daemon }: Pick<Settings, 'logFormat' | 'daemon'>): Settings['logFormat'] {
  return logFormat ?? (daemon ? 'syslog' : undefined);
}

export interface ReloadParts {
  readonly start: RunConfiguration;
  /** reads the configuration again, as the command line named it */
  readonly read: (warn: (text: string) => void) => Promise<RunConfiguration>;
  readonly built: Pick<BuiltTransfer, 'reload'>;
  readonly logger: Logger;
  /** has the log be as these settings say; undefined: done; otherwise why not. Absent: the log is not its own */
  readonly configureLog?: (settings: Settings) => Promise<string | undefined>;
  /** it is one of several transfers of its process */
  readonly ofSeveral: boolean;
  /** its state has changed */
  readonly changed: () => void;
  readonly service: Pick<ServiceManager, 'reloading' | 'reloaded'>;
}

/**
 * What HUP does: the configuration is read again and checked whole, then taken over. One that is wrong is refused, and the
 * old one goes on. One at a time; those asked for while one waits for its turn are one.
 */
export class Reloader {
  readonly #parts: ReloadParts;
  readonly #queue = new SerialQueue();
  #running: RunConfiguration;
  #waiting: Promise<ReloadState> | undefined;
  #state: ReloadState = { begun: 0, done: 0 };

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#running = parts.start;
  }

  /** What runs now, but for what waits for a restart. */
  get running(): RunConfiguration {
    return this.#running;
  }

  get state(): ReloadState {
    return this.#state;
  }

  /** Why the last one was refused; undefined: it was not. */
  get refused(): string | undefined {
    return this.#state.outcome === 'refused' ? this.#state.text : undefined;
  }

  /** Resolves when it is over. Never rejects. */
  ask(): Promise<ReloadState> {
    this.#waiting ??= this.#queue.run(async () => {
      this.#waiting = undefined;
      this.#tell({ ...this.#state, begun: this.#state.begun + 1 });
      const { begun } = this.#state;
      const { service } = this.#parts;
      service.reloading();
      const done = await this.#reload();
      // the status file first: who hears of the end of the reload from the service manager finds its outcome there
      this.#tell({ begun, done: begun, ...done });
      service.reloaded(`HUP: ${done.outcome}: ${done.text}`);
      return this.#state;
    });
    return this.#waiting;
  }

  #tell(state: ReloadState): void {
    this.#state = state;
    this.#parts.changed();
  }

  async #reload(): Promise<Required<Pick<ReloadState, 'outcome' | 'text'>> & Partial<ReloadState>> {
    const { logger, read, built, start, configureLog, ofSeveral } = this.#parts;
    logger.info('reload-begin', 'HUP: reading the configuration again');
    try {
      const warnings: string[] = [];
      const fresh = await read((text) => warnings.push(text));
      const whole = reloadPlan(start, this.#running, fresh);
      const plan = ofSeveral ? planOfSeveral(whole) : whole;
      if (ofSeveral) warnings.push(...ignoredOfSeveral(fresh));
      const ends = await built.reload({ settings: fresh.settings, source: plan.source, sink: plan.sink });
      this.#running = fresh;
      const unlogged = await configureLog?.(fresh.settings);
      if (unlogged !== undefined) warnings.push(unlogged);
      for (const text of warnings) logger.warn('configuration', text);
      const text = [textOf(plan, ends), ...(unlogged === undefined ? [] : [unlogged])].join('; ');
      const { applied, pending } = plan;
      logger.info('reload', `HUP: ${text}`, { applied, pending, ends });
      return { outcome: 'applied', text, applied, pending };
    } catch (error) {
      const text = maskText(reasonOf(error));
      logger.error('reload', `HUP: refused, the old configuration goes on: ${text}`);
      return { outcome: 'refused', text };
    }
  }
}

/**
 * The log of a process that was started as `daemon` or not takes other settings over; undefined: done. By then everything else is
 * taken over, so that nothing is refused: otherwise why not, and what goes on.
 */
export async function configureLog(
  logger: Pick<RunLogger, 'configure'>,
  daemon: boolean,
  settings: Settings,
): Promise<string | undefined> {
  try {
    await logger.configure({ level: settings.logLevel, format: logFormatOf({ ...settings, daemon }) });
    return undefined;
  } catch (error) {
    return `the log goes on in its old form, for the new one cannot be opened: ${maskText(reasonOf(error))}`;
  }
}

function textOf({ applied, pending, ...planned }: ReloadPlan, ends: ReloadedEnds): string {
  const parts: string[] = [];
  if (applied.length > 0) parts.push(`taken over: ${applied.join(', ')}`);
  for (const end of ['source', 'sink'] as const) {
    if (!ends[end]) continue;
    parts.push(`the ${end} is opened anew${planned[end] ? '' : ', for its password or certificate has changed'}`);
  }
  if (parts.length === 0) parts.push('nothing has changed');
  if (pending.length > 0) parts.push(`waits for a restart: ${pending.join(', ')}`);
  return parts.join('; ');
}
