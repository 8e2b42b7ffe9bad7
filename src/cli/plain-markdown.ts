import { unreachable } from '../base/errors.js';
import { wrapped } from './command-line/wrapped.js';

const MOST_COLUMNS = 100;
const LEAST_COLUMNS = 40;

interface Block {
  readonly kind: 'heading' | 'code' | 'table' | 'items' | 'text';
  readonly lines: string[];
}

/**
 * A page of the documents as text to be read on a terminal: headings, paragraphs that fit into `columns`, lists, code indented,
 * tables as entries. Knows of Markdown what the documents use.
 */
export function plainMarkdown(markdown: string, columns: number): string {
  const width = Math.min(Math.max(columns, LEAST_COLUMNS), MOST_COLUMNS);
  const texts = blocksOf(markdown).map((block) => blockText(block, width));
  return `${texts.filter((text) => text !== '').join('\n\n')}\n`;
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  const begin = (kind: Block['kind']): Block => {
    open = { kind, lines: [] };
    blocks.push(open);
    return open;
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      if (open?.kind === 'code') open = undefined;
      else begin('code');
    } else if (open?.kind === 'code') open.lines.push(line);
    else if (line.trim() === '' || line.startsWith('<!--')) open = undefined;
    else if (line.startsWith('#')) {
      begin('heading').lines.push(line);
      open = undefined;
    } else {
      const kind = line.startsWith('|') ? 'table' : line.startsWith('- ') ? 'items' : 'text';
      const goesOn = open !== undefined && (open.kind === kind || (open.kind === 'items' && kind === 'text'));
      (goesOn && open !== undefined ? open : begin(kind)).lines.push(line);
    }
  }
  return blocks;
}

function blockText({ kind, lines }: Block, width: number): string {
  switch (kind) {
    case 'heading':
      return headingText(lines.join(' '));
    case 'code':
      return lines.map((line) => (line === '' ? '' : `      ${line}`)).join('\n');
    case 'table':
      return tableText(lines, width);
    case 'items':
      return itemsOf(lines)
        .map((item) => wrapped(`- ${words(item)}`, width, '  ', '    '))
        .join('\n');
    case 'text':
      return wrapped(words(lines.join(' ')), width, '  ');
    default:
      return unreachable(kind);
  }
}

/** As in a manual: chapters in capitals, sections and options at the margin. */
function headingText(line: string): string {
  const [, marks = '', title = ''] = /^(#+) +(.*)$/.exec(line) ?? [];
  const text = words(title);
  return marks.length <= 2 ? text.toUpperCase() : text;
}

function itemsOf(lines: readonly string[]): string[] {
  const items: string[] = [];
  for (const line of lines) {
    if (line.startsWith('- ')) items.push(line.slice(2));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  return items;
}

/** Each row an entry: its first cell, and below it the others, with their titles where there are several. */
function tableText([first = '', , ...rows]: readonly string[], width: number): string {
  const [, ...titles] = cellsOf(first);
  const entries = rows.map((row) => {
    const [name = '', ...cells] = cellsOf(row);
    const told = cells.flatMap((cell, index) => {
      if (cell === '') return [];
      const title = index > 0 ? `${titles[index] ?? ''}: ` : '';
      return [wrapped(`${title}${cell}`, width, '      ')];
    });
    return [`  ${name}`, ...told].join('\n');
  });
  return entries.join('\n');
}

function cellsOf(row: string): string[] {
  const inner = row.replace(/^\|/, '').replace(/\|\s*$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => words(cell.trim()));
}

/** Without the marks of emphasis, of code and of links; an address elsewhere stays. In code nothing is a mark. */
function words(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => (/^`[^`]+`$/.test(part) ? part.slice(1, -1) : unmarked(part)))
    .join('')
    .replaceAll('\\|', '|')
    .replace(/\s+/g, ' ')
    .trim();
}

function unmarked(text: string): string {
  return text
    .replaceAll('**', '')
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, (_, label: string, to: string) =>
      to.startsWith('http') ? `${label} (${to})` : label,
    );
}
