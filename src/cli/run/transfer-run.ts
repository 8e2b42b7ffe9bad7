import { type BuiltTransfer, buildTransfer } from '../../app/build-transfer.js';
import { systemClock } from '../../base/clock.js';
import type { Environment } from '../../config/formats/environment.js';
import type { RunConfiguration } from '../../config/reload-plan.js';
import type { Settings } from '../../config/settings.js';
import type { Pulse } from '../../daemon/pulse.js';
import type { Logger } from '../../observe/logger.js';
import { statisticsLines } from '../../transfer/statistics.js';
import type { TransferOutcome } from '../../transfer/transfer.js';
import { type HealthFacts, verdictOf } from '../../transfer/verdict.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { type CommandIo, drained } from '../command-line/io.js';
import type { ShownRun } from './open-monitor.js';
import type { Presence } from './presence.js';
import { statusPayload } from './published-status.js';
import { Reloader, type ReloadState } from './reload.js';
import { type ServiceManager, serviceLook, UNHEARD } from './service-manager.js';

export interface TransferRunParts {
  readonly start: RunConfiguration;
  /** reads the configuration again */
  readonly read: (warn: (text: string) => void) => Promise<RunConfiguration>;
  readonly io: Pick<CommandIo, 'out'>;
  readonly env: Environment;
  readonly logger: Logger;
  readonly presence: Presence;
  /** among others: its name, which also stands in the status that it publishes */
  readonly transfer?: string;
  /** where it is the only transfer of the process: told how it goes */
  readonly service?: ServiceManager;
  /** has the log be as these settings say; undefined: done; otherwise why not. Absent: the log is not its own */
  readonly configureLog?: (settings: Settings) => Promise<string | undefined>;
}

/** How a transfer ended: the exit code of a process that runs it alone, and a sentence for people. */
export interface TransferEnd {
  readonly code: number;
  readonly text: string;
}

/** One transfer that runs: what it publishes, and what others may ask of it. */
export class TransferRun {
  readonly #parts: TransferRunParts;
  readonly #built: BuiltTransfer;
  readonly #reloader: Reloader;
  readonly #pulse: Pulse<HealthFacts>;
  readonly #unwatch: () => void;

  private constructor(parts: TransferRunParts, built: BuiltTransfer) {
    const { start, read, logger, presence, transfer, service = UNHEARD, configureLog } = parts;
    this.#parts = parts;
    this.#built = built;
    this.#reloader = new Reloader({
      ...{ start, read, built, logger, service },
      ...(configureLog && { configureLog }),
      ofSeveral: transfer !== undefined,
      changed: () => this.#pulse.beat(),
    });
    const { reliable, window } = start.settings;
    const { sourceName: source, sinkName: sink } = built;
    this.#pulse = presence.publish<HealthFacts>({
      look: () => ({ ...built.health(), reloadRefused: this.#reloader.refused }),
      stateOf: (facts) => verdictOf(facts).state,
      payload: (facts) => ({ ...(transfer && { transfer }), ...statusPayload(facts), reload: this.#reloader.state }),
      tell: (facts) => service.look(serviceLook(facts)),
      periodMs: service.periodMs,
    });
    this.#unwatch = presence.watch({
      onQuit: () => this.stop('quit'),
      onLost: (error) => built.transfer.fail(error),
    });
    logger.info('start', `moving messages from ${source} to ${sink}`, { source, sink, reliable, window });
  }

  /** Rejects as `buildTransfer`. */
  static async build(parts: TransferRunParts): Promise<TransferRun> {
    const { start, logger, env, io } = parts;
    const print = (printed: string | Uint8Array) => drained(io.out, printed);
    return new TransferRun(parts, await buildTransfer(start.settings, { clock: systemClock, logger, env, print }));
  }

  /** How it is now. */
  look(): HealthFacts {
    return this.#pulse.now();
  }

  /** What runs now: a reload may have changed it. */
  get running(): RunConfiguration {
    return this.#reloader.running;
  }

  /** As the monitor shows it. */
  get shown(): ShownRun {
    const { statistics } = this.#built;
    const pending = () => this.#reloader.state.pending ?? [];
    return { statistics, health: () => this.look(), running: () => this.running, pending };
  }

  get counted() {
    return this.#built.statistics.snapshot();
  }

  /** What it waits for now, as far as that is known. */
  waiting(): readonly string[] {
    const { inFlight } = this;
    return [...(inFlight === 0 ? [] : [`${inFlight} messages in flight`]), ...this.#built.waiting()];
  }

  /** It settles what is in flight, and `run` resolves. */
  stop(reason: 'signal' | 'quit'): void {
    this.#built.transfer.stop(reason);
    this.#pulse.beat();
  }

  get inFlight(): number {
    return this.#built.transfer.inFlight;
  }

  /** One at a time; those asked for while one waits for its turn are one. Never rejects. */
  reload(): Promise<ReloadState> {
    return this.#reloader.ask();
  }

  /** Logs how it is. */
  report(): void {
    const { transfer, statistics } = this.#built;
    const waiting = this.#built.waiting();
    const text = waiting.length === 0 ? '' : `; waiting for: ${waiting.join('; ')}`;
    const { state, reason, counted: _, ...facts } = statusPayload(this.look());
    this.#parts.logger.info('state', `${state}: ${reason}; ${transfer.inFlight} messages in flight${text}`, {
      state,
      reason,
      ...facts,
      inFlight: transfer.inFlight,
      waiting,
      ...statistics.snapshot(),
    });
  }

  /** Moves messages until it has ended. To be called once. `ended` is called before what came of it is told. */
  async run(ended?: () => void): Promise<TransferEnd> {
    let outcome: TransferOutcome;
    try {
      outcome = await this.#built.transfer.run();
    } finally {
      ended?.();
      this.#unwatch();
      await this.#built.close(this.#built.transfer.lastMs);
    }
    return this.#tell(outcome);
  }

  #tell({ reason, failure, released }: TransferOutcome): TransferEnd {
    const { logger, io, transfer } = this.#parts;
    const { counted } = this;
    if (failure !== undefined) logger.error('failed', failure.message, { code: failure.code });
    const text = `moved ${counted.sent} of ${counted.received} messages (${reason})`;
    logger.info('end', text, { reason, ...counted });
    const whose = transfer === undefined ? '' : `${transfer}: `;
    if (this.running.settings.statistics)
      for (const line of statisticsLines(counted)) io.out.write(`${whose}${line}\n`);
    if (failure !== undefined) return { code: failure.exitCode, text: failure.message };
    const asked = reason === 'signal' || reason === 'quit';
    const left = !asked && (counted.rejected > 0 || released > 0);
    return { code: left ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok, text };
  }
}
