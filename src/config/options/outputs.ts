import { type BlockNode, type ConfigNode, newBlock, type Origin } from '../formats/config-node.js';
import { type Environment, expandEnvironment } from '../formats/environment.js';
import { COMMAND_LINE, invalid, type Problem } from '../formats/problem.js';
import type { ReadOption } from './option-reader.js';
import { isOptionPrefix, optionInFile } from './option-table.js';

/** What an output may be, which is also the name of one that is given none. */
export const OUTPUT_KINDS = ['queue', 'broker', 'folder', 'command'] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

export const OUTPUT_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Each is a session, or a folder that is kept open. */
export const MOST_OUTPUTS = 32;

/** A named block as it was written. */
export interface GivenOutput {
  readonly name: string;
  readonly kind: OutputKind;
  readonly origin: Origin;
  /** by full option name */
  readonly given: ReadonlyMap<string, ConfigNode>;
}

/** One of several outputs, read: the options that a configuration with this output alone would have for it. */
export interface Output extends Omit<GivenOutput, 'given'> {
  readonly options: ReadonlyMap<string, ReadOption>;
}

/** Of what kind an output is that has this option, or this block; undefined: it is none of an output. */
export function outputKindOf(name: string): OutputKind | undefined {
  return OUTPUT_KINDS.find((kind) => name === `outgoing-${kind}` || name.startsWith(`outgoing-${kind}-`));
}

/** A block `outgoing-…`, taken apart. */
export interface NamedBlocks {
  readonly named: readonly { readonly name: string; readonly block: BlockNode }[];
  /** what stands there without a name; undefined: nothing */
  readonly rest: ConfigNode | undefined;
}

/**
 * Takes the named blocks out of the block, or list, `prefix`: `<outgoing-queue audit>`, the key `audit` with a block in YAML, or a
 * block with `name`. In a folder that is the name of its files.
 */
export function namedBlocks(node: ConfigNode, prefix: string): NamedBlocks {
  if (node.kind === 'scalar') return { named: [], rest: node };
  if (node.kind === 'list') {
    const parts = node.items.map((item) => namedBlocks(item, prefix));
    const items = parts.flatMap(({ rest }) => rest ?? []);
    const named = parts.flatMap((part) => part.named);
    return { named, rest: items.length === 0 && named.length > 0 ? undefined : { ...node, items } };
  }
  const own = node.entries.get('name');
  if (own?.kind === 'scalar' && prefix !== 'outgoing-folder') {
    const entries = new Map(node.entries);
    entries.delete('name');
    return { named: [{ name: own.value ?? '', block: { ...node, entries } }], rest: undefined };
  }
  const named: { name: string; block: BlockNode }[] = [];
  const rest = newBlock(node.origin);
  for (const [name, child] of node.entries) {
    const blocks = blocksOf(child);
    if (blocks === undefined || isPart(prefix, name)) rest.entries.set(name, child);
    else named.push(...blocks.map((block) => ({ name, block })));
  }
  return { named, rest: rest.entries.size === 0 && named.length > 0 ? undefined : rest };
}

/** A name that is given twice is a list. */
function blocksOf(node: ConfigNode): BlockNode[] | undefined {
  const items = node.kind === 'list' ? node.items : [node];
  const blocks = items.flatMap((item) => (item.kind === 'block' ? [item] : []));
  return blocks.length === items.length && blocks.length > 0 ? blocks : undefined;
}

/** Does the name mean something here already? */
function isPart(prefix: string, name: string): boolean {
  const row = optionInFile(prefix);
  if (row !== undefined) return row.keys?.some((key) => key.name === name) === true;
  const full = `${prefix}-${name}`;
  return optionInFile(full) !== undefined || isOptionPrefix(full);
}

/** The same with the variables of the environment in it; a problem where one is missing. */
export function expandOutput(output: GivenOutput, env: Environment): GivenOutput | Problem {
  const given = new Map<string, ConfigNode>();
  for (const [name, node] of output.given) {
    const expanded = expandEnvironment(node, env);
    if ('reason' in expanded) return expanded;
    given.set(name, expanded);
  }
  return { ...output, given };
}

/**
 * All outputs of a configuration in the order of the file: those with a name, and, when there are such or `deliver` is given, those
 * without, which are taken out of `options`. Of several files the order is that in which they are read.
 */
export function allOutputs(named: readonly Output[], options: Map<string, ReadOption>, problems: Problem[]): Output[] {
  if (named.length === 0 && !options.has('deliver')) return [];
  const outputs: Output[] = [];
  for (const kind of OUTPUT_KINDS) {
    const own = [...options].filter(([name]) => outputKindOf(name) === kind);
    const [first] = own;
    if (first === undefined) continue;
    for (const [name, { origin }] of own) {
      options.delete(name);
      if (origin === COMMAND_LINE && named.length > 0) {
        problems.push(
          invalid(origin, `${name} cannot be added to outputs that have names: leave it out, or put it into the file`),
        );
      }
    }
    outputs.push({ name: kind, kind, origin: first[1].origin, options: new Map(own) });
  }
  outputs.push(...named);
  const [one] = outputs;
  const oneFile = outputs.every(({ origin }) => origin.file === one?.origin.file);
  return oneFile ? outputs.sort((a, b) => a.origin.line - b.origin.line) : outputs;
}
