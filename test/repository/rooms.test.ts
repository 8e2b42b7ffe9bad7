import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readRooms } from '../../tools/import-rules.js';

const ROOT = join(import.meta.dirname, '../../..');
const FILES = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length + 1));
const FOLDERS = [...new Set(FILES.map((file) => file.slice(0, file.lastIndexOf('/'))))];

test('every folder of src has a row in the table of docs/design.md, and every row a folder', () => {
  const rooms = readRooms(readFileSync(join(ROOT, 'docs/design.md'), 'utf8')).map(({ folder }) => folder);
  assert.deepEqual(rooms.sort(), FOLDERS.filter((folder) => folder !== 'src').sort());
  assert.deepEqual(
    FILES.filter((file) => /^src\/[^/]+$/.test(file)),
    ['src/index.ts', 'src/testing.ts'],
  );
});

test('no folder holds more than 25 files', () => {
  const crowded = FOLDERS.filter(
    (folder) =>
      FILES.filter((file) => file.startsWith(`${folder}/`) && !file.slice(folder.length + 1).includes('/')).length > 25,
  );
  assert.deepEqual(crowded, []);
});

test('no two files of src have the same name', () => {
  const names = FILES.map((file) => basename(file));
  assert.deepEqual(
    FILES.filter((file) => names.filter((name) => name === basename(file)).length > 1),
    [],
  );
});

test('no file of src is longer than 400 lines', () => {
  const long = FILES.filter((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > 401);
  assert.deepEqual(long, []);
});

test('a row that allows a folder above it is refused', () => {
  const table = '| `src/a/` | first | | |\n| `src/b/` | second | `a` | |\n';
  assert.throws(() => readRooms(table), /readRooms\(src\/b\): src\/a has no row below it/);
});
