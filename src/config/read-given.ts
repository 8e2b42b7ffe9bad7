import { readConfigFile, readPlainFile } from './formats/config-file.js';
import { parseConfigGeneral } from './formats/config-general.js';
import type { BlockNode, ConfigNode } from './formats/config-node.js';
import { formatOf, parseConfigText } from './formats/config-parser.js';
import { type Environment, expandEnvironment } from './formats/environment.js';
import { COMMAND_LINE, invalid, type Problem } from './formats/problem.js';
import { allEnds, expandEnd, type GivenEnd, type NamedEnd } from './options/named-ends.js';
import { isProblem, type ReadOption, readOption } from './options/option-reader.js';
import { optionNamed } from './options/option-table.js';
import { flattenTree } from './options/option-tree.js';

/** Options as the command line gives them: full names, and what was written for each occurrence. */
export type CommandLineOptions = ReadonlyMap<string, readonly string[]>;

export interface ConfigurationInput {
  /** `config` among them names the file */
  readonly commandLine: CommandLineOptions;
  readonly env: Environment;
  /** which options of the file count; the others in it may be anything. Absent: all */
  readonly ofFile?: (name: string) => boolean;
  /** it is read while a run lasts: then a pipe in its place is refused, which would be waited for */
  readonly again?: boolean;
}

/** What the file and the command line give, read into values but not validated. */
export interface Given {
  /** the file, if any */
  readonly file: string | undefined;
  /** by full name */
  readonly options: ReadonlyMap<string, ReadOption>;
  /** several; their options are not among the others */
  readonly inputs: readonly NamedEnd[];
  /** several, or with `deliver`; their options are not among the others */
  readonly outputs: readonly NamedEnd[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/**
 * Reads the file and the command line; the command line wins, for a list as a whole. `wanted` picks the options of
 * interest: problems with others, unknown ones included, are then left out.
 * Rejects when a file cannot be read or parsed.
 */
export async function readGiven(
  { commandLine, env, ofFile, again }: ConfigurationInput,
  wanted?: (name: string) => boolean,
): Promise<Given> {
  const given = new Map<string, ConfigNode>();
  let named: readonly GivenEnd[] = [];
  let problems: Problem[] = [];
  let warnings: readonly string[] = [];
  const file = commandLine.get('config')?.at(-1);
  if (file !== undefined) {
    const fromFile = flattenTree(
      await parseWithOptions(file, again === true ? readPlainFile : readConfigFile, commandLine, env),
    );
    // no `push(...list)` of what a file can make long: that overflows the stack
    const counts = ofFile ?? wanted;
    if (counts === undefined) {
      problems = [...fromFile.problems];
      named = fromFile.ends;
    }
    warnings = fromFile.warnings;
    for (const [name, node] of fromFile.given) if (counts?.(name) ?? true) given.set(name, node);
  }
  for (const [name, texts] of commandLine) {
    if (optionNamed(name)?.commandLineOnly !== true && (wanted?.(name) ?? true)) {
      given.set(name, commandLineNode(name, texts));
    }
  }
  if (file !== undefined && formatOf(file) !== 'apache') {
    problems.push(...expandAll(given, env));
    named = named
      .map((end) => expandEnd(end, env))
      .flatMap((end) => {
        if ('given' in end) return [end];
        problems.push(end);
        return [];
      });
  }
  const options = readAll(given, problems);
  const read = named.map((end): NamedEnd => ({ ...end, options: readAll(end.given, problems) }));
  const inputs = allEnds('incoming', read, options, problems);
  const outputs = allEnds('outgoing', read, options, problems);
  return { file, options, inputs, outputs, problems, warnings };
}

/** The command line's `config-general`, or else the file's own, for which its text is parsed twice. */
async function parseWithOptions(
  file: string,
  read: (path: string) => Promise<string>,
  commandLine: CommandLineOptions,
  env: Environment,
): Promise<BlockNode> {
  const asked = commandLine.get('config-general');
  const text = await read(file);
  if (asked !== undefined) return parseConfigText(file, text, parseConfigGeneral(asked.join(' '), COMMAND_LINE, env));
  const tree = await parseConfigText(file, text);
  if (formatOf(file) !== 'apache') return tree;
  const own = flattenTree(tree).given.get('config-general');
  if (own?.kind !== 'scalar' || own.value === null) return tree;
  return parseConfigText(file, text, parseConfigGeneral(own.value, own.origin, env));
}

function expandAll(given: Map<string, ConfigNode>, env: Environment): Problem[] {
  const problems: Problem[] = [];
  for (const [name, node] of given) {
    if (name === 'callback-code' || node.origin === COMMAND_LINE) continue;
    const expanded = expandEnvironment(node, env);
    if ('reason' in expanded) problems.push(expanded);
    else given.set(name, expanded);
  }
  return problems;
}

function commandLineNode(name: string, texts: readonly string[]): ConfigNode {
  const row = optionNamed(name);
  const scalars = texts.map((value) => scalarNode(value));
  if (row?.kind === 'tables' || row?.kind === 'credentials') {
    return { kind: 'list', items: scalars, origin: COMMAND_LINE };
  }
  // as any program does: of an option that cannot repeat, the last one counts
  return scalars.at(-1) ?? scalarNode(null);
}

function scalarNode(value: string | null): ConfigNode {
  return { kind: 'scalar', value, origin: COMMAND_LINE, textLine: 0 };
}

function readAll(given: ReadonlyMap<string, ConfigNode>, problems: Problem[]): Map<string, ReadOption> {
  const options = new Map<string, ReadOption>();
  for (const [name, node] of given) {
    const row = optionNamed(name);
    if (row === undefined) {
      problems.push(invalid(node.origin, `there is no option "${name}"`));
      continue;
    }
    const read = readOption(row, node);
    if (isProblem(read)) problems.push(read);
    else options.set(name, read);
  }
  return options;
}
