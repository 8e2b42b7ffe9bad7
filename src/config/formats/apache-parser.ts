import { readStatements, type Statement, trimBlanks } from './apache-reader.js';
import {
  addEntry,
  type BlockNode,
  newBlock,
  type Origin,
  placeOf,
  type ScalarNode,
  syntaxError,
} from './config-node.js';

/** The options of Perl's Config::General that are understood; all off unless `config-general` asks. */
export interface ApacheOptions {
  /** `on yes true 1` become 1, `off no false 0` become 0, in any case of letters */
  readonly autoTrue?: boolean;
  /** `$name` and `${name}` stand for an option seen before, in this block or around it */
  readonly interpolateVars?: boolean;
  /** the same, and then for a variable of the environment */
  readonly interpolateEnv?: boolean;
  readonly lowerCaseNames?: boolean;
  readonly mergeDuplicateBlocks?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Blocks inside blocks deeper than this are a mistake. */
const DEEPEST = 100;

const VARIABLE = /(?<!\\)\$(?:\{([a-zA-Z0-9][\w\-.:+]*)\}|([a-zA-Z0-9][\w\-.:+]*))/g;

const NAMED_BLOCK = /^(?:"([^"]+)"|([^ \t\v\f\r]+))(?:[ \t\v\f\r]+(?:"([^"]+)"|(.*)))?$/s;

interface Frame {
  readonly name: string;
  readonly argument: string | undefined;
  readonly block: BlockNode;
  /** the block was there before, and is being added to */
  readonly merged: boolean;
  readonly origin: Origin;
  readonly variables: Map<string, string>;
}

/**
 * Parses an Apache-style file as Perl's Config::General 2.65 does. Stricter in what Perl lets pass in silence:
 * a close tag of another name, a here-document or a continuation without its end are errors.
 * `text` replaces the file's content. Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_SYNTAX.
 */
export async function parseApache(path: string, options: ApacheOptions = {}, text?: string): Promise<BlockNode> {
  const parser = new ApacheParser(path, options);
  for (const statement of await readStatements(path, text)) parser.take(statement);
  return parser.finish();
}

class ApacheParser {
  readonly #options: ApacheOptions;
  readonly #frames: [Frame, ...Frame[]];
  /** what `$name` means inside a block, kept for when the block is opened again */
  readonly #variables = new WeakMap<BlockNode, Map<string, string>>();

  constructor(path: string, options: ApacheOptions) {
    this.#options = options;
    const origin = { file: path, line: 0 };
    const root = newBlock(origin);
    this.#frames = [{ name: '', argument: undefined, block: root, merged: false, origin, variables: new Map() }];
  }

  finish(): BlockNode {
    const frame = this.#current;
    if (this.#frames.length > 1) throw syntaxError(frame.origin, `<${frame.name}> is never closed`);
    return frame.block;
  }

  take(statement: Statement): void {
    if (statement.kind === 'heredoc') {
      this.#addScalar(statement.key, statement.value, statement.origin, statement.textLine);
      return;
    }
    const { text, origin } = statement;
    if (text.startsWith('</') && text.endsWith('>')) this.#close(text.slice(2, -1), origin);
    else if (/^<[^/].*>$/s.test(text)) this.#open(text.slice(1, -1), origin);
    else {
      const [key, value] = splitLine(text);
      this.#addScalar(key, value, origin, origin.line);
    }
  }

  get #current(): Frame {
    return this.#frames.at(-1) ?? this.#frames[0];
  }

  #addScalar(rawKey: string, rawValue: string | null, origin: Origin, textLine: number): void {
    const key = this.#options.lowerCaseNames ? rawKey.toLowerCase() : rawKey;
    if (key === '') throw syntaxError(origin, 'there is no option name before the "="');
    const value = rawValue === null ? null : this.#value(key, unquote(rawValue), origin);
    const { block, variables } = this.#current;
    if (!block.entries.has(key)) variables.set(key, value ?? '');
    const scalar: ScalarNode = { kind: 'scalar', value, origin, textLine };
    addEntry(block, key, scalar);
  }

  #value(key: string, raw: string, origin: Origin): string {
    let value = this.#interpolate(key, raw, origin);
    if (this.#options.autoTrue) {
      if (/^(?:on|yes|true|1)$/i.test(value)) value = '1';
      else if (/^(?:off|no|false|0)$/i.test(value)) value = '0';
    }
    return value.replace(/\\([$\\"#])/g, '$1');
  }

  #interpolate(key: string, value: string, origin: Origin): string {
    const { interpolateEnv = false, interpolateVars = false, lowerCaseNames = false, env = {} } = this.#options;
    if (!interpolateVars && !interpolateEnv) return value;
    const known = this.#current.variables;
    return interpolate(value, (name) => {
      const found = known.get(lowerCaseNames ? name.toLowerCase() : name);
      if (found !== undefined) return found;
      if (interpolateEnv) return env[name] ?? '';
      throw syntaxError(origin, `${key}: there is no option "${name}" before this line for $${name} to stand for`);
    });
  }

  #open(content: string, origin: Origin): void {
    if (this.#frames.length > DEEPEST) throw syntaxError(origin, `blocks are nested more than ${DEEPEST} deep`);
    const tag = blockTag(trimBlanks(content));
    const name = this.#blockName(tag.name, origin);
    const argument = tag.argument === undefined ? undefined : this.#interpolate(name, tag.argument, origin);
    const existing = this.#options.mergeDuplicateBlocks ? this.#existing(name, argument) : undefined;
    const block = existing ?? newBlock(origin);
    const variables = this.#variables.get(block) ?? new Map(this.#current.variables);
    this.#variables.set(block, variables);
    this.#frames.push({ name, argument, block, merged: existing !== undefined, origin, variables });
  }

  #blockName(written: string, origin: Origin): string {
    const name = this.#interpolate(written, written, origin);
    return this.#options.lowerCaseNames ? name.toLowerCase() : name;
  }

  /** The block of this name that stands in the current one already, if any. */
  #existing(name: string, argument: string | undefined): BlockNode | undefined {
    let node = this.#current.block.entries.get(name);
    if (argument !== undefined && node?.kind === 'block') node = node.entries.get(argument);
    else if (argument !== undefined) return undefined;
    return node?.kind === 'block' ? node : undefined;
  }

  #close(content: string, origin: Origin): void {
    const frame = this.#current;
    const name = closingName(content);
    if (this.#frames.length === 1) throw syntaxError(origin, `</${name}> closes a block that was never opened`);
    if (this.#blockName(name, origin) !== frame.name) {
      throw syntaxError(origin, `</${name}> cannot close <${frame.name}> of ${placeOf(frame.origin)}`);
    }
    this.#frames.pop();
    if (!frame.merged) this.#attach(frame);
  }

  #attach(frame: Frame): void {
    const { block } = this.#current;
    const before = block.entries.get(frame.name);
    if (before?.kind === 'scalar') {
      const reason = `<${frame.name}> cannot be a block: it has a value at ${placeOf(before.origin)}`;
      throw syntaxError(frame.origin, reason);
    }
    if (frame.argument === undefined) {
      addEntry(block, frame.name, frame.block);
      return;
    }
    if (before?.kind === 'list') {
      const reason = `<${frame.name} ${frame.argument}> cannot be added to the list that "${frame.name}" already is`;
      throw syntaxError(frame.origin, reason);
    }
    const group = before ?? newBlock(frame.origin);
    block.entries.set(frame.name, group);
    addEntry(group, frame.argument, frame.block);
  }
}

/**
 * `value` with each `$name` and `${name}` replaced by what `lookUp` gives for it, as Config::General's interpolation:
 * a backslash before the `$` and single quotes around the text keep it as it is. The result is not looked at again.
 */
function interpolate(value: string, lookUp: (name: string) => string): string {
  return value
    .split(/('[^']+')/)
    .map((part, index) =>
      index % 2 === 1 ? part : part.replace(VARIABLE, (_match, braced, bare) => lookUp(braced ?? bare)),
    )
    .join('');
}

/** Split at the first `=` with the blanks around it, or at the first run of blanks; a name alone has no value. */
function splitLine(text: string): [string, string | null] {
  const separator = /[ \t\v\f\r]*=[ \t\v\f\r]*|[ \t\v\f\r]+/.exec(text);
  if (separator === null) return [text, null];
  return [text.slice(0, separator.index), text.slice(separator.index + separator[0].length)];
}

/** One pair of double quotes around the whole value goes. */
function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  return value.length === 1 ? '' : value.slice(1, -1);
}

/** `name`, `name arg`, `"name"`, `"name" "arg"`; a name with blanks alone between quotes. */
function blockTag(content: string): { name: string; argument: string | undefined } {
  const quoted = /^"([^"]+)"$/.exec(content)?.[1];
  if (quoted !== undefined) return { name: quoted, argument: undefined };
  const [, long, short, longArgument, shortArgument] = NAMED_BLOCK.exec(content) ?? [];
  return { name: long ?? short ?? content, argument: longArgument ?? shortArgument };
}

/** The name in a close tag; whoever repeats the argument there, as in `</name arg>`, is understood. */
function closingName(content: string): string {
  return blockTag(trimBlanks(content)).name;
}
