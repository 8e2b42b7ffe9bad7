/** In what callbacks differ from stompclt's: a table of docs/callbacks.md, and what the comparison with Perl expects. */
export interface Difference {
  /** what stompclt does */
  readonly stompclt: string;
  /** what happens here */
  readonly here: string;
  /** the snippets of `test/fixtures/perl` that show it */
  readonly snippets: readonly string[];
}

export const DIFFERENCES: readonly Difference[] = [];
