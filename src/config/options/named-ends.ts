import { addEntry, type BlockNode, type ConfigNode, newBlock, type Origin } from '../formats/config-node.js';
import { type Environment, expandEnvironment } from '../formats/environment.js';
import { COMMAND_LINE, invalid, type Problem } from '../formats/problem.js';
import { END_KINDS, type EndKind, type EndOfBlock, SIDE_WORDS, type Side } from './end-kinds.js';
import type { ReadOption } from './option-reader.js';
import { isOptionPrefix, optionInFile } from './option-table.js';

const END_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_SHOWN = 100;
/** Each is a session, or a folder that is kept open. */
export const MOST_ENDS = 32;

/** What belongs to an end without beginning with its name, and may stand in its block as it is called. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  'incoming-queue': ['queue-headers'],
  'incoming-folder': ['folder-headers'],
  'incoming-broker': ['subscribe', 'unsubscribe', 'prefetch'],
};

/** A named block as it was written. */
export interface GivenEnd extends EndOfBlock {
  readonly name: string;
  readonly origin: Origin;
  /** by full option name */
  readonly given: ReadonlyMap<string, ConfigNode>;
}

/** One of several inputs or outputs, read: the options that a configuration with this one alone would have for it. */
export interface NamedEnd extends Omit<GivenEnd, 'given'> {
  readonly options: ReadonlyMap<string, ReadOption>;
}

/** Why it cannot be called so; undefined: it can. */
export function nameProblem({ name, side, kind, origin }: NamedEnd): Problem | undefined {
  if (END_NAME.test(name)) return undefined;
  const shown = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
  const reason = `the name of an ${SIDE_WORDS[side]} has 1 to 64 letters, digits, "_" and "-", not "${shown}"`;
  return invalid(origin, `${side}-${kind}: ${reason}`);
}

/** What may stand in the block of an end under its full name: `subscribe` in `incoming-broker`. */
export function besideOf(block: string): readonly string[] {
  return BESIDE[block] ?? [];
}

function isOf(option: string, side: Side, kind: EndKind): boolean {
  const block = `${side}-${kind}`;
  return option === block || option.startsWith(`${block}-`);
}

/** A block `outgoing-…` or `incoming-…`, taken apart. */
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
  if (isBeside(prefix, name)) return true;
  const row = optionInFile(prefix);
  if (row !== undefined) return row.keys?.some((key) => key.name === name) === true;
  const full = `${prefix}-${name}`;
  return optionInFile(full) !== undefined || isOptionPrefix(full);
}

function isBeside(prefix: string, name: string): boolean {
  return besideOf(prefix).includes(optionInFile(name)?.name ?? '');
}

/** Takes out of the block of an end what stands in it under its full name, and puts it into `given`. What is left of the block. */
export function withoutBeside(node: ConfigNode, prefix: string, given: BlockNode): ConfigNode {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => withoutBeside(item, prefix, given)) };
  if (node.kind === 'scalar') return node;
  const rest = newBlock(node.origin);
  for (const [name, child] of node.entries) {
    const row = isBeside(prefix, name) ? optionInFile(name) : undefined;
    if (row === undefined) rest.entries.set(name, child);
    else for (const item of child.kind === 'list' ? child.items : [child]) addEntry(given, row.name, item);
  }
  return rest;
}

/** The same with the variables of the environment in it; a problem where one is missing. */
export function expandEnd(end: GivenEnd, env: Environment): GivenEnd | Problem {
  const given = new Map<string, ConfigNode>();
  for (const [name, node] of end.given) {
    const expanded = expandEnvironment(node, env);
    if ('reason' in expanded) return expanded;
    given.set(name, expanded);
  }
  return { ...end, given };
}

/**
 * All outputs, or inputs, of a configuration in the order of the file: those with a name, and, when there are such or `deliver` is
 * given, those without, which are taken out of `options`. Of several files the order is that in which they are read. A single input
 * is none of several: its options are put where those of one without a name stand.
 */
export function allEnds(
  side: Side,
  given: readonly NamedEnd[],
  options: Map<string, ReadOption>,
  problems: Problem[],
): NamedEnd[] {
  const named = given.filter((end) => end.side === side);
  if (named.length === 0 && !(side === 'outgoing' && options.has('deliver'))) return [];
  const ends: NamedEnd[] = [];
  for (const kind of END_KINDS) {
    const own = [...options].filter(([name]) => isOf(name, side, kind));
    const [first] = own;
    if (first === undefined) continue;
    own.push(...[...options].filter(([name]) => besideOf(`${side}-${kind}`).includes(name)));
    for (const [name, { origin }] of own) {
      options.delete(name);
      if (origin === COMMAND_LINE && named.length > 0) {
        const ofSide = `${SIDE_WORDS[side]}s that have names`;
        problems.push(invalid(origin, `${name} cannot be added to ${ofSide}: leave it out, or put it into the file`));
      }
    }
    ends.push({ name: kind, side, kind, origin: first[1].origin, options: new Map(own) });
  }
  ends.push(...named);
  const [one] = ends;
  if (side === 'incoming' && one !== undefined && ends.length === 1) {
    problems.push(...[nameProblem(one) ?? []].flat());
    for (const [name, option] of one.options) if (options.get(name)?.origin !== COMMAND_LINE) options.set(name, option);
    return [];
  }
  for (const option of Object.values(BESIDE).flatMap((names) => names.flatMap((name) => options.get(name) ?? []))) {
    const reason = 'there are several inputs: put it into the block of the one that it is meant for (docs/inputs.md)';
    if (side === 'incoming') problems.push(invalid(option.origin, `${option.row.name}: ${reason}`));
  }
  const oneFile = ends.every(({ origin }) => origin.file === one?.origin.file);
  return oneFile ? ends.sort((a, b) => a.origin.line - b.origin.line) : ends;
}
