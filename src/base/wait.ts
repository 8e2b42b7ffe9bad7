import type { Clock } from './clock.js';
import { StompctlError } from './errors.js';

/** Rung by others to end a `wait` early. A ring while nobody waits is forgotten: look at the state again after each wait. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring: for who has no time-out, because whoever rings is certain to. */
  rung(): Promise<void> {
    return new Promise((resolve) => {
      const silence = this.onRing(() => {
        silence();
        resolve();
      });
    });
  }

  /** Calls `wake` at the next ring; call what it gives back to stop listening. */
  onRing(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }
}

export interface WaitOptions {
  /** ends the wait at once when aborted, before or meanwhile */
  readonly signal?: AbortSignal | undefined;
  readonly bell?: Bell | undefined;
  /** whether the process stays alive for the timer; default true */
  readonly keepAlive?: boolean;
}

/** Waits `ms` milliseconds; `aborted` or `rung` when something ended it earlier. Never rejects, leaves no listener behind. */
export function wait(clock: Clock, ms: number, options: WaitOptions = {}): Promise<'elapsed' | 'aborted' | 'rung'> {
  const { signal, bell, keepAlive = true } = options;
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve('aborted');
    const end = (why: 'elapsed' | 'aborted' | 'rung'): void => {
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
      silence?.();
      resolve(why);
    };
    const aborted = (): void => end('aborted');
    const timer = clock.after(ms, () => end('elapsed'), keepAlive);
    signal?.addEventListener('abort', aborted, { once: true });
    const silence = bell?.onRing(() => end('rung'));
  });
}

/** What `work` comes to, or what `late` gives (or throws) when that takes longer than `ms`; `work` then goes on unheeded. */
export function withDeadline<T, L = never>(clock: Clock, ms: number, work: Promise<T>, late: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    });
    work.finally(() => timer.cancel()).then(resolve, reject);
  });
}

/** What `work` comes to, or `aborted` as soon as `signal` is; `work` then goes on unheeded. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve('aborted');
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    work.finally(() => signal.removeEventListener('abort', aborted)).then(resolve, reject);
  });
}

export interface CallOff {
  /** for the error: whose connection it is a part of */
  readonly name: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** what was not done in time, and what to ask then: `the name was not resolved`, `is the name server reachable?` */
  readonly late: readonly [what: string, question: string];
}

/**
 * What `work`, a part of connecting, comes to; SESSION_CLOSED when `signal` calls it off, CONNECT_TIMEOUT when it takes too long.
 * `work` then goes on unheeded: neither a lookup of a name nor a reading from a mount that does not answer can be ended.
 */
export function unlessCalledOff<T>(work: Promise<T>, options: CallOff): Promise<T> {
  const { name, clock, timeoutMs, signal, late } = options;
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
    const [what, question] = late;
    const timer = clock.after(timeoutMs, () =>
      giveUp('CONNECT_TIMEOUT', `${what} within ${limitText(timeoutMs)}; ${question}`),
    );
    if (signal?.aborted) calledOff();
    else signal?.addEventListener('abort', calledOff, { once: true });
    work.finally(done).then(resolve, reject);
  });
}

/** A time limit as errors tell it, in seconds: `0.25 s`. */
export function limitText(ms: number): string {
  return `${Math.round(ms) / 1000} s`;
}
