import type { OptionRow, TableKey } from './option.js';

const DAY = 86_400;

const COMMAND_KEYS: readonly TableKey[] = [
  {
    name: 'command',
    kind: 'text',
    required: true,
    doc: 'the program and its arguments; no shell reads them. `%{name}` in an argument is that header of the message, `%{name:-text}` the text when it is missing',
  },
  {
    name: 'batch',
    kind: 'integer',
    min: 1,
    max: 10_000,
    doc: 'give a run up to this many messages, as JSON lines on its standard input; by default one, its body on standard input and its headers in `STOMPCTL_HEADER_…`',
  },
  {
    name: 'coalesce',
    kind: 'integer',
    unit: 'seconds',
    min: 1,
    max: DAY,
    doc: 'one run for all messages that come within this time; it is given only their number, in `STOMPCTL_MESSAGES`',
  },
  { name: 'concurrency', kind: 'integer', min: 1, max: 1000, default: '1', doc: 'runs at a time' },
  {
    name: 'timeout',
    kind: 'integer',
    unit: 'seconds',
    min: 1,
    max: 30 * DAY,
    default: '60',
    doc: 'end a run that takes longer: TERM to its process group, 5 seconds later KILL',
  },
  {
    name: 'output',
    kind: 'choice',
    choices: ['log', 'reply'],
    default: 'log',
    doc: 'what it writes to standard output: into the log, line by line, or as the reply to `reply-to`',
  },
];

export const COMMAND_OPTIONS: readonly OptionRow[] = [
  {
    name: 'outgoing-command',
    kind: 'table',
    keys: COMMAND_KEYS,
    value: 'KEY=VALUE…',
    group: 'sink',
    reload: 'sink',
    added: true,
    doc: 'Run this command for each message.',
    notes:
      'Exit code 0: the message is done. 75: it is tried again, with growing delays. Anything else, and being late: it has another run, ' +
      'and is rejected after `max-attempts` of them. On the command line and in a KEY=VALUE list blanks are `%20` and `%{` is `%25{`; in a block they are ' +
      'written as they are. See docs/commands-as-ends.md.',
  },
];
