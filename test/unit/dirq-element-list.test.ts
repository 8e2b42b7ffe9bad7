import assert from 'node:assert/strict';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { readElements, readNames } from '../../src/dirq/element-list.js';
import { tempFolder } from '../support/temp-folder.js';

test('element names come in order, whatever their digits; a folder shows all its names', async (t) => {
  const folder = await tempFolder(t);
  const names = [
    '00000000000000',
    '5f0000000000ff',
    '80000000000000',
    'ffffffffffffff',
    '5f000000800000',
    '0fffffff000001',
  ];
  for (const name of names) writeFileSync(join(folder, name), '');
  const others = ['5f0000000000ff.lck', '5F0000000000FF', '5f0000000000f', '5f0000000000fff', 'x'];
  for (const name of others) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'folder'));
  const visited: string[] = [];
  const list = await readElements(systemFiles, folder);
  await readNames(systemFiles, folder, (name) => visited.push(name));
  const read = Array.from({ length: list.length }, (_, index) => list.at(index));
  assert.deepEqual(read, [...names].sort());
  assert.deepEqual(visited.sort(), [...names, ...others, 'folder'].sort());
});

test('more names than one piece of memory holds', async (t) => {
  const folder = await tempFolder(t);
  const names = Array.from({ length: 4000 }, (_, index) =>
    (0x5f0000000 * 2 ** 20 + index * 7).toString(16).padStart(14, '0'),
  );
  const [first = '', ...others] = names;
  writeFileSync(join(folder, first), '');
  // names of one file: what is read are names, and a file of its own for each is dear
  for (const name of others) linkSync(join(folder, first), join(folder, name));
  const list = await readElements(systemFiles, folder);
  assert.equal(list.length, 4000);
  assert.equal(list.at(0), names[0]);
  assert.equal(list.at(3999), names[3999]);
});

test('a folder that is gone is empty', async (t) => {
  const folder = await tempFolder(t);
  assert.equal((await readElements(systemFiles, join(folder, 'gone'))).length, 0);
});
