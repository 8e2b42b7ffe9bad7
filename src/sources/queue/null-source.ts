import type { Clock } from '../../base/clock.js';
import { wait } from '../../base/wait.js';
import type { Demand, SourceResult, TunableSource } from '../../flow/source.js';

const IDLE_MS = 1000;

/** A queue of type NULL: always empty. */
export class NullSource implements TunableSource {
  readonly name = 'queue of type NULL';
  readonly #loop: boolean;
  readonly #clock: Clock;

  /** `loop`: idle for ever; otherwise at its end at once */
  constructor(loop: boolean, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
  }

  tune(): void {}

  async open(): Promise<void> {}

  async next(_demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    if (!this.#loop) return { kind: 'end' };
    const why = await wait(this.#clock, IDLE_MS, { signal: interrupt });
    return { kind: 'idle', reason: why === 'aborted' ? 'interrupted' : 'empty' };
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {}
}
