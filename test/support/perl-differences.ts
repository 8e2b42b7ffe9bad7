/** In what callbacks differ from stompclt's: a table of docs/callbacks.md, and what the comparison with Perl expects. */
export interface Difference {
  /** what stompclt does */
  readonly stompclt: string;
  /** what happens here */
  readonly here: string;
  /** why it is so on purpose; without it, it is not yet as there */
  readonly why?: string;
  /** the snippets of `test/fixtures/perl` that show it */
  readonly snippets: readonly string[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    stompclt: 'an empty string, 0 or undef returned ends the run',
    here: 'it rejects the message',
    why: 'one odd message must not keep all others waiting',
    snippets: [
      'control: return zero',
      'control: return an empty string',
      'control: return nothing',
      'control: return undefined',
      'errors: returns undef',
      'errors: returns zero',
      'errors: returns the empty string',
    ],
  },
  {
    stompclt: '`exit` ends the run',
    here: 'it dies',
    why: 'a callback does not end a transfer',
    snippets: ['control: exit'],
  },
  {
    stompclt: 'programs, `fork`, sockets, files and the environment of the host',
    here: 'none: they die, or are not found, with a line in the log',
    why: 'code runs in a sandbox',
    snippets: [
      'modules: subprocess',
      'modules: system call',
      'modules: fork',
      'modules: socket',
      'modules: file written and read',
      'modules: file of the host read',
      'modules: IO::File that is missing',
      'modules: environment of the host',
      'modules: identity of the process',
      'subs: file test and read refused or missing',
    ],
  },
  {
    stompclt: 'a module that is missing is told with the folders of the machine',
    here: 'with what to do instead',
    why: 'the folders are none that the user could add to',
    snippets: ['modules: module that is not there'],
  },
  {
    stompclt:
      'code without `sub` is indented by two blanks: texts over several lines get them, here-documents do not end',
    here: 'the code is used as it is written',
    why: 'here-documents work, and error messages name the columns of the file',
    snippets: [
      'headers: multi-line string in the code',
      'strings: heredocs',
      'strings: heredoc in code of the configuration',
      'misc: pragmas and comments',
    ],
  },
  {
    stompclt: '`check`, `start`, `idle` and `stop` need their prototypes',
    here: 'they do not',
    why: 'what stompclt refused can only run here, never run otherwise',
    snippets: [
      'subs: check with a signature',
      'subs: check with another prototype',
      'subs: check without its prototype',
      'subs: check without its prototype in the configuration',
      'subs: hooks without their prototypes',
    ],
  },
  {
    stompclt: 'the numbers of `errno` are those of the machine',
    here: 'those of WASI; `%!` and the names in POSIX agree with each other',
    snippets: ['modules: POSIX by its full name'],
  },
  {
    stompclt: 'names of characters at run time (`charnames::viacode`)',
    here: 'missing: the table is not in the module',
    snippets: ['modules: charnames'],
  },
  {
    stompclt: 'words of Perl 5.36 and JSON::XS',
    here: 'of Perl 5.42 and JSON::PP',
    snippets: ['control: given is not there', 'json: not JSON dies', 'strings: say without the feature'],
  },
];

/** The differences as docs/callbacks.md shows them, with the shares of the snippets (`total`) that are alike. */
export function differencesTable(total: number): string {
  const meant = DIFFERENCES.filter(({ why }) => why !== undefined);
  const open = DIFFERENCES.filter(({ why }) => why === undefined);
  const alike = total - count(DIFFERENCES);
  const share = (part: number): string =>
    `${part} of ${total} (${(Math.floor((part / total) * 1000) / 10).toFixed(1)} %)`;
  return [
    `Alike are ${share(alike)}; with those that differ on purpose it is ${share(alike + count(meant))}.`,
    `On purpose (${count(meant)} callbacks):`,
    table(
      ['under stompclt', 'here', 'because'],
      meant.map(({ stompclt, here, why = '' }) => [stompclt, here, why]),
    ),
    `Not yet (${count(open)} callbacks):`,
    table(
      ['under stompclt', 'here'],
      open.map(({ stompclt, here }) => [stompclt, here]),
    ),
    '',
  ].join('\n\n');
}

function count(differences: readonly Difference[]): number {
  return differences.reduce((sum, { snippets }) => sum + snippets.length, 0);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
