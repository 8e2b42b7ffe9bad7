import type { Clock } from '../base/clock.js';
import { quitOwner } from '../daemon/quit-owner.js';

export interface QuitCommandOptions {
  readonly pidfile: string;
  /** `timeout-linger` as given to this command; 1 s when it was not given */
  readonly lingerMs?: number | undefined;
  /** `timeout-flush`; 60 s when it was not given */
  readonly flushMs?: number | undefined;
  readonly out: { write(text: string): unknown };
  readonly clock?: Clock;
}

/**
 * `stompctl quit` and `--quit`: stops the process of a pidfile and resolves to the exit code, 0, also when nothing runs.
 * PIDFILE_INVALID when the file is not a pidfile, QUIT_FAILED when the process could not be stopped.
 */
export async function quit(options: QuitCommandOptions): Promise<number> {
  await quitOwner(options.pidfile, {
    lingerMs: options.lingerMs ?? 1000,
    flushMs: options.flushMs ?? 60_000,
    say: (text) => options.out.write(`stompctl ${text}\n`),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  return 0;
}
