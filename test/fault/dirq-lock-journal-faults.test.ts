import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { LockJournal } from '../../src/dirq/journal/lock-journal.js';
import { journalName } from '../support/queue-journal.js';
import { openFiles } from '../support/queue-run.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const NAMES = ['5f000000/5f0000000000a1', '5f000000/5f0000000000a2'];
const MANY = Array.from({ length: 1000 }, (_, index) => `5f000000/${index.toString(16).padStart(14, '0')}`);
const HELD = NAMES.map((name) => [name, 7] as const);

async function largeJournal(t: { after(run: () => Promise<void>): void }) {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const journal = new LockJournal(path, watched.files);
  while (!journal.isLarge) journal.append(MANY, 7);
  return { path, watched, journal, file: join(path, journalName(process.pid)) };
}

/** Descriptors are given anew from the lowest: whoever writes to one that is closed writes into these. */
function bystanders(path: string): { read(): string[]; close(): void } {
  const files = Array.from({ length: 8 }, (_, index) => join(path, `bystander${index}`));
  const fds = files.map((file) => openSync(file, 'w'));
  return {
    read: () => files.map((file) => readFileSync(file, 'utf8')),
    close: () => {
      for (const fd of fds) closeSync(fd);
    },
  };
}

for (const operation of ['open', 'write', 'rename']) {
  for (const errno of ['EMFILE', 'ENOSPC', 'EACCES', 'EIO']) {
    test(`compaction where ${operation} fails with ${errno}: the journal stays in use, and nothing else is written to`, async (t) => {
      const { path, watched, journal, file } = await largeJournal(t);
      const other = bystanders(await tempFolder(t));
      watched.fault = (called) => (called === operation ? errno : undefined);
      journal.compact(HELD);
      watched.fault = () => undefined;
      assert.equal(journal.isLarge, false, 'it is not tried again with each batch');
      const more = bystanders(await tempFolder(t));
      journal.append(NAMES, 8);
      assert.ok(readFileSync(file, 'utf8').endsWith(`@8.000000\n${NAMES.join('\n')}\n`));
      assert.deepEqual([...other.read(), ...more.read()].join(''), '');
      assert.deepEqual(readdirSync(path), [journalName(process.pid)], 'no .new is left');
      journal.drop();
      assert.deepEqual(readdirSync(path), []);
      assert.deepEqual(openFiles(path), []);
      other.close();
      more.close();
    });
  }
}

test("a .new that a process with our number left is in nobody's way", async (t) => {
  const { journal, file } = await largeJournal(t);
  writeFileSync(`${file}.new`, 'left over');
  journal.compact(HELD);
  assert.equal(readFileSync(file, 'utf8').split('\n').slice(1).join('\n'), `@7.000000\n${NAMES.join('\n')}\n`);
  journal.drop();
});

for (const errno of ['ENOSPC', 'EDQUOT', 'EIO']) {
  test(`a first line that fails with ${errno} leaves no journal`, async (t) => {
    const path = await tempFolder(t);
    const watched = new WatchedFiles(path);
    const journal = new LockJournal(path, watched.files);
    watched.fault = (operation) => (operation === 'write' ? errno : undefined);
    if (errno === 'EIO') assert.throws(() => journal.append(NAMES, 1), { code: 'EIO' });
    else journal.append(NAMES, 1);
    assert.deepEqual(readdirSync(path), []);
    assert.deepEqual(openFiles(path), []);
    watched.fault = () => undefined;
    journal.append(NAMES, 2);
    assert.match(readFileSync(join(path, journalName(process.pid)), 'utf8'), /^\S+ \d+ \S+ \S+\n@2\.000000\n/);
    journal.drop();
  });
}

test('half a line that cannot be cut off ends before the next', async (t) => {
  const path = await tempFolder(t);
  let broken = false;
  const fail = (): never => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const files = {
    ...systemFiles,
    ftruncateSync: (fd: number, length?: number) => (broken ? fail() : systemFiles.ftruncateSync(fd, length)),
    writeSync: ((fd: number, bytes: Buffer, from: number) => {
      if (!broken) return systemFiles.writeSync(fd, bytes, from);
      return from > 0 ? fail() : systemFiles.writeSync(fd, bytes, 0, 20);
    }) as typeof systemFiles.writeSync,
  };
  const journal = new LockJournal(path, files);
  journal.append(NAMES, 1);
  broken = true;
  assert.throws(() => journal.append(NAMES, 2), { code: 'EIO' });
  broken = false;
  journal.append(NAMES, 3);
  const lines = readFileSync(join(path, journalName(process.pid)), 'utf8')
    .split('\n')
    .slice(1);
  assert.deepEqual(lines, ['@1.000000', ...NAMES, '@2.000000', '5f000000/5', '@3.000000', ...NAMES, '']);
  journal.drop();
});

test("a journal that another process took for a dead one's is made anew", async (t) => {
  const path = await tempFolder(t);
  const journal = new LockJournal(path, systemFiles);
  journal.append(NAMES, 1);
  systemFiles.unlinkSync(join(path, journalName(process.pid)));
  journal.append(NAMES, 2);
  assert.match(readFileSync(join(path, journalName(process.pid)), 'utf8'), /\n@2\.000000\n/);
  journal.drop();
  assert.deepEqual(openFiles(path), []);
});

test("a journal that cannot be removed is still the journal; closed, it is the next process's", async (t) => {
  const path = await tempFolder(t);
  const watched = new WatchedFiles(path);
  const journal = new LockJournal(path, watched.files);
  journal.append(NAMES, 1);
  watched.fault = (operation) => (operation === 'unlink' ? 'EIO' : undefined);
  assert.throws(() => journal.drop(), { code: 'EIO' });
  journal.append(NAMES, 2);
  assert.deepEqual(readdirSync(path), [journalName(process.pid)]);
  assert.throws(() => journal.close(), { code: 'EIO' });
  assert.deepEqual(openFiles(path), []);
});
