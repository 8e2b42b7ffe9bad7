import type { Clock } from '../base/clock.js';
import type { StompctlError } from '../base/errors.js';
import { unlessAborted, withDeadline } from '../base/wait.js';
import type { Demand, Source, SourceLimits, SourceResult, TunableSource } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import { asStompctlError, type Supervisor } from './supervisor.js';

export interface SupervisedSourceOptions {
  readonly supervisor: Supervisor;
  readonly logger: Logger;
  /** called at each opening after the first */
  readonly onReopened?: () => void;
}

export interface SourceExchangeLimits {
  readonly clock: Clock;
  /** the longest that the old one is waited for */
  readonly closeMs: number;
  /** when this aborts, the run ends: it is not waited for here any more */
  readonly interrupt: AbortSignal;
}

/** Each has a window of messages at most; what puts so many aside without mending what they wait for is refused. */
const MOST_LEAVING = 4;

/** A source that outlives its sessions: `next` opens it again when it must, and rejects only with what ends the run. */
export class SupervisedSource<Inner extends Source = Source> implements Source {
  #inner: Inner;
  #options: SupervisedSourceOptions;
  #open = false;
  /** earlier ones that are not closed yet, though nobody waits for that: when each is. Never rejects */
  readonly #leaving = new Map<Inner, Promise<void>>();

  constructor(inner: Inner, options: SupervisedSourceOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get name(): string {
    return this.#inner.name;
  }

  get storesAtClose(): boolean {
    return [this.#inner, ...this.#leaving.keys()].some(({ storesAtClose }) => storesAtClose === true);
  }

  /** Do so many earlier ones still wait for the failure queue that no other one is to join them? */
  get isCrowded(): boolean {
    return this.#leaving.size >= MOST_LEAVING;
  }

  /** The earlier ones too: they wait for a failure queue that may be another one now. */
  tune(this: SupervisedSource<TunableSource>, limits: SourceLimits): void {
    for (const source of [this.#inner, ...this.#leaving.keys()]) source.tune(limits);
  }

  /**
   * Puts another source in the place of the inner one, which is closed (for `closeMs` at most; then it is left behind). To be
   * called between two `next`, with nothing of the old one in flight. The next `next` opens the new one. One whose messages cannot
   * be read again is not given up: it goes on closing, and `settle` and `close` wait for it.
   */
  async exchange(inner: Inner, supervisor: Supervisor, limits: SourceExchangeLimits): Promise<void> {
    const { logger } = this.#options;
    this.#open = false;
    const old = this.#inner;
    const closed = this.#settleAndClose(limits).catch((error: unknown) => {
      logger.warn('close-failed', asStompctlError(error, old.name).message);
    });
    const leaving = closed.finally(() => this.#leaving.delete(old));
    this.#leaving.set(old, leaving);
    const late = () => {
      logger.warn('close-failed', `${old.name} was not closed in time, and is left behind`);
      // a broker gives what it has to the new one, and to others
      old.abandon?.();
      if (old.storesAtClose !== true) this.#leaving.delete(old);
    };
    await unlessAborted(withDeadline(limits.clock, limits.closeMs, leaving, late), limits.interrupt);
    this.#inner = inner;
    this.#options = { ...this.#options, supervisor };
  }

  /** What it cannot settle for now, as the failure queue cannot be written, it gives back when it is closed. */
  async #settleAndClose({ clock, closeMs, interrupt }: SourceExchangeLimits): Promise<void> {
    const old = this.#inner;
    this.#options.supervisor.interrupt();
    try {
      await unlessAborted(
        withDeadline(clock, closeMs / 2, old.settle(), () => undefined),
        interrupt,
      );
    } finally {
      await old.close();
    }
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

  async settle(): Promise<void> {
    await Promise.all([this.#inner.settle(), ...this.#leaving.values()]);
  }

  async close(): Promise<void> {
    this.#options.supervisor.interrupt();
    const left = Promise.all(this.#leaving.values());
    try {
      await this.#inner.close();
    } finally {
      await left;
    }
  }

  abandon(): void {
    this.#options.supervisor.interrupt();
    this.#inner.abandon?.();
  }
}
