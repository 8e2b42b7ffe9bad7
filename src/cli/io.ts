/** Where a command writes, and what it knows about its reader. */
export interface CommandIo {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
  /** columns of the terminal; undefined when standard output is none */
  readonly columns?: number | undefined;
}
