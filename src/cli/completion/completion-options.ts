import type { OptionRow } from '../../config/options/option.js';
import { OPTION_TABLE } from '../../config/options/option-table.js';
import { takesValue } from '../command-line/arguments.js';
import { COMMANDS } from '../command-line/commands.js';
import type { CommandDefinition } from '../command-line/option-command.js';
import { QUEUE_COMMANDS, type QueueCommandDefinition, type QueueOption } from '../queue/queue-commands.js';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** with their dashes: `--count`, `-c` */
  readonly names: readonly string[];
  /** one line, plain text */
  readonly doc: string;
  /** the placeholder of its value; undefined when it takes none */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  /** its value is a path */
  readonly isPath: boolean;
}

/** Every option of the table, negated booleans included. */
export function completedOptions(): CompletedOption[] {
  return OPTION_TABLE.flatMap((row) => {
    // what is refused for now is not offered
    if (row.fileOnly) return [];
    const option = completedOption(row);
    const negated = { ...option, names: [`--no-${row.name}`], doc: `Not: ${option.doc}` };
    return row.kind === 'boolean' ? [option, negated] : [option];
  });
}

function completedOption(row: OptionRow): CompletedOption {
  const names = [row.name, ...(row.aliases ?? [])].filter((name) => name !== '?');
  return {
    names: names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)),
    doc: row.doc.replaceAll('`', '').replace(/\.$/, ''),
    value: takesValue(row) ? row.value : undefined,
    choices: row.choices ?? [],
    isPath: row.value === 'PATH' || row.value === 'FILE',
  };
}

/** The commands with what follows each: flags of its own, and operands. */
export function completedCommands(): readonly CommandDefinition[] {
  return [...Object.values(COMMANDS), { name: 'help', summary: 'Show the help of a command.', operands: 'COMMAND' }];
}

/** The commands of `stompctl queue`, whose options are their own and whose operands are paths. */
export function completedQueueCommands(): readonly (Pick<QueueCommandDefinition, 'name' | 'summary'> & {
  readonly options: readonly CompletedOption[];
})[] {
  return Object.values(QUEUE_COMMANDS).map(({ name, summary, options }) => ({
    name,
    summary,
    options: options.map((option: QueueOption) => ({
      names: [`--${option.name}`],
      doc: option.doc,
      value: option.value,
      choices: option.choices ?? [],
      isPath: option.value === 'PATH',
    })),
  }));
}

/** Operands that are files or folders. */
const FILES = ['FILE', 'CONFIG', 'PLACE'];

/** What an operand of this name may be: shells, a file, or anything. */
export function operandChoices(operands: string | undefined): readonly string[] | 'files' {
  if (operands === 'SHELL') return ['bash', 'zsh', 'fish'];
  if (operands === 'COMMAND') return Object.keys(COMMANDS);
  return operands?.split(/[[\] ]+/).some((name) => FILES.includes(name)) ? 'files' : [];
}
