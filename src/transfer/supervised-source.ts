import type { Clock } from '../base/clock.js';
import type { StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Demand, Source, SourceResult } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import { asStompctlError, type Supervisor } from './supervisor.js';

export interface SupervisedSourceOptions {
  readonly supervisor: Supervisor;
  readonly logger: Logger;
  /** called at each opening after the first */
  readonly onReopened?: () => void;
}

/** A source that outlives its sessions: `next` opens it again when it must, and rejects only with what ends the run. */
export class SupervisedSource implements Source {
  #inner: Source;
  #options: SupervisedSourceOptions;
  #open = false;

  constructor(inner: Source, options: SupervisedSourceOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get name(): string {
    return this.#inner.name;
  }

  get storesAtClose(): boolean | undefined {
    return this.#inner.storesAtClose;
  }

  /**
   * Puts another source in the place of the inner one, which is closed (for `closeMs` at most; then it is left behind). To be
   * called between two `next`, with nothing of the old one in flight. The next `next` opens the new one.
   */
  async exchange(inner: Source, supervisor: Supervisor, clock: Clock, closeMs: number): Promise<void> {
    const { logger } = this.#options;
    this.#open = false;
    const old = this.#inner;
    try {
      const late = () => {
        logger.warn('close-failed', `${this.name} was not closed in time, and is left behind`);
        // the broker gives what it has to the new one, and to others
        old.abandon?.();
      };
      await withDeadline(clock, closeMs, this.#settleAndClose(clock, closeMs / 2), late);
    } catch (error) {
      logger.warn('close-failed', asStompctlError(error, this.name).message);
    }
    this.#inner = inner;
    this.#options = { ...this.#options, supervisor };
  }

  /** What it cannot settle for now, as the failure queue cannot be written, it gives back when it is closed. */
  async #settleAndClose(clock: Clock, settleMs: number): Promise<void> {
    this.#options.supervisor.interrupt();
    await withDeadline(clock, settleMs, this.#inner.settle(), () => undefined);
    await this.#inner.close();
  }

  /** Resolves also when interrupted. */
  async open(): Promise<void> {
    this.#open = await this.#options.supervisor.open(this.#inner);
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    if (!this.#open) return this.#reopen(interrupt);
    try {
      const result = await this.#inner.next(demand, interrupt);
      if (result.kind === 'batch') this.#options.supervisor.succeeded();
      return result;
    } catch (caught) {
      return this.#reopen(interrupt, asStompctlError(caught, this.name));
    }
  }

  /** Who interrupts wants no session of this source any more. `lost`: why it is not open; absent when it never was. */
  async #reopen(interrupt: AbortSignal, lost?: StompctlError): Promise<SourceResult> {
    const { supervisor } = this.#options;
    const stop = () => supervisor.interrupt();
    if (interrupt.aborted) stop();
    interrupt.addEventListener('abort', stop, { once: true });
    this.#open = await supervisor.open(this.#inner, lost);
    interrupt.removeEventListener('abort', stop);
    if (this.#open && lost !== undefined) this.#options.onReopened?.();
    return { kind: 'idle', reason: 'interrupted' };
  }

  settle(): Promise<void> {
    return this.#inner.settle();
  }

  close(): Promise<void> {
    this.#options.supervisor.interrupt();
    return this.#inner.close();
  }

  abandon(): void {
    this.#options.supervisor.interrupt();
    this.#inner.abandon?.();
  }
}
