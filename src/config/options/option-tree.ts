import { didYouMean } from '../../base/closest-name.js';
import { addEntry, type BlockNode, type ConfigNode, newBlock, type Origin, placeOf } from '../formats/config-node.js';
import { invalid, type Problem } from '../formats/problem.js';
import { endOfBlock } from './end-kinds.js';
import { AUTH_EXAMPLE } from './key-value.js';
import { type GivenEnd, namedBlocks, withoutBeside } from './named-ends.js';
import { lackOfBlank } from './option-reader.js';
import { isOptionPrefix, namesInFile, OPTION_TABLE, optionInFile, optionPrefixes } from './option-table.js';

/** A block of one of these names may wrap the whole configuration; what stands beside it is for other programs. */
const WRAPPERS = ['stompclt', 'stompctl'];

/** What a configuration gives, by full option name. An option that is given several times is a list. */
export interface GivenOptions {
  readonly given: ReadonlyMap<string, ConfigNode>;
  /** inputs and outputs that have a name */
  readonly ends: readonly GivenEnd[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/**
 * Turns a parsed file into options: nested blocks and dashed names are the same thing, so `<outgoing> <broker> uri`
 * is `outgoing-broker-uri`. Names that belong to no option become problems.
 */
export function flattenTree(root: BlockNode): GivenOptions {
  const flattener = new Flattener();
  const wrappers = WRAPPERS.filter((name) => root.entries.get(name)?.kind === 'block');
  if (wrappers.length === 0) {
    flattener.walk(root, '');
  } else {
    for (const [name, node] of root.entries) {
      if (wrappers.includes(name)) flattener.walk(node, '');
      else flattener.warnings.push(`${placeOf(node.origin)}: "${name}" stands outside <${wrappers[0]}> and is ignored`);
    }
  }
  const { ends } = flattener;
  return { given: flattener.given.entries, ends, problems: flattener.problems, warnings: flattener.warnings };
}

const OF_LOGIN = /^(incoming|outgoing)-broker-(?:user(?:-?name)?|login|name|pass(?:code|word|-file|-env)?)$/;

/** Who names a user beside the URI is told where one belongs. */
function howToLogIn(name: string): string | undefined {
  const [, side] = OF_LOGIN.exec(name) ?? [];
  return side === undefined ? undefined : `: set ${side}-broker-auth, ${AUTH_EXAMPLE}`;
}

/** Whoever misspells that many names has given the wrong file: looking for what each may mean takes too long. */
const MOST_SUGGESTIONS = 20;

class Flattener {
  readonly given = newBlock({ file: '', line: 0 });
  readonly ends: GivenEnd[] = [];
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];
  #suggestions = 0;

  walk(node: ConfigNode, prefix: string): void {
    if (node.kind === 'list') {
      for (const item of node.items) this.walk(item, prefix);
    } else if (node.kind === 'block') {
      for (const [name, child] of node.entries) this.#enter(child, prefix === '' ? name : `${prefix}-${name}`);
    } else {
      const uri = optionInFile(`${prefix}-uri`) === undefined ? '' : `: for its URI set ${prefix}-uri`;
      this.problems.push(invalid(node.origin, `"${prefix}" is a block of options, not an option with a value${uri}`));
    }
  }

  #enter(whole: ConfigNode, name: string): void {
    const node = this.#withoutNamed(whole, name);
    if (node === undefined) return;
    const option = optionInFile(name);
    if (option === undefined) {
      if (isOptionPrefix(name)) this.walk(node, name);
      else this.#unknown(node.origin, name);
      return;
    }
    const takesBlock = ['table', 'tables', 'credentials', 'rules'].includes(option.kind);
    if (!takesBlock && node.kind === 'block' && isOptionPrefix(name)) {
      this.walk(node, name);
      return;
    }
    if (option.commandLineOnly) {
      // stompclt ignores these two in a file
      if (name === 'quit' || name === 'status')
        this.warnings.push(`${placeOf(node.origin)}: "${name}" is ignored in a file`);
      else this.problems.push(invalid(node.origin, `"${name}" can only be given on the command line`));
      return;
    }
    const items = node.kind === 'list' ? node.items : [node];
    for (const item of items) addEntry(this.given, option.name, item);
  }

  /** Takes the named inputs and outputs out, and what stands in a block for options beside it; undefined: nothing else is there. */
  #withoutNamed(node: ConfigNode, name: string): ConfigNode | undefined {
    const end = endOfBlock(name);
    if (end === undefined) return node;
    const { named, rest } = namedBlocks(node, name);
    for (const { name: own, block } of named) {
      const inside = new Flattener();
      const left = withoutBeside(block, name, inside.given);
      if (optionInFile(name) === undefined) inside.walk(left, name);
      else inside.given.entries.set(name, left);
      this.problems.push(...inside.problems);
      this.ends.push({ ...end, name: own, origin: block.origin, given: inside.given.entries });
    }
    return rest && withoutBeside(rest, name, this.given);
  }

  #unknown(origin: Origin, name: string): void {
    const hint = howToLogIn(name) ?? this.#suggestion(name);
    this.problems.push(invalid(origin, lackOfBlank(origin, name) ?? `there is no option "${name}"${hint}`));
  }

  #suggestion(name: string): string {
    if (this.#suggestions === MOST_SUGGESTIONS) return '';
    this.#suggestions += 1;
    const options = OPTION_TABLE.filter((row) => !row.commandLineOnly).flatMap(namesInFile);
    // a block may be misspelt as well
    return didYouMean(name, [...options, ...optionPrefixes()]);
  }
}
