import type { Clock } from '../../base/clock.js';
import type { Demand, Source, SourceResult } from '../../flow/source.js';

const IDLE_MS = 1000;

/** A queue of type NULL: always empty. */
export class NullSource implements Source {
  readonly name = 'queue of type NULL';
  readonly #loop: boolean;
  readonly #clock: Clock;

  /** `loop`: idle for ever; otherwise at its end at once */
  constructor(loop: boolean, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
  }

  async open(): Promise<void> {}

  async next(_demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    if (!this.#loop) return { kind: 'end' };
    if (interrupt.aborted) return { kind: 'idle', reason: 'interrupted' };
    return new Promise((resolve) => {
      const done = (reason: 'empty' | 'interrupted') => (): void => {
        timer.cancel();
        interrupt.removeEventListener('abort', interrupted);
        resolve({ kind: 'idle', reason });
      };
      const interrupted = done('interrupted');
      const timer = this.#clock.after(IDLE_MS, done('empty'));
      interrupt.addEventListener('abort', interrupted, { once: true });
    });
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {}
}
