import assert from 'node:assert/strict';
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { QueueDirectory } from '../../src/dirq/queue-directory.js';
import { openFiles } from '../support/queue-run.js';
import { tempFolder } from '../support/temp-folder.js';

function directory(path: string, files = systemFiles, umask?: number): QueueDirectory {
  return new QueueDirectory(path, files, umask);
}

test('parents are made as well', async (t) => {
  const path = join(await tempFolder(t), 'a', 'b', 'queue');
  directory(path).open();
  assert.ok(statSync(path).isDirectory());
});

test('a parent that is a link to nowhere is said to be one', async (t) => {
  const folder = await tempFolder(t);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  for (const path of [join(folder, 'link', 'queue'), join(folder, 'link', 'a', 'b', 'queue')]) {
    assert.throws(() => directory(path).open(), {
      code: 'QUEUE_CANNOT_CREATE',
      message: /no directory can be made in .*\/link: it is a symbolic link to nowhere/,
    });
  }
});

test('a queue that is itself a link to nowhere is refused', async (t) => {
  const folder = await tempFolder(t);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'queue'));
  assert.throws(() => directory(join(folder, 'queue')).open(), { code: 'QUEUE_CANNOT_CREATE' });
});

test('no queue can be made under /proc', () => {
  for (const path of ['/proc/stompctl', '/proc/stompctl/a/b', '/proc/self/fd/stompctl/queue']) {
    assert.throws(() => directory(path).open(), { code: 'QUEUE_CANNOT_CREATE' }, path);
  }
});

test('a parent that is a file is told', async (t) => {
  const folder = await tempFolder(t);
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => directory(join(folder, 'file', 'queue')).open(), { code: 'QUEUE_INVALID' });
});

for (const [errno, code] of [
  ['EMFILE', 'QUEUE_IO'],
  ['EIO', 'QUEUE_IO'],
  ['ENOSPC', 'QUEUE_IO'],
  ['ESTALE', 'QUEUE_IO'],
  ['EROFS', 'QUEUE_CANNOT_CREATE'],
  ['EACCES', 'QUEUE_CANNOT_CREATE'],
] as const) {
  test(`${errno} while it is made is ${code}`, async (t) => {
    const path = join(await tempFolder(t), 'queue');
    const mkdirSync = (): never => {
      throw Object.assign(new Error(errno), { code: errno });
    };
    assert.throws(() => directory(path, { ...systemFiles, mkdirSync }).open(), { code });
  });
}

test('a folder or file whose mode cannot be set is not left with another one', async (t) => {
  const path = await tempFolder(t);
  const fail = (): never => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const broken = directory(path, { ...systemFiles, chmodSync: fail, fchmodSync: fail, fstatSync: fail }, 0o27);
  assert.throws(() => broken.makeFolder(join(path, 'folder')), { code: 'EIO' });
  assert.throws(() => broken.createFile(join(path, 'file')), { code: 'EIO' });
  assert.equal(existsSync(join(path, 'folder')) || existsSync(join(path, 'file')), false);
  assert.deepEqual(openFiles(path), []);
});
