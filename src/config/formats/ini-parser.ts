import { type BlockNode, type ConfigNode, newBlock, type Origin, placeOf, syntaxError } from './config-node.js';

const LINE = /^\[([^\]]*)\]\s*$|^([^=]+)(?:=|$)/;

/** Sections inside sections deeper than this are a mistake. */
const DEEPEST = 100;

/**
 * Parses INI with the `ini` library: sections are blocks, `[incoming.broker.auth]` nests, `name[] = value` repeats.
 * A name or section given twice, which the library would merge or let the last one win, is an error.
 * Rejects with CONFIG_SYNTAX.
 */
export async function parseIni(path: string, text: string): Promise<BlockNode> {
  const ini = await import('ini');
  const lines = findLines(path, text, ini.unsafe);
  const root = block(ini.parse(text.replace(/^\uFEFF/, '')), [], path, lines);
  for (const key of lines.keys()) {
    const where = key.split('\0');
    refuseLost(root, where, { file: path, line: lines.get(key)?.line ?? 0 }, lines.get(key)?.section === true);
  }
  return root;
}

interface Place {
  readonly line: number;
  readonly section: boolean;
}

type Places = ReadonlyMap<string, Place>;

/** A name that is both a value and a section: the library keeps one of them. */
function refuseLost(root: BlockNode, where: readonly string[], origin: Origin, section: boolean): void {
  let node: ConfigNode | undefined = root;
  for (const step of where) node = node?.kind === 'block' ? node.entries.get(step) : undefined;
  if ((node?.kind === 'block') !== section) {
    throw syntaxError(origin, `"${where.join('.')}" is both a value and a section`);
  }
}

function keyOf(path: readonly string[]): string {
  return path.join('\0');
}

/** The line of every section and name: the library does not tell. It repeats how the library reads a line. */
function findLines(path: string, text: string, unquote: (text: string) => string): Places {
  const lines = new Map<string, Place>();
  let section: string[] = [];
  const note = (where: readonly string[], origin: Origin, section: boolean, advice: string): void => {
    const key = keyOf(where);
    const before = lines.get(key);
    if (before !== undefined && before.section !== section) {
      throw syntaxError(origin, `"${where.join('.')}" is both a value and a section`);
    }
    if (before !== undefined && advice !== '') {
      const place = placeOf({ file: path, line: before.line });
      throw syntaxError(origin, `"${where.join('.')}" was given at ${place} already: ${advice}`);
    }
    if (before === undefined) lines.set(key, { line: origin.line, section });
  };
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const origin = { file: path, line: index + 1 };
    if (/^\s*(?:[;#]|$)/.test(line)) continue;
    const match = LINE.exec(line);
    if (match === null) throw syntaxError(origin, 'is neither "[section]" nor "name = value"');
    const [, heading, key = ''] = match;
    if (heading !== undefined) {
      section = sectionPath(unquote(heading));
      if (section.length > DEEPEST) throw syntaxError(origin, `sections are nested more than ${DEEPEST} deep`);
      if (section.includes('__proto__')) throw syntaxError(origin, 'there is no such option as "__proto__"');
      note(section, origin, true, `to repeat it, write "${section.join('-')}[] = KEY=VALUE…" in the section above`);
      continue;
    }
    const name = String(unquote(key));
    if (name === '__proto__') throw syntaxError(origin, 'there is no such option as "__proto__"');
    if (name.length > 2 && name.endsWith('[]')) note([...section, name.slice(0, -2)], origin, false, '');
    else note([...section, name], origin, false, `to repeat it, write "${name}[] = …"`);
  }
  return lines;
}

/** `a.b` is `b` inside `a`; `\.` is a dot. */
function sectionPath(section: string): string[] {
  return section.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
}

function block(value: object, where: readonly string[], file: string, lines: Places): BlockNode {
  const made = newBlock({ file, line: lines.get(keyOf(where))?.line ?? 0 });
  for (const [name, child] of Object.entries(value)) {
    made.entries.set(name, node(child, [...where, name], file, lines));
  }
  return made;
}

function node(value: unknown, where: readonly string[], file: string, lines: Places): ConfigNode {
  const line = lines.get(keyOf(where))?.line ?? 0;
  const origin = { file, line };
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item) => node(item, where, file, lines)), origin };
  }
  if (typeof value === 'object' && value !== null) return block(value, where, file, lines);
  return { kind: 'scalar', value: value === null ? null : String(value), origin, textLine: line };
}
