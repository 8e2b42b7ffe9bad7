import type { StompctlError } from '../base/errors.js';
import type { SourceEvents } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import type { Statistics } from './statistics.js';

export interface TransferReportOptions {
  readonly statistics: Statistics;
  readonly logger: Logger;
  /** rejected deliveries that may wait unacknowledged */
  readonly maxParked: number;
}

/**
 * What one transfer tells: its counters and its log. Made before source and transfer and given to both, so that the source
 * needs to know nothing of the transfer. What a source calls are properties: it may take them apart.
 */
export class TransferReport implements SourceEvents {
  readonly statistics: Statistics;
  readonly logger: Logger;
  /** rejected deliveries that may wait unacknowledged */
  maxParked: number;
  #tooManyParked: (parked: number) => void = () => undefined;

  constructor({ statistics, logger, maxParked }: TransferReportOptions) {
    this.statistics = statistics;
    this.logger = logger;
    this.maxParked = maxParked;
  }

  /** `run` is called each time a delivery is parked and as many wait as may. */
  onTooManyParked(run: (parked: number) => void): void {
    this.#tooManyParked = run;
  }

  readonly rejected = (delivery: string, error: StompctlError, size?: number, takenMs?: number): void => {
    this.statistics.rejected(error.code, size, takenMs);
    this.logger.error('rejected', `rejected ${delivery}: ${error.message}`, { delivery, code: error.code });
  };

  /** What stays with the source is tried again and again: it is told once. */
  rejectedAgain(delivery: string, error: StompctlError, size: number, takenMs?: number): void {
    this.statistics.rejected(error.code, size, takenMs);
    this.logger.debug('rejected-again', `rejected ${delivery} again: ${error.message}`, { delivery, code: error.code });
  }

  readonly settledInVain = (delivery: string, why: 'dead-session' | 'twice'): void => {
    this.statistics.settledInVain(why);
    this.logger.debug('settled-in-vain', `${delivery} was settled in vain (${why}): it may come again`, {
      delivery,
      why,
    });
  };

  readonly discarded = (): void => {
    this.statistics.discarded();
  };

  readonly parked = (delivery: string, parked: number, all = parked): void => {
    const most = this.maxParked;
    this.statistics.setParked(all);
    this.logger.warn('parked', `${delivery} stays unacknowledged at the broker (${parked} of at most ${most})`, {
      parked,
    });
    if (parked >= most) this.#tooManyParked(parked);
  };

  dropped(delivery: string, reason: string, size: number, takenMs?: number): void {
    this.statistics.dropped(reason, size, takenMs);
    this.logger.debug('dropped', `the callback dropped ${delivery}: ${reason}`, { delivery, reason });
  }

  readonly duplicate = (delivery: string): void => {
    this.statistics.duplicate();
    this.logger.debug('duplicate', `${delivery} came again though it is safe, and was acknowledged`, { delivery });
  };

  readonly reconnected = (): void => {
    this.statistics.reconnected();
  };

  /** The session that deliveries were parked in is over: they have gone back to the broker. */
  nothingParked(): void {
    this.statistics.setParked(0);
  }
}
