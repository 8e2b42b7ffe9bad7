import { reasonOf } from '../../base/errors.js';
import { addEntry, type BlockNode, type ConfigNode, newBlock, type Origin, syntaxError } from './config-node.js';

type Yaml = typeof import('js-yaml');
type YamlEvent = ReturnType<Yaml['parseEvents']>[number];

/** `*alias` may stand for a large part, which may hold aliases itself: what all of it amounts to is bounded. */
const MOST_NODES = 100_000;

/**
 * Parses YAML (and so JSON) into the tree that all formats share. Scalars are kept as they are written, so that
 * `umask: 022` and a password of digits survive; only an empty one, `~` and `null` are null.
 * Rejects with CONFIG_SYNTAX.
 */
export async function parseYaml(path: string, text: string): Promise<BlockNode> {
  const yaml = await import('js-yaml');
  const origin: Origin = { file: path, line: 0 };
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let events: YamlEvent[];
  try {
    events = yaml.parseEvents(source, { maxDepth: 100 });
    // the events say nothing about duplicate keys and unknown tags
    yaml.loadAll(source, { maxDepth: 100, maxAliases: 1000 });
  } catch (error) {
    throw yamlError(path, error);
  }
  const builder = new TreeBuilder(yaml, path, source, events);
  const documents = builder.documents();
  if (documents.length > 1) throw syntaxError(origin, 'holds more than one YAML document');
  const [document] = documents;
  if (document === undefined || (document.kind === 'scalar' && document.value === null)) return newBlock(origin);
  if (document.kind !== 'block') throw syntaxError(document.origin, 'is not a list of "option: value"');
  return document;
}

/** The parser's own text quotes the lines around, which may hold a password: only its reason and place are kept. */
function yamlError(path: string, error: unknown): Error {
  let reason = reasonOf(error).replace(/\n.*/s, '');
  let line = 0;
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string') reason = error.reason;
  if (error instanceof Error && 'mark' in error) {
    const mark = error.mark;
    if (typeof mark === 'object' && mark !== null && 'line' in mark && typeof mark.line === 'number')
      line = mark.line + 1;
  }
  // a password with a sign of YAML in front is a tag or an alias, which the reason names
  return syntaxError(
    { file: path, line },
    `not valid YAML: ${reason.replace(/"[^"]*"|!?<[^>]*>|(?<=characters: ).*/g, '…')}`,
  );
}

class TreeBuilder {
  readonly #yaml: Yaml;
  readonly #path: string;
  readonly #source: string;
  readonly #events: readonly YamlEvent[];
  readonly #lineStarts: number[] = [0];
  readonly #anchors = new Map<string, ConfigNode>();
  /** what each anchored node amounts to, aliases included */
  readonly #weights = new Map<ConfigNode, number>();
  #next = 0;
  #nodes = 0;

  constructor(yaml: Yaml, path: string, source: string, events: readonly YamlEvent[]) {
    this.#yaml = yaml;
    this.#path = path;
    this.#source = source;
    this.#events = events;
    for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  documents(): ConfigNode[] {
    const { DOCUMENT, POP } = this.#yaml.EVENT_ID;
    const documents: ConfigNode[] = [];
    while (this.#next < this.#events.length) {
      const { type } = this.#take();
      if (type === POP) continue;
      if (type !== DOCUMENT) throw syntaxError({ file: this.#path, line: 0 }, 'not valid YAML: no document');
      this.#anchors.clear();
      if (this.#events[this.#next]?.type !== POP) documents.push(this.#node(1));
    }
    return documents;
  }

  #take(): YamlEvent {
    const event = this.#events[this.#next];
    if (event === undefined) throw syntaxError({ file: this.#path, line: 0 }, 'not valid YAML: it ends too early');
    this.#next += 1;
    return event;
  }

  /** The next node; `line` is where its surroundings start, for nodes without a place of their own. */
  #node(line: number): ConfigNode {
    const { SCALAR, MAPPING, SEQUENCE, ALIAS } = this.#yaml.EVENT_ID;
    const event = this.#take();
    if (event.type === ALIAS) return this.#alias(event, line);
    const before = this.#nodes;
    this.#count(1, line);
    let node: ConfigNode;
    if (event.type === SCALAR) node = this.#scalar(event, line);
    else if (event.type === MAPPING) node = this.#mapping(this.#lineAt(event.start));
    else if (event.type === SEQUENCE) node = this.#sequence(this.#lineAt(event.start));
    else throw syntaxError({ file: this.#path, line }, 'not valid YAML: it ends too early');
    if ('anchorStart' in event && event.anchorStart !== -1) {
      this.#anchors.set(this.#source.slice(event.anchorStart, event.anchorEnd), node);
      this.#weights.set(node, this.#nodes - before);
    }
    return node;
  }

  #alias(event: Extract<YamlEvent, { anchorStart: number }>, line: number): ConfigNode {
    const node = this.#anchors.get(this.#source.slice(event.anchorStart, event.anchorEnd));
    if (node === undefined) throw syntaxError({ file: this.#path, line }, 'not valid YAML: an alias of itself');
    this.#count(this.#weights.get(node) ?? 1, line);
    return node;
  }

  #count(nodes: number, line: number): void {
    this.#nodes += nodes;
    if (this.#nodes > MOST_NODES)
      throw syntaxError({ file: this.#path, line }, `more than ${MOST_NODES} values in all`);
  }

  #scalar(event: Extract<YamlEvent, { style: unknown; valueStart: number }>, line: number): ConfigNode {
    const { PLAIN, LITERAL_BLOCK, FOLDED_BLOCK } = this.#yaml.SCALAR_STYLE;
    const text = this.#yaml.getScalarValue(this.#source, event);
    const start = event.valueStart >= 0 ? this.#lineAt(event.valueStart) : line;
    const block = event.style === LITERAL_BLOCK || event.style === FOLDED_BLOCK;
    const plain = event.style === PLAIN && event.tagStart === -1;
    const isNull = plain && /^(?:~|null|Null|NULL|)$/.test(text);
    return {
      ...(plain && /^(?:true|True|TRUE|false|False|FALSE)$/.test(text)
        ? { real: text[0] === 't' || text[0] === 'T' }
        : {}),
      kind: 'scalar',
      value: isNull ? null : text,
      origin: { file: this.#path, line: block ? line : start },
      textLine: start,
    };
  }

  #sequence(line: number): ConfigNode {
    const items: ConfigNode[] = [];
    while (this.#events[this.#next]?.type !== this.#yaml.EVENT_ID.POP) items.push(this.#node(line));
    this.#next += 1;
    return { kind: 'list', items, origin: { file: this.#path, line } };
  }

  #mapping(line: number): ConfigNode {
    const block = newBlock({ file: this.#path, line });
    const merged: ConfigNode[] = [];
    while (this.#events[this.#next]?.type !== this.#yaml.EVENT_ID.POP) {
      const merges = this.#isMergeKey();
      const key = this.#node(line);
      if (key.kind !== 'scalar') throw syntaxError(key.origin, 'an option name must be plain text');
      const found = this.#node(key.origin.line);
      // a block begins with its name, as in the other formats
      const value = found.kind === 'block' ? { ...found, origin: key.origin } : found;
      if (merges) merged.push(...(value.kind === 'list' ? value.items : [value]));
      else addEntry(block, key.value ?? '', value);
    }
    this.#next += 1;
    for (const other of merged) this.#merge(block, other);
    return block;
  }

  /** `<<`, of YAML 1.1 and in wide use: what is given beside it wins, and then the first of a list. */
  #isMergeKey(): boolean {
    const event = this.#events[this.#next];
    if (event?.type !== this.#yaml.EVENT_ID.SCALAR || event.style !== this.#yaml.SCALAR_STYLE.PLAIN) return false;
    return this.#yaml.getScalarValue(this.#source, event) === '<<';
  }

  #merge(block: BlockNode, other: ConfigNode): void {
    if (other.kind !== 'block')
      throw syntaxError(other.origin, '"<<" takes a block, or a list of blocks, as in "<<: *name"');
    this.#count(other.entries.size, other.origin.line);
    for (const [name, node] of other.entries) if (!block.entries.has(name)) block.entries.set(name, node);
  }

  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
