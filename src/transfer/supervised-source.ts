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
  readonly name: string;
  readonly #inner: Source;
  readonly #options: SupervisedSourceOptions;
  #open = false;

  constructor(inner: Source, options: SupervisedSourceOptions) {
    this.name = inner.name;
    this.#inner = inner;
    this.#options = options;
  }

  /** Resolves also when interrupted. */
  async open(): Promise<void> {
    this.#open = await this.#options.supervisor.open(this.#inner);
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    if (!this.#open) return { kind: 'idle', reason: 'interrupted' };
    try {
      const result = await this.#inner.next(demand, interrupt);
      if (result.kind === 'batch') this.#options.supervisor.succeeded();
      return result;
    } catch (caught) {
      const error = asStompctlError(caught, this.name);
      const { supervisor } = this.#options;
      const stop = () => supervisor.interrupt();
      if (interrupt.aborted) stop();
      interrupt.addEventListener('abort', stop, { once: true });
      this.#open = await supervisor.open(this.#inner, error);
      interrupt.removeEventListener('abort', stop);
      if (this.#open) this.#options.onReopened?.();
      return { kind: 'idle', reason: 'interrupted' };
    }
  }

  settle(): Promise<void> {
    return this.#inner.settle();
  }

  close(): Promise<void> {
    this.#options.supervisor.interrupt();
    return this.#inner.close();
  }
}
