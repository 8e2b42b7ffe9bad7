import type { Clock } from '../base/clock.js';
import type { Environment } from '../config/formats/environment.js';
import type { Settings } from '../config/settings.js';
import type { Resolver } from '../members/resolver.js';
import type { Logger } from '../observe/logger.js';
import { RateMeter } from '../transfer/rate-meter.js';
import { TransferReport } from '../transfer/report.js';
import { Statistics } from '../transfer/statistics.js';
import type { Transfer } from '../transfer/transfer.js';
import type { HealthFacts } from '../transfer/verdict.js';
import { openFailureQueue } from './failure-queue.js';
import { openProcessor } from './open-processor.js';
import { tapOpener } from './open-tap.js';
import { queuesWaiting } from './queues-waiting.js';
import { type ReloadedEnds, type ReloadWish, RunningTransfer } from './running-transfer.js';

export interface BuildContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  /** what a callback prints; a promise that it gives is waited for */
  readonly print: (printed: string | Uint8Array) => unknown;
  /** of members of an alias; default: the one of the system */
  readonly resolver?: Resolver;
}

export interface BuiltTransfer {
  readonly transfer: Transfer;
  readonly statistics: Statistics;
  readonly sourceName: string;
  readonly sinkName: string;
  /** what it has now */
  readonly settings: Settings;
  /** what the verdict on the run is made of, as of now */
  readonly health: () => HealthFacts;
  /** what the run waits for now: queues that are full, brokers and folders that are away, a line each */
  readonly waiting: () => readonly string[];
  /**
   * Takes other settings over, without losing or doubling a message: what is in place counts at once, an end that is to be made
   * anew is drained, closed and opened. Rejects as `buildTransfer`, or with RELOAD_REFUSED, and nothing changes then. Resolves
   * when the old ends are closed, whether or not the new ones can be opened: who opens them again goes on trying.
   */
  reload(wish: ReloadWish): Promise<ReloadedEnds>;
  /** Closes what outlives the transfer, within so many ms: what hangs is left behind. To be called after its run. */
  close(limitMs: number): Promise<void>;
}

/**
 * The composition root: the only place that turns settings into objects. Opens the failure queue and starts the callback,
 * so that what is wrong with either is told before anything moves. Errors: QUEUE_*, CALLBACK_*, CREDENTIAL_INVALID.
 */
export async function buildTransfer(settings: Settings, context: BuildContext): Promise<BuiltTransfer> {
  const { clock, logger } = context;
  const statistics = new Statistics(clock);
  const report = new TransferReport({ statistics, logger, maxParked: settings.maxParked });
  const { env, resolver } = context;
  const endContext = { clock, logger, env, report, ...(resolver && { resolver }) };
  const failureQueue = await openFailureQueue(settings, endContext);
  const openIt = (of: Settings) => openProcessor(of, { ...context, openTap: tapOpener(of) });
  const processor = await openIt(settings);
  const running = new RunningTransfer({ settings, context: endContext, failureQueue, processor, openIt });
  let waits = queuesWaiting(settings, clock);
  const rates = new RateMeter(clock);
  return {
    transfer: running.transfer,
    statistics,
    get sourceName() {
      return running.names.source;
    },
    get sinkName() {
      return running.names.sink;
    },
    get settings() {
      return running.settings;
    },
    health: () => {
      const counted = statistics.snapshot();
      return {
        ...running.transfer.progress,
        ...statistics.last,
        ends: running.ends(),
        full: running.full(),
        parked: counted.parked,
        rejected: counted.rejected,
        ...waits(),
        rate: rates.rate(counted),
        counted,
      };
    },
    waiting: () => running.waiting(),
    reload: async (wish) => {
      const reloaded = await running.reload(wish);
      waits = queuesWaiting(wish.settings, clock);
      return reloaded;
    },
    close: (limitMs) => running.close(limitMs),
  };
}
