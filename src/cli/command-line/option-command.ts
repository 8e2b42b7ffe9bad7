import { Command, CommanderError, Option } from 'commander';
import { closestName } from '../../base/closest-name.js';
import { StompctlError } from '../../base/errors.js';
import { OPTION_GROUPS, type OptionRow } from '../../config/options/option.js';
import { namesInFile, OPTION_TABLE, optionPrefixes } from '../../config/options/option-table.js';
import type { CommandLineOptions } from '../../config/read-given.js';
import { normalizeArguments, takesValue } from './arguments.js';

/** An option of one command alone, such as `--raw` of `check`. */
export interface CommandFlag {
  readonly name: string;
  /** the placeholder of its value; absent: it takes none */
  readonly value?: string;
  /** may be given several times */
  readonly repeats?: true;
  readonly doc: string;
}

/** What `--name` may be on the command line. */
const OPTION_NAMES = OPTION_TABLE.filter((row) => !row.fileOnly).flatMap(namesInFile);

export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  readonly flags?: readonly CommandFlag[];
  /** its operands in `--help`: the name of them all, or, with blanks between, each; absent: it has none */
  readonly operands?: string;
  /** the options of the table that its `--help` shows; absent: all. It takes the others too, as stompclt does */
  readonly helps?: readonly string[];
  /** what its `--help` says of an option that means something of its own there, default included */
  readonly says?: Readonly<Record<string, string>>;
}

export interface ParsedArguments {
  /** options of the table, by full name */
  readonly options: CommandLineOptions;
  /** the command's own flags that were given */
  readonly flags: ReadonlySet<string>;
  /** the values of its own flags that take one; of one that repeats, the last */
  readonly flagValues: ReadonlyMap<string, string>;
  /** all values of its own flags that repeat */
  readonly flagLists: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

function defaultText(row: OptionRow): string {
  const text = row.defaultNote ?? row.default;
  return text === undefined || (row.kind === 'boolean' && text === 'false')
    ? ''
    : ` (default: ${text.replaceAll('`', '')})`;
}

function commanderOptions(row: OptionRow, says?: string): Option[] {
  const short = (row.aliases ?? [])
    .filter((alias) => alias.length === 1 && alias !== '?')
    .map((alias) => `-${alias}, `);
  const names = `${short[0] ?? ''}--${row.name}`;
  const description = says ?? `${row.doc.replaceAll('`', '')}${defaultText(row)}`;
  const heading = `${OPTION_GROUPS[row.group]}:`;
  if (takesValue(row)) {
    const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
    return [new Option(`${names} <${row.value}>`, description).argParser(collect).helpGroup(heading)];
  }
  if (row.kind === 'count') {
    const increase = (_: string, before: number | undefined): number => (before ?? 0) + 1;
    return [new Option(names, description).argParser(increase).helpGroup(heading)];
  }
  const option = new Option(row.kind === 'boolean' ? `${short[0] ?? ''}--${row.name}` : names, description).helpGroup(
    heading,
  );
  return row.kind === 'boolean' ? [option, new Option(`--no-${row.name}`).hideHelp()] : [option];
}

function flagOption({ name, value, repeats, doc }: CommandFlag): Option {
  if (value === undefined) return new Option(`--${name}`, doc);
  if (repeats !== true) return new Option(`--${name} <${value}>`, doc);
  const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];
  return new Option(`--${name} <${value}>`, `${doc}; may be repeated`).argParser(collect);
}

/** The commander command for `definition`, with every option of the table; `forHelp`, with those that its help shows. */
export function optionCommand(definition: CommandDefinition, forHelp = false): Command {
  const command = new Command(`stompctl ${definition.name}`);
  command.description(definition.summary).helpOption(false).exitOverride();
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  for (const flag of definition.flags ?? []) command.addOption(flagOption(flag));
  for (const row of OPTION_TABLE) {
    if (forHelp && definition.helps?.includes(row.name) === false) continue;
    if (!row.fileOnly)
      for (const option of commanderOptions(row, definition.says?.[row.name])) command.addOption(option);
  }
  const { operands } = definition;
  if (operands?.includes(' ') === true) {
    command.usage(`[options] ${operands}`).argument('[OPERANDS...]');
    command.configureHelp({ visibleArguments: () => [] });
  } else if (operands !== undefined) command.argument(`[${operands}...]`);
  command.allowExcessArguments(true);
  return command;
}

/** Parses the arguments after the command's name. Throws USAGE, with a suggestion for a misspelt option. */
export function parseArguments(definition: CommandDefinition, args: readonly string[]): ParsedArguments {
  const command = optionCommand(definition);
  const own = (definition.flags ?? []).map((flag) => flag.name);
  try {
    command.parse(normalizeArguments(args, own), { from: 'user' });
  } catch (error) {
    // what a command of its own has no use for is not meant there
    const names = definition.helps ?? OPTION_NAMES;
    throw error instanceof CommanderError ? usageError(error, [...own, ...names], helpOf(definition)) : error;
  }
  const [excess] = definition.operands === undefined ? command.args : [];
  if (excess !== undefined) {
    throw new StompctlError('USAGE', 'argument', excess, `is not expected here; see "${helpOf(definition)}"`);
  }
  const options = new Map<string, readonly string[]>();
  for (const row of OPTION_TABLE) {
    const value: unknown = command.getOptionValue(attributeName(row.name));
    if (value === undefined) continue;
    options.set(row.name, Array.isArray(value) ? value.map(String) : [String(value)]);
  }
  return { options, ...ownFlags(command, own), operands: command.args };
}

/** What tells more of a command. */
function helpOf({ name }: CommandDefinition): string {
  return name === 'run' ? 'stompctl --help' : `stompctl ${name} --help`;
}

function ownFlags(
  command: Command,
  names: readonly string[],
): Pick<ParsedArguments, 'flags' | 'flagValues' | 'flagLists'> {
  const flags = new Set<string>();
  const flagValues = new Map<string, string>();
  const flagLists = new Map<string, readonly string[]>();
  for (const name of names) {
    const value: unknown = command.getOptionValue(attributeName(name));
    // commander has `--no-x` switch off an `x` that is on without it
    if (value === !name.startsWith('no-')) flags.add(name);
    if (Array.isArray(value)) flagLists.set(name, value.map(String));
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (typeof last === 'string') flagValues.set(name, last);
  }
  return { flags, flagValues, flagLists };
}

function attributeName(name: string): string {
  return new Option(`--${name}`).attributeName();
}

/** The name that was meant, or the shortest that goes on where an abbreviation, or the name of a block, ends. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const shortest = (beginning: string) =>
    names.filter((each) => each.startsWith(beginning)).sort((a, b) => a.length - b.length)[0];
  const meant = closestName(name, names) ?? (name.length < 3 ? undefined : shortest(name));
  if (meant !== undefined) return meant;
  const block = name.length < 3 ? undefined : closestName(name, optionPrefixes());
  return block === undefined ? undefined : shortest(`${block}-`);
}

/** What commander says, in our words; `names` are the options that may have been meant, `help` the command that tells more. */
export function usageError(error: CommanderError, names: readonly string[], help: string): StompctlError {
  const seeHelp = `see "${help}"`;
  // without the value, which may be a secret
  const [, option = ''] = /'([^'=]+)/.exec(error.message) ?? [];
  if (error.code === 'commander.unknownOption') {
    // -V and -v are the version elsewhere
    const closest = /^-v$/i.test(option) ? 'version' : nearest(option.replace(/^-+(?:no-)?/, ''), names);
    const hint = closest === undefined ? '' : `: did you mean --${closest}?`;
    return new StompctlError('USAGE', 'option', option, `there is no such option${hint}; ${seeHelp}`, error);
  }
  if (error.code === 'commander.optionMissingArgument') {
    return new StompctlError('USAGE', 'option', option.replace(/ .*/, ''), `needs a value; ${seeHelp}`, error);
  }
  return new StompctlError('USAGE', 'arguments', '', error.message.replace(/^error: /, ''), error);
}
