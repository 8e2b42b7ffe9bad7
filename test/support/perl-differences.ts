/** In what callbacks differ from stompclt's: a table of docs/callbacks.md, and what the comparison with Perl expects. */
export interface Difference {
  /** what stompclt does */
  readonly stompclt: string;
  /** what happens here */
  readonly here: string;
  /** the snippets of `test/fixtures/perl` that show it */
  readonly snippets: readonly string[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    stompclt: 'an empty string, 0 or undef returned ends the run',
    here: 'it rejects the message',
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
    snippets: ['control: exit'],
  },
  {
    stompclt: 'programs, `fork`, sockets, files and the environment of the host',
    here: 'none: they die, or are not found, with a line in the log',
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
    stompclt: 'modules that are installed: `Storable`, `Sys::Syslog`, names of characters at run time, …',
    here: 'those of callbacks; a missing one is told in other words',
    snippets: [
      'modules: Storable copies',
      'modules: syslog',
      'modules: charnames',
      'modules: module that is not there',
    ],
  },
  {
    stompclt: 'the numbers of `errno` are those of the machine',
    here: 'those of WASI; `%!` and the names in POSIX agree with each other',
    snippets: ['modules: POSIX by its full name'],
  },
  {
    stompclt:
      'code without `sub` is indented by two blanks: texts over several lines get them, here-documents do not end',
    here: 'the code is used as it is written',
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
    snippets: [
      'subs: check with a signature',
      'subs: check with another prototype',
      'subs: check without its prototype',
      'subs: check without its prototype in the configuration',
      'subs: hooks without their prototypes',
    ],
  },
  {
    stompclt: '`END` blocks run',
    here: 'they do not: use `stop`',
    snippets: ['subs: BEGIN and END blocks'],
  },
  {
    stompclt: 'bytes printed that are no UTF-8 go out as they are',
    here: 'as the characters of Latin-1, in UTF-8',
    snippets: ['bodies: print of high bytes'],
  },
  {
    stompclt: 'words of Perl 5.36 and JSON::XS',
    here: 'of Perl 5.42 and JSON::PP',
    snippets: [
      'control: given is not there',
      'json: not JSON dies',
      'strings: say without the feature',
      'modules: List::Util reductions',
    ],
  },
];

/** The differences as docs/callbacks.md shows them. */
export function differencesTable(): string {
  if (DIFFERENCES.length === 0) return 'None is known.\n\n';
  const rows = DIFFERENCES.map(({ stompclt, here }) => `| ${cell(stompclt)} | ${cell(here)} |`);
  return `${['| under stompclt | here |', '| --- | --- |', ...rows].join('\n')}\n\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
