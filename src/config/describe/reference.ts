import {
  OPTION_GROUPS,
  type OptionGroup,
  type OptionKind,
  type OptionRow,
  type ReloadClass,
  type TableKey,
} from '../options/option.js';
import { OPTION_TABLE } from '../options/option-table.js';

/** The part of `docs/configuration.md` that lists every option by group, in Markdown. */
export function configurationReference(): string {
  const groups = Object.entries(OPTION_GROUPS) as [OptionGroup, string][];
  const contents = groups.map(([, title]) => `- [${title}](#${anchor(title)})`).join('\n');
  const sections = groups.map(([group, title]) => {
    const rows = OPTION_TABLE.filter((row) => row.group === group);
    return `### ${title}\n\n${rows.map(optionText).join('\n\n')}`;
  });
  return `${contents}\n\n${sections.join('\n\n')}\n`;
}

function anchor(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-');
}

function optionText(row: OptionRow): string {
  const value = row.value === undefined ? '' : ` ${row.value}`;
  const parts = [`#### \`${row.name}${value}\``, row.doc, factsOf(row), row.notes ?? ''];
  if (row.keys !== undefined) parts.push(keysTable(row.keys));
  return parts.filter((part) => part !== '').join('\n\n');
}

/** What a reload does about a changed value. */
const RELOADED: Readonly<Record<ReloadClass, string>> = {
  'in-place': 'reload: in place',
  source: 'reload: opens the source anew',
  sink: 'reload: opens the destination anew',
  ends: 'reload: opens both ends anew',
  restart: 'reload: waits for a restart',
  'command-line': '',
};

/** Kind, limits, default and spellings, in one line. */
function factsOf(row: OptionRow): string {
  const facts = [kindText(row)];
  const fallback = row.defaultNote ?? (row.default === undefined ? undefined : `\`${row.default}\``);
  if (fallback !== undefined) facts.push(`default: ${fallback}`);
  if (row.zero === 'default') facts.push('0 stands for the default');
  if (row.zero === 'off') facts.push('0 switches it off');
  const aliases = (row.aliases ?? []).map((alias) => `\`${alias.length === 1 ? '-' : '--'}${alias}\``);
  if (aliases.length > 0) facts.push(`also ${aliases.join(', ')}`);
  if (row.fileOnly) facts.push('in a file only');
  if (row.commandLineOnly) facts.push('command line only');
  facts.push(RELOADED[row.reload]);
  if (row.added) facts.push('unknown to stompclt');
  return sentence(facts.filter((fact) => fact !== ''));
}

function sentence(facts: readonly string[]): string {
  const text = facts.join('; ');
  return text === '' ? '' : `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

const FIXED_KINDS: Readonly<Record<Exclude<OptionKind, 'choice' | 'choices' | 'size' | 'number'>, string>> = {
  flag: '',
  boolean: 'boolean',
  count: 'number, 0 to 3',
  text: 'text',
  table: 'KEY=VALUE list or block',
  tables: 'KEY=VALUE list or block, may repeat',
  credentials: 'credential or block, may repeat',
  rules: 'block, may repeat',
};

function kindText(row: OptionRow): string {
  const choices = (row.choices ?? []).map((choice) => `\`${choice}\``).join(', ');
  if (row.kind === 'choice') return `one of ${choices}`;
  if (row.kind === 'choices') return `some of ${choices}`;
  if (row.kind === 'size') return `bytes${limitsText(row)}`;
  if (row.kind !== 'number') return FIXED_KINDS[row.kind];
  if (row.unit === 'seconds') return `seconds, or a time such as \`250ms\`, \`5m\`, \`1h\`${limitsText(row)}`;
  return `${row.integer ? 'whole number' : 'number'}${row.unit === undefined ? '' : ` of ${row.unit}`}${limitsText(row)}`;
}

function limitsText({ min = 0, max, kind }: OptionRow): string {
  const show = (limit: number): string => (kind === 'size' ? sizeText(limit) : String(limit));
  const limits = [min === 0 ? '' : `at least ${show(min)}`, max === undefined ? '' : `at most ${show(max)}`];
  return limits.map((limit) => (limit === '' ? '' : `, ${limit}`)).join('');
}

const UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

function sizeText(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

function keysTable(keys: readonly TableKey[]): string {
  const rows = keys.map((key) => {
    const name = `\`${key.name}\`${key.required ? ' (needed)' : ''}`;
    return `| ${name} | ${key.doc} | ${key.default ?? ''} |`;
  });
  return ['| key | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}
