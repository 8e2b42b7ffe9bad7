import assert from 'node:assert/strict';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type PidfileContent, readPidfile } from '../../src/daemon/pidfile-content.js';
import { moveAside } from '../../src/daemon/takeover.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { tempFolder } from '../support/temp-folder.js';

function read(path: string): PidfileContent {
  const found = readPidfile(path);
  assert.ok(found);
  return found;
}

describe('moving a dead pidfile aside', () => {
  it('removes the one that was read', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'run.pid');
    await writeFile(path, '12345\n');
    assert.equal(moveAside(path, read(path)), 'moved');
    assert.deepEqual(await readdir(folder), []);
  });

  it('leaves one that another process made since, even with the same inode', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'run.pid');
    await writeFile(path, '12345\n');
    const dead = read(path);
    await writeFile(path, '54321\n');
    const now = read(path);
    assert.equal(now.inode, dead.inode);
    assert.equal(moveAside(path, dead), 'changed');
    assert.equal(await readFile(path, 'latin1'), '54321\n');
    assert.deepEqual(await readdir(folder), ['run.pid']);
  });

  it('says changed when the file is gone', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'run.pid');
    await writeFile(path, '12345\n');
    const dead = read(path);
    assert.equal(moveAside(path, dead), 'moved');
    assert.equal(moveAside(path, dead), 'changed');
  });

  it('says busy while a live process is at it', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'run.pid');
    await writeFile(path, '12345\n');
    const dead = read(path);
    await symlink(String(process.ppid), `${path}.takeover`);
    assert.equal(moveAside(path, dead), 'busy');
    assert.deepEqual(await readdir(folder), ['run.pid', 'run.pid.takeover']);
  });

  it('removes the claim of a dead process', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'run.pid');
    await writeFile(path, '12345\n');
    await symlink(String(DEAD_PID), `${path}.takeover`);
    assert.equal(moveAside(path, read(path)), 'busy');
    assert.deepEqual(await readdir(folder), ['run.pid']);
  });
});
