import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';

export interface CallOff {
  /** for the error: whose preparation it is */
  readonly name: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `work` comes to; SESSION_CLOSED when `signal` calls it off, CONNECT_TIMEOUT when it takes too long: a file on a mount
 * that does not answer is never read to its end, nor can its reading be ended.
 */
export function unlessCalledOff<Result>(work: Promise<Result>, callOff: CallOff): Promise<Result> {
  const { name, clock, timeoutMs, signal } = callOff;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', calledOff);
    };
    const giveUp = (code: 'SESSION_CLOSED' | 'CONNECT_TIMEOUT', reason: string): void => {
      done();
      reject(new StompctlError(code, 'connect', name, reason));
    };
    const calledOff = (): void => giveUp('SESSION_CLOSED', 'given up: no longer wanted');
    const timer = clock.after(timeoutMs, () => {
      const seconds = timeoutMs / 1000;
      const what = 'its addresses, passwords and certificates';
      giveUp('CONNECT_TIMEOUT', `${what} were not read within ${seconds} s; is a file system stuck?`);
    });
    if (signal?.aborted) calledOff();
    else signal?.addEventListener('abort', calledOff, { once: true });
    work.finally(done).then(resolve, reject);
  });
}
