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

/** The differences as docs/callbacks.md shows them. */
export function differencesTable(): string {
  if (DIFFERENCES.length === 0) return 'None is known.\n\n';
  const rows = DIFFERENCES.map(({ stompclt, here }) => `| ${cell(stompclt)} | ${cell(here)} |`);
  return `${['| under stompclt | here |', '| --- | --- |', ...rows].join('\n')}\n\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
