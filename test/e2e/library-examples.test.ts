import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const run = promisify(execFile);
const ROOT = resolve('.');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** A project that has stompctl installed, with the examples of the documentation that name their file. */
async function project(test: Cleaning): Promise<{ folder: string; files: string[] }> {
  const folder = await tempFolder(test);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'stompctl'));
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
  const text = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8');
  const examples = [...text.matchAll(/^```js\n\/\/ (\S+\.mjs)\n([\s\S]*?)^```$/gm)];
  const files = examples.map(([, name = '']) => name);
  for (const [, name = '', code = ''] of examples) writeFileSync(join(folder, name), code);
  return { folder, files };
}

test('the examples of the library are sound, as the compiler sees them', async (t) => {
  const { folder, files } = await project(t);
  assert.deepEqual(files, ['producer.mjs', 'consumer.mjs']);
  const strict = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--skipLibCheck', '--types', 'node'];
  const modern = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--target', 'es2022'];
  const { stdout } = await run(process.execPath, [TSC, ...strict, ...modern, ...files], { cwd: folder });
  assert.equal(stdout, '');
});

test('what the producer adds, the consumer takes', async (t) => {
  const { folder } = await project(t);
  const queue = join(folder, 'q');
  const produced = await run(process.execPath, ['producer.mjs', queue], { cwd: folder });
  assert.match(produced.stdout, /^(?:[0-9a-f]{8}\/[0-9a-f]{14}\n){3}$/);
  const consumed = await run(process.execPath, ['consumer.mjs', queue], { cwd: folder });
  assert.equal(consumed.stdout, '/queue/orders one\n/queue/orders two\n/queue/orders three\n');
  const again = await run(process.execPath, ['consumer.mjs', queue], { cwd: folder });
  assert.equal(again.stdout, '');
});
