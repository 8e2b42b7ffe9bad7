import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.js';

const EXCERPT = join(import.meta.dirname, '../../../.ci/excerpt');
const run = promisify(execFile);

async function excerptOf(t: { after(run: () => Promise<void>): void }, lines: readonly string[]): Promise<string[]> {
  const file = join(await tempFolder(t), 'output');
  await writeFile(file, `${lines.join('\n')}\n`);
  return (await run(EXCERPT, [file])).stdout.trimEnd().split('\n');
}

function failure(name: string): string[] {
  const stack = Array.from({ length: 9 }, (_, index) => `      at somewhere (file:///x.js:${index})`);
  return ['', `test at dist/test/${name}.test.js:8:5`, `✖ ${name} (3.1ms)`, `  Error: ${name} went wrong`, ...stack];
}

test('of a step that failed CI tells again each failed test and its error, without stacks and what came before', async (t) => {
  const output = [
    '▶ much',
    '  ✖ one (3.1ms)',
    'ℹ fail 2',
    '',
    '✖ failing tests:',
    ...failure('one'),
    ...failure('two'),
  ];
  assert.deepEqual(await excerptOf(t, [...output, '--- the end of the log of rabbitmq', 'noise']), [
    '✖ failing tests:',
    ...failure('one').slice(1, 4),
    ...failure('two').slice(1, 4),
  ]);
});

test('of very many failed tests it tells some, and how many lines more there are', async (t) => {
  const many = Array.from({ length: 50 }, (_, index) => failure(`t${index}`)).flat();
  const lines = await excerptOf(t, ['✖ failing tests:', ...many]);
  assert.equal(lines.length, 61);
  assert.equal(lines.at(-1), '… and 91 lines more: see above');
});

test('of a fault matrix it tells the red cells', async (t) => {
  const cells = ['red cells:', 'RED cut, queue → broker, ActiveMQ: 3 messages', '    lost: 1, such as m2'];
  assert.deepEqual(await excerptOf(t, ['ok  cut', '10 cells, 1 red', ...cells]), cells);
});

test('of what has no such list it tells the last lines', async (t) => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  assert.deepEqual(await excerptOf(t, lines), lines.slice(75));
});
