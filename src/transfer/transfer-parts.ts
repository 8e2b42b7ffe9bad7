import type { Clock } from '../base/clock.js';
import type { StompctlError } from '../base/errors.js';
import type { Processor } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { Source } from '../flow/source.js';
import type { RateLimits } from './rate-limit.js';
import type { TransferReport } from './report.js';
import type { TimeLimits } from './run-timers.js';
import type { HealthFacts } from './verdict.js';

export interface TransferLimits extends TimeLimits, RateLimits {
  /** most unsettled deliveries */
  readonly window: number;
  /** most unsettled bytes; one delivery is always allowed */
  readonly windowBytes: number;
  /** deliveries to take before the run ends; undefined: without end */
  readonly count: number | undefined;
  /** the longest a drain may take */
  readonly lingerMs: number;
  /** the longest that closing one end may take, once everything is settled; one is closed after the other */
  readonly closeMs: number;
}

export interface TransferParts {
  readonly source: Source;
  readonly sink: Sink;
  /** undefined: every message passes as it is */
  readonly processor: Processor | undefined;
  readonly limits: TransferLimits;
  /** open the sink at the first message */
  readonly lazy: boolean;
  /** the one that the source has, too */
  readonly report: TransferReport;
  readonly clock: Clock;
  /** what it waits for now, a line each: queues that are full, ends that are away and why */
  readonly waiting?: () => readonly string[];
  /** Called when the time of a drain is over: what still waits on the way to a failure queue gives up. */
  readonly giveUp?: () => Promise<void>;
}

/** What a transfer knows of the verdict. */
export type TransferProgress = Pick<
  HealthFacts,
  'stopping' | 'inFlight' | 'inFlightBytes' | 'oldestUnsettledMs' | 'checkingMs' | 'throttledMs'
>;

/** Why a run ended. `signal` and `quit` were asked for; `failed` has the error in the outcome. */
export type EndReason = 'end' | 'count' | 'duration' | 'inactivity' | 'signal' | 'quit' | 'failed';

export interface TransferOutcome {
  readonly reason: EndReason;
  readonly failure: StompctlError | undefined;
  /** deliveries given back because the drain took longer than `lingerMs` */
  readonly released: number;
}
