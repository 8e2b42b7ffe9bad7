/** In what callbacks differ from stompclt's: a table of docs/callbacks.md, and what the comparison with Perl expects. */
export interface Difference {
  /** what stompclt does */
  readonly stompclt: string;
  /** what happens here */
  readonly here: string;
  /** what is refused by design, and why: each of its snippets is answered with `sentence` */
  readonly refused?: { readonly why: string; readonly sentence: RegExp };
  /** the snippets of `test/fixtures/perl` that show it */
  readonly snippets: readonly string[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    stompclt: 'an empty string, 0 or undef returned ends the run',
    here: 'it rejects the message',
    refused: {
      why: 'under stompclt that message is lost, and one odd message keeps all others waiting',
      sentence: /^bad result$/,
    },
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
    refused: { why: 'a callback does not end a transfer', sentence: /^exit is not there in a callback: / },
    snippets: ['control: exit'],
  },
  {
    stompclt: 'programs, `fork`, sockets, files and users of the host',
    here: 'none: they die, or are not found with a line in the log, and are told what to do instead',
    refused: {
      why: 'code runs in a sandbox',
      sentence: /is not there in a callback[:,] |: a callback reaches no file: /,
    },
    snippets: [
      'modules: subprocess',
      'modules: system call',
      'modules: fork',
      'modules: socket',
      'modules: file written and read',
      'modules: file of the host read',
      'modules: IO::File that is missing',
      'modules: identity of the process',
      'subs: file test and read refused or missing',
    ],
  },
  {
    stompclt: 'a module that is missing is told with the folders of the machine',
    here: 'with what to do instead',
    refused: {
      why: 'the folders are none that the user could add to',
      sentence: /is not among the modules of a callback: put what it does into the callback/,
    },
    snippets: ['modules: module that is not there'],
  },
  {
    stompclt: 'here-documents and POD are errors in code without `sub`, whose lines it indents',
    here: 'they work: such code is not indented',
    snippets: ['strings: heredocs', 'strings: heredoc in code of the configuration', 'misc: pragmas and comments'],
  },
  {
    stompclt: '`check`, `start`, `idle` and `stop` without their prototypes are errors',
    here: 'they work',
    snippets: [
      'subs: check with a signature',
      'subs: check with another prototype',
      'subs: check without its prototype',
      'subs: check without its prototype in the configuration',
      'subs: hooks without their prototypes',
    ],
  },
  {
    stompclt: 'the environment of the host is there',
    here: '`%ENV` is empty: give values as `callback-data`',
    snippets: ['modules: environment of the host'],
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
    stompclt: 'text that was used as a number is text in the JSON that JSON::XS writes',
    here: 'a number, as JSON::PP writes it: append `""` for text',
    snippets: ['json: encode number or text'],
  },
  {
    stompclt: 'words of Perl 5.36 and JSON::XS',
    here: 'of Perl 5.42 and JSON::PP',
    snippets: ['control: given is not there', 'json: not JSON dies', 'strings: say without the feature'],
  },
];

/** The differences as docs/callbacks.md shows them, with how many of the snippets (`total`) are alike. */
export function differencesTable(total: number): string {
  const refused = DIFFERENCES.filter((one) => one.refused !== undefined);
  const differ = DIFFERENCES.filter((one) => one.refused === undefined);
  const able = total - count(refused);
  const alike = able - count(differ);
  const share = (Math.floor((alike / able) * 1000) / 10).toFixed(1);
  return [
    table(
      ['of the callbacks compared', String(total)],
      [
        ['alike: the same headers, bodies, prints, drops and errors', String(alike)],
        ['refused by design, with a sentence that says what to do instead', String(count(refused))],
        ['differ', String(count(differ))],
      ],
    ),
    `Of the ${able} that are not refused by design ${share} % are alike.`,
    `Refused by design (${count(refused)}):`,
    table(
      ['under stompclt', 'here', 'because'],
      refused.map((one) => [one.stompclt, one.here, one.refused?.why ?? '']),
    ),
    `Differ (${count(differ)}):`,
    table(
      ['under stompclt', 'here'],
      differ.map(({ stompclt, here }) => [stompclt, here]),
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
