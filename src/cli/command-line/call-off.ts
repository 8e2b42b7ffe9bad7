import { StompctlError } from '../../base/errors.js';
import { stopExitCode } from '../../daemon/signals.js';
import type { CommandIo } from './io.js';

/**
 * Does `work`, which the first stop signal calls off by `callOff`. When it ends because of that, with SESSION_CLOSED, this is told, with
 * `before`: what it did not come to; and resolves to the exit code that a shell reports of that signal. Rejects as `work` otherwise.
 */
export async function unlessStopped(
  { signals, err }: CommandIo,
  { name, before, callOff }: { readonly name: string; readonly before: string; readonly callOff: () => void },
  work: () => Promise<number>,
): Promise<number> {
  signals.onStop(callOff);
  try {
    return await work();
  } catch (error) {
    const { stopped } = signals;
    if (stopped === undefined || !(error instanceof StompctlError) || error.code !== 'SESSION_CLOSED') throw error;
    err.write(`stompctl: ${name}: stopped by ${stopped} before ${before}\n`);
    return stopExitCode(stopped);
  }
}

/** The exit code of a command that a stop signal has ended before it was done: what a shell reports of that signal. */
export function stoppedExitCode({ signals: { stopped = 'SIGTERM' } }: Pick<CommandIo, 'signals'>): number {
  return stopExitCode(stopped);
}
