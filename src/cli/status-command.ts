import { type Clock, systemClock } from '../base/clock.js';
import { awaitStatus } from '../daemon/pidfile-status.js';

export interface StatusOptions {
  readonly pidfile: string;
  /** `timeout-status`: keep asking that long for a running process; undefined: ask once */
  readonly timeoutMs?: number | undefined;
  readonly out: { write(text: string): unknown };
  readonly clock?: Clock;
}

/**
 * `stompctl status` and `--status`: one line, and the exit code: 0 running, 1 dead with a pidfile, 3 no pidfile,
 * 4 unknown or stale. PIDFILE_INVALID when the file is not a pidfile.
 */
export async function status(options: StatusOptions): Promise<number> {
  const { code, text } = await awaitStatus(options.pidfile, options.timeoutMs ?? 0, options.clock ?? systemClock);
  options.out.write(`stompctl ${text}\n`);
  return code;
}
