import { unreachable } from '../../base/errors.js';
import { type ConfigNode, toPlain } from '../formats/config-node.js';
import { besideOf, type NamedEnd } from '../options/named-ends.js';
import type { OptionRow } from '../options/option.js';
import type { OptionValue, ReadOption } from '../options/option-reader.js';
import { OPTION_TABLE } from '../options/option-table.js';
import type { MigrationNote } from './migration-notes.js';

/** Options whose names begin so stand in one block. */
const BLOCKS = ['incoming-broker', 'outgoing-broker'] as const;
/** Says how a file of Apache style is read: what it did has been done. */
const READING = 'config-general';
const WIDTH = 100;

/**
 * A YAML configuration with the same meaning as these options, in the order of the table, each with what it does and the notes
 * about it. Secrets are in it, as they were.
 */
export async function migratedYaml(
  head: readonly string[],
  given: ReadonlyMap<string, ReadOption>,
  notes: readonly MigrationNote[],
  { inputs, outputs }: { readonly inputs: readonly NamedEnd[]; readonly outputs: readonly NamedEnd[] },
): Promise<string> {
  const { dump } = await import('js-yaml');
  const parts: string[] = [comment(head.join('\n'))];
  for (const block of [undefined, ...BLOCKS]) {
    const options = OPTION_TABLE.flatMap((row) => {
      const option = given.get(row.name);
      return option === undefined || row.name === READING || blockOf(row) !== block ? [] : [option];
    });
    if (options.length === 0) continue;
    const texts = options.map(({ row, value, node }) => {
      const name = block === undefined ? row.name : row.name.slice(block.length + 1);
      const plain = plainOf(row, value, node);
      const dumped = dump({ [name]: plain }, { lineWidth: -1, noRefs: true });
      // a text that keeps its empty lines at the end would take those that follow for its own: JSON is YAML too
      const text = /[|>]\d*\+\n/.test(dumped) ? `${name}: ${JSON.stringify(plain)}\n` : dumped;
      const said = [row.doc, ...notes.filter(({ option }) => option === row.name).map((note) => note.text)];
      return `${comment(said.join('\n').replaceAll('`', ''))}${text}`;
    });
    if (block === undefined) parts.push(...texts);
    else parts.push(`${block}:\n${texts.map((text) => text.replace(/^(?=.)/gm, '  ')).join('')}`);
  }
  if (inputs.length > 0) parts.push(dump({ incoming: inputs.map(plainEnd) }, { lineWidth: -1, noRefs: true }));
  if (outputs.length > 0) parts.push(dump({ outgoing: outputs.map(plainEnd) }, { lineWidth: -1, noRefs: true }));
  return parts.join('\n');
}

/** In a list the order of the file stays, which counts. */
function plainEnd({ name, side, kind, options }: NamedEnd): unknown {
  const prefix = `${side}-${kind}`;
  const besides = besideOf(prefix);
  const inside: [string, unknown][] = [];
  for (const [option, { row, value, node }] of options) {
    const plain = plainOf(row, value, node);
    if (option === prefix) inside.push(...Object.entries(plain as Record<string, unknown>));
    else inside.push([besides.includes(option) ? option : option.slice(prefix.length + 1), plain]);
  }
  return { [kind]: { [name]: Object.fromEntries(inside) } };
}

function blockOf({ name }: OptionRow): (typeof BLOCKS)[number] | undefined {
  return BLOCKS.find((block) => name.startsWith(`${block}-`));
}

/** Comment lines, of a width that is read without effort. */
function comment(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const broken: string[] = [''];
    for (const word of line.split(' ')) {
      const last = broken.at(-1) ?? '';
      if (last !== '' && last.length + word.length >= WIDTH) broken.push(word);
      else broken[broken.length - 1] = last === '' ? word : `${last} ${word}`;
    }
    return broken;
  });
  return lines.map((line) => `${`# ${line}`.trimEnd()}\n`).join('');
}

function plainOf(row: OptionRow, value: OptionValue, node: ConfigNode): unknown {
  switch (row.kind) {
    case 'flag':
    case 'boolean':
    case 'count':
    case 'number':
    case 'size':
      return value;
    case 'choices':
      return Array.isArray(value) ? value.join(' ') : value;
    case 'text':
    case 'choice':
      // the one option in which nothing is expanded
      return row.name === 'callback-code' ? value : literal(value);
    case 'table':
    case 'tables':
    case 'credentials':
      return literal(value);
    case 'rules':
      return literal(toPlain(node));
    default:
      return unreachable(row.kind);
  }
}

/** The same value where `${NAME}` stands for a variable of the environment. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literal(inner)]));
}
