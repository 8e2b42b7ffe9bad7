import type { Signals } from '../daemon/signals.js';

/** What a command has of the process it runs in. */
export interface CommandIo {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
  /** columns of the terminal; undefined when standard output is none */
  readonly columns?: number | undefined;
  readonly signals: Signals;
}
