import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { LockJournal } from '../../src/dirq/journal/lock-journal.js';
import { tempFolder } from '../support/temp-folder.js';

const NAMES = ['5f000000/5f0000000000a1', '5f000000/5f0000000000a2'];
const JOURNAL = new RegExp(`^stompctl\\.[A-Za-z0-9_-]+\\.${process.pid}\\.locks$`);

test('the first line says which process it is, then come times and names', async (t) => {
  const path = await tempFolder(t);
  const journal = new LockJournal(path, systemFiles);
  assert.deepEqual(readdirSync(path), []);
  journal.append(NAMES, 1_700_000_000.000123);
  const [file, ...others] = readdirSync(path);
  assert.match(file ?? '', JOURNAL);
  assert.deepEqual(others, []);
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const lines = readFileSync(join(path, file ?? ''), 'utf8').split('\n');
  assert.match(lines[0] ?? '', new RegExp(`^${boot} \\d+ \\d+ (?:[0-9a-f]{32}|-)$`));
  assert.deepEqual(lines.slice(1), ['@1700000000.000123', ...NAMES, '']);
  journal.drop();
  assert.deepEqual(readdirSync(path), []);
});

test('each queue of a process has its own', async (t) => {
  const path = await tempFolder(t);
  const journals = [new LockJournal(path, systemFiles), new LockJournal(path, systemFiles)];
  for (const journal of journals) journal.append(NAMES, 1);
  assert.equal(readdirSync(path).length, 2);
  for (const journal of journals) journal.drop();
  assert.deepEqual(readdirSync(path), []);
});

test('it is compacted to what is held, and then grows again before the next time', async (t) => {
  const path = await tempFolder(t);
  const journal = new LockJournal(path, systemFiles);
  const many = Array.from({ length: 1000 }, (_, index) => `5f000000/${index.toString(16).padStart(14, '0')}`);
  while (!journal.isLarge) journal.append(many, 7);
  journal.compact(many.map((name) => [name, 7] as const));
  assert.equal(journal.isLarge, false);
  const [file] = readdirSync(path);
  assert.match(file ?? '', JOURNAL);
  assert.equal(readFileSync(join(path, file ?? ''), 'utf8').split('\n').length, 1003);
  journal.append(NAMES, 8);
  assert.match(readFileSync(join(path, file ?? ''), 'utf8'), /@8\.000000\n5f000000\/5f0000000000a1\n[^\n]*\n$/);
  journal.compact([]);
  assert.deepEqual(readdirSync(path), []);
});

test('a full disk leaves no half line, and stops nobody', async (t) => {
  const path = await tempFolder(t);
  let full = false;
  const files: FileSystem = {
    ...systemFiles,
    writeSync: ((fd: number, bytes: Buffer, from: number) => {
      if (!full) return systemFiles.writeSync(fd, bytes, from);
      if (from > 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return systemFiles.writeSync(fd, bytes, 0, 10);
    }) as typeof systemFiles.writeSync,
  };
  const journal = new LockJournal(path, files);
  journal.append(NAMES, 1);
  const file = join(path, readdirSync(path)[0] ?? '');
  const { size } = statSync(file);
  full = true;
  journal.append(NAMES, 2);
  assert.equal(statSync(file).size, size);
  full = false;
  journal.append(NAMES, 3);
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').slice(1), ['@1.000000', ...NAMES, '@3.000000', ...NAMES, '']);
});
