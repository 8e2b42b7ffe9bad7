import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length + 1));
}

const SOURCES = ['test', 'tools', 'bench'].flatMap((folder) => filesBelow(folder, /\.ts$/));
const TEXTS = new Map(SOURCES.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));

/** Whether a file but itself holds one of these texts. */
function named(path: string, texts: readonly string[]): boolean {
  return [...TEXTS].some(([other, source]) => other !== path && texts.some((text) => source.includes(text)));
}

test('every file of test/support is used', () => {
  const helpers = SOURCES.filter((path) => path.startsWith('test/support/'));
  assert.ok(helpers.length > 20);
  // imported, or started as a process or a preload by its compiled name
  const unused = helpers.filter((path) => !named(path, [basename(path).replace(/\.ts$/, '.js')]));
  assert.deepEqual(unused, []);
});

/** Folders that a test reads whole. */
const READ_WHOLE = ['test/fixtures/config/apache/', 'test/fixtures/perl/'];

test('every file of test/fixtures is used', () => {
  const fixtures = filesBelow('test/fixtures', /./);
  for (const folder of READ_WHOLE) {
    const path = folder.slice('test/'.length, -1);
    assert.ok(named('', [path, `'${path.split('/').join("', '")}'`]), folder);
  }
  const own = fixtures.filter((path) => !READ_WHOLE.some((folder) => path.startsWith(folder)));
  // a tool that makes fixtures is named by who runs it, in a comment
  const unused = own.filter((path) => !named('', [basename(path), `'${basename(path).replace(/\.[^.]*$/, '')}'`]));
  assert.deepEqual(unused, []);
});
