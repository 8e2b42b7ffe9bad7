import { AMQPCLT_OPTIONS, BROKER_OPTIONS, COMMAND_OPTIONS } from './broker-rows.js';
import { CONNECTION_OPTIONS } from './connection-rows.js';
import type { OptionRow } from './option.js';
import { PROGRAM_OPTIONS } from './program-rows.js';
import { FOLDER_OPTIONS, OUTPUTS_OPTIONS, QUEUE_OPTIONS } from './queue-rows.js';
import { TRANSFER_OPTIONS } from './transfer-rows.js';

/**
 * Every option of the program, once. The command line, the three file formats, validation, `--help`, `--list`, the
 * manual and `docs/configuration.md` are all made from it.
 */
export const OPTION_TABLE: readonly OptionRow[] = [
  ...QUEUE_OPTIONS,
  ...BROKER_OPTIONS,
  ...COMMAND_OPTIONS,
  ...FOLDER_OPTIONS,
  ...OUTPUTS_OPTIONS,
  ...TRANSFER_OPTIONS,
  ...CONNECTION_OPTIONS,
  ...PROGRAM_OPTIONS,
  ...AMQPCLT_OPTIONS,
];

const BY_NAME = new Map<string, OptionRow>();
const BY_ALIAS = new Map<string, OptionRow>();
for (const row of OPTION_TABLE) {
  BY_NAME.set(row.name, row);
  BY_ALIAS.set(row.name, row);
  for (const alias of row.aliases ?? []) BY_ALIAS.set(alias, row);
}
const PREFIXES: ReadonlySet<string> = findPrefixes();

/** The row of an option by its full name; undefined when there is none. */
export function optionNamed(name: string): OptionRow | undefined {
  return BY_NAME.get(name);
}

/** The row of an option by its full name or one of its aliases, as on the command line. */
export function optionCalled(nameOrAlias: string): OptionRow | undefined {
  return BY_ALIAS.get(nameOrAlias);
}

/** How an option may be called in a file: by its name and aliases, but not by a letter, which is a form of the command line. */
export function namesInFile({ name, aliases = [] }: OptionRow): string[] {
  return [name, ...aliases.filter((alias) => alias.length > 1)];
}

/** The row of an option by its name or an alias, as in a file; undefined when there is none. */
export function optionInFile(name: string): OptionRow | undefined {
  return name.length > 1 ? BY_ALIAS.get(name) : undefined;
}

/** Whether some option's name or alias starts with `prefix` and a dash: whether a block of that name makes sense. */
export function isOptionPrefix(prefix: string): boolean {
  return PREFIXES.has(prefix);
}

/** `outgoing`, `outgoing-broker`, …: what a block may be called. */
export function optionPrefixes(): ReadonlySet<string> {
  return PREFIXES;
}

function findPrefixes(): Set<string> {
  const found = new Set<string>();
  for (const name of OPTION_TABLE.flatMap(namesInFile)) {
    for (let dash = name.indexOf('-'); dash !== -1; dash = name.indexOf('-', dash + 1)) found.add(name.slice(0, dash));
  }
  return found;
}
