import { OPTION_GROUPS, type OptionGroup, type OptionRow } from '../config/options/option.js';
import { OPTION_TABLE } from '../config/options/option-table.js';
import { takesValue } from './command-line/arguments.js';
import { BETWEEN, COMMANDS } from './command-line/commands.js';
import { EXIT_CODE_MEANINGS } from './command-line/exit-codes.js';
import type { CommandDefinition } from './command-line/option-command.js';
import { QUEUE_COMMANDS, type QueueCommandDefinition } from './queue/queue-commands.js';

/** `docs/stompctl.1`, in the man macros, made from the tables of options, commands and exit codes. */
export function manPage(): string {
  const groups = Object.entries(OPTION_GROUPS) as [OptionGroup, string][];
  const sections = groups.map(([group, title]) => {
    const rows = OPTION_TABLE.filter((row) => row.group === group);
    return `.SS ${title}\n${rows.map(optionEntry).join('')}`;
  });
  return [
    '.\\" Made by "npm run docs": do not edit.',
    '.TH STOMPCTL 1',
    '.SH NAME',
    `stompctl \\- move ${BETWEEN}`,
    '.SH SYNOPSIS',
    '.B stompctl',
    '.RI [ run ]\n.RI [ options ]',
    '.br',
    '.B stompctl',
    '.I command\n.RI [ options ]',
    '.SH DESCRIPTION',
    ...DESCRIPTION.map(roff),
    '.SH COMMANDS',
    ...Object.values(COMMANDS).map(commandEntry),
    '.SH THE COMMAND QUEUE',
    roff('Works on a directory queue, whoever made it. Its commands have options of their own.'),
    ...Object.values(QUEUE_COMMANDS).map(queueEntry),
    '.SH OPTIONS',
    roff(
      'Options have the same names on the command line and in configuration files. Booleans are negated with --no-NAME.',
    ),
    `${sections.join('')}.SH EXIT STATUS`,
    ...EXIT_CODE_MEANINGS.map(([code, meaning]) => `.TP\n.B ${code}\n${roff(`${meaning}.`)}`),
    '.PP',
    roff(
      'A command that a signal ends before it is done has 128 + its number: 130 by INT, 143 by TERM. What goes on until it is stopped (run, broker, receive --follow) has 0.',
    ),
    '.PP',
    roff('--status has its own: 0 running, 1 dead with a pidfile, 3 not running, 4 unknown or stale.'),
    '.SH SIGNALS',
    ...SIGNALS.map(([name, effect]) => `.TP\n.B ${name}\n${roff(effect)}`),
    '.SH SEE ALSO',
    roff('docs/configuration.md for the formats of configuration files and more about each option.'),
    '',
  ].join('\n');
}

const DESCRIPTION = [
  'stompctl takes messages from a directory queue, a folder, or subscriptions on a broker of STOMP, AMQP 0-9-1 or AMQP 1.0, lets an optional callback rewrite or drop each, and stores them in a directory queue or a folder, sends them to a broker, or runs a command for each.',
  'Unless told otherwise it never loses one: a message is removed or acknowledged only when it is safe at its destination.',
];

const SIGNALS: readonly (readonly [string, string])[] = [
  ['TERM, INT, QUIT', 'Settle what is in flight and exit with 0; a second one exits at once.'],
  ['HUP', 'Read the configuration again, where that is supported.'],
  ['USR1', 'Log the state and the counters.'],
];

/** Text for roff: backslashes and dashes as themselves, and no line that looks like a request. */
function roff(text: string): string {
  const plain = text
    .replaceAll('`', '')
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/…/g, '...')
    .replace(/’/g, "'");
  return plain.replace(/^(?=[.'])/gm, '\\&');
}

function queueEntry({ name, summary, operands, options }: QueueCommandDefinition): string {
  const entries = options.map(({ name: option, value, choices, doc }) => {
    const words = choices === undefined ? '' : ` (${choices.join(', ')})`;
    return `.RS\n.TP\n\\fB${roff(`--${option}`)}\\fR${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}\n${roff(`${doc}${words}.`)}\n.RE`;
  });
  return [`.TP\n.B ${roff(`queue ${name}`)}\n.I ${roff(operands)}\n.br\n${roff(summary)}`, ...entries].join('\n');
}

/** A command with the options that are its own. */
function commandEntry({ name, summary, flags = [] }: CommandDefinition): string {
  const own = flags.map(({ name: flag, value, doc }) => {
    const placeholder = value === undefined ? '' : ` \\fI${roff(value)}\\fR`;
    return `.RS\n.TP\n\\fB${roff(`--${flag}`)}\\fR${placeholder}\n${roff(`${doc}.`)}\n.RE`;
  });
  return [`.TP\n.B ${roff(name)}\n${roff(summary)}`, ...own].join('\n');
}

function optionEntry(row: OptionRow): string {
  const dashes = row.fileOnly ? '' : '--';
  const names = [row.name, ...(row.aliases ?? [])].map(
    (name) => `\\fB${roff(name.length === 1 ? `-${name}` : `${dashes}${name}`)}\\fR`,
  );
  const value = takesValue(row) ? ` \\fI${roff(row.value ?? '')}\\fR` : '';
  const fallback = row.defaultNote ?? row.default;
  const parts = [
    row.doc,
    row.notes ?? '',
    row.fileOnly ? 'In a configuration file only.' : '',
    fallback === undefined ? '' : `Default: ${fallback}.`,
  ];
  const keys = (row.keys ?? []).map(
    (key) =>
      `.RS\n.TP\n.B ${roff(key.name)}\n${roff(`${key.doc}${key.default === undefined ? '' : ` (default: ${key.default})`}.`)}\n.RE\n`,
  );
  return `.TP\n${names.join(', ')}${value}\n${roff(parts.filter((part) => part !== '').join(' '))}\n${keys.join('')}`;
}
