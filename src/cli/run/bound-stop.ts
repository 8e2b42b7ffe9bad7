import type { Signals } from '../../daemon/signals.js';
import type { RunLogger } from '../../observe/pino-logger.js';
import { GIVE_UP_MS } from '../../transfer/end-time.js';

export interface BoundStop {
  readonly signals: Pick<Signals, 'limitStop' | 'stopped'>;
  readonly logger: Pick<RunLogger, 'error' | 'flush'>;
  /** the longest `timeout-linger` of what runs now */
  readonly lingerMs: () => number;
  /** what is waited for now, as far as that is known */
  readonly waiting: () => readonly string[];
}

/**
 * From now on one stop signal ends the process, whatever hangs: a disk, a file, a name server, a reader of its output. What is not
 * settled by then stays at its source, as after a kill.
 */
export function boundStop({ signals, logger, lingerMs, waiting }: BoundStop): void {
  signals.limitStop({
    limitMs: () => lingerMs() + GIVE_UP_MS,
    late: () => {
      const waits = waiting();
      const known = waits.length === 0 ? '' : `; it waited for: ${waits.join('; ')}`;
      const text = `${signals.stopped}: not over within timeout-linger and what is left after it, so that something hangs: ended at once${known}`;
      logger.error('stop-forced', text, { waiting: waits });
      // what can be written is, before this returns
      void logger.flush();
    },
  });
}
