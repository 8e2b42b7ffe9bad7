import { readFileSync, writeFileSync } from 'node:fs';
import { resultsPage } from '../bench/measure/results-page.js';
import { manPage } from '../src/cli/man-page.js';
import { configurationSchema } from '../src/config/describe/json-schema.js';
import { configurationReference } from '../src/config/describe/reference.js';
import { METRIC_TABLE, PROGRAM_METRICS, SETTLE_HISTOGRAM } from '../src/metrics/metric-table.js';
import { eventTable } from '../src/observe/events.js';
import { readCorpus } from '../test/support/perl-corpus.js';
import { differencesTable } from '../test/support/perl-differences.js';
import { importRules, readRooms } from './import-rules.js';

/** What is generated: from `marker` to `end`, or to the end of the file; the whole file when there is no marker. */
const GENERATED: readonly { readonly path: string; readonly marker?: string; readonly end?: string; make(): string }[] =
  [
    {
      path: 'docs/callbacks.md',
      marker:
        '<!-- Generated from test/support/perl-differences.ts by "npm run docs"; do not edit until the end mark. -->\n',
      end: '<!-- end of what is generated -->',
      make: () => differencesTable(readCorpus().length),
    },
    { path: 'docs/configuration.md', marker: 'do not edit below this line. -->\n', make: configurationReference },
    {
      path: 'docs/logs.md',
      marker: '<!-- Generated from src/observe/events.ts by "npm run docs"; do not edit until the end mark. -->\n',
      end: '<!-- end of what is generated -->',
      make: eventTable,
    },
    { path: 'docs/performance.md', make: resultsPage },
    { path: 'docs/stompctl.1', make: manPage },
    { path: 'docs/stompctl.schema.json', make: configurationSchema },
    { path: 'biome.rooms.json', make: linterRooms },
    { path: 'src/metrics/page-text.ts', make: pageText },
    {
      path: 'docs/monitoring.md',
      marker:
        '<!-- Generated from src/metrics/metric-table.ts by "npm run docs"; do not edit until the end mark. -->\n',
      end: '<!-- end of what is generated -->',
      make: metricsTable,
    },
  ];

/** Every metric, as a table. */
function metricsTable(): string {
  const { build, up, started, ended, exit } = PROGRAM_METRICS;
  const row = (name: string, type: string, labels: readonly string[], help: string): string =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |\n`;
  return [
    '| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n',
    ...METRIC_TABLE.map(({ name, type, labels, help }) => row(name, type, labels, help)),
    row(SETTLE_HISTOGRAM.name, 'histogram', ['le'], SETTLE_HISTOGRAM.help),
    row(build.name, 'gauge', build.labels, build.help),
    row(up.name, 'gauge', up.labels, up.help),
    ...[started, ended, exit].map(({ name, help }) => row(name, 'gauge', [], help)),
  ].join('');
}

/** The texts of the status page, as a module: a bundle of the program has them too. */
function pageText(): string {
  const text = (name: string): string => {
    return JSON.stringify(readFileSync(new URL(`../../src/metrics/page/${name}`, import.meta.url), 'utf8').trim());
  };
  return [
    '// Made by "npm run docs" of src/metrics/page/: do not edit.',
    `export const PAGE_HTML: string = ${text('page.html')};`,
    `export const PAGE_STYLE: string = ${text('page.css')};`,
    `export const PAGE_SCRIPT: string = ${text('page.js')};`,
    '',
  ].join('\n');
}

/** The linter's rules of what each folder may import, from the table of docs/design.md. */
function linterRooms(): string {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object };
  return importRules(readRooms(read('docs/design.md')), Object.keys(dependencies));
}

/** Writes the generated texts; with `check` only compares them, and the exit code is 1 when one is stale. */
function generate(check: boolean): void {
  for (const { path, marker = '', end, make } of GENERATED) {
    // from dist/tools/
    const url = new URL(`../../${path}`, import.meta.url);
    const current = readFileSync(url, 'utf8');
    const at = current.indexOf(marker);
    if (at === -1) throw new Error(`generate-docs(${path}): the line "${marker.trim()}" is missing`);
    const after = end === undefined ? current.length : current.indexOf(end, at);
    if (after === -1) throw new Error(`generate-docs(${path}): the line "${end}" is missing`);
    const text = `${current.slice(0, at)}${marker}${marker === '' ? '' : '\n'}${make()}${current.slice(after)}`;
    if (text === current) continue;
    if (!check) writeFileSync(url, text);
    else {
      process.stderr.write(`${path} is stale: run "npm run docs" and commit it\n`);
      process.exitCode = 1;
    }
  }
}

generate(process.argv.includes('--check'));
