import type { Clock, Timer } from '../base/clock.js';

export interface PulseOptions<Look> {
  readonly clock: Clock;
  readonly look: () => Look;
  /** one word for a look: who asks must not hear one that the others have not been told of */
  readonly stateOf: (look: Look) => string;
  /** told of each beat, in this order; none of them throws */
  readonly tell: readonly ((look: Look) => void)[];
}

/**
 * Looks at a run each period and tells everybody the same look, so that no two of them, asked one after the other, contradict
 * each other: a service manager that knows that all is well again is told after the status file, of the same moment.
 */
export class Pulse<Look> {
  readonly #options: PulseOptions<Look>;
  #timer: Timer | undefined;
  #state: string | undefined;

  constructor(options: PulseOptions<Look>) {
    this.#options = options;
  }

  /** Beats now and each `periodMs`. Does not keep the process alive. */
  start(periodMs: number): void {
    this.beat();
    this.#timer = this.#options.clock.after(periodMs, () => this.start(periodMs), false);
  }

  /** Looks now, and tells: for who knows that something has just changed. */
  beat(): void {
    this.#tell(this.#options.look());
  }

  /** How it is now, for who asks: when its state is news, everybody is told before. */
  now(): Look {
    const { look, stateOf } = this.#options;
    const found = look();
    if (this.#timer !== undefined && stateOf(found) !== this.#state) this.#tell(found);
    return found;
  }

  /** Nobody is told anything any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tell(look: Look): void {
    this.#state = this.#options.stateOf(look);
    for (const tell of this.#options.tell) tell(look);
  }
}
