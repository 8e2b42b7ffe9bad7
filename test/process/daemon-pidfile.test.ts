import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { Pidfile } from '../../src/daemon/pidfile.js';
import { readPidfile, requestQuit } from '../../src/daemon/pidfile-content.js';
import { deadPid } from '../support/child.js';
import { HurriedClock } from '../support/hurried-clock.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';

const clock = systemClock;

async function place(test: TestContext, content?: string | Buffer): Promise<string> {
  const path = join(await tempFolder(test), 'run.pid');
  if (content !== undefined) await writeFile(path, content);
  return path;
}

async function namesBeside(path: string): Promise<string[]> {
  return await readdir(join(path, '..'));
}

describe('acquiring a pidfile', () => {
  it('writes the pid and a line feed, and leaves nothing else behind', async (test) => {
    const path = await place(test);
    await Pidfile.acquire(path, { clock });
    assert.equal(await readFile(path, 'latin1'), `${process.pid}\n`);
    assert.deepEqual(await namesBeside(path), ['run.pid']);
  });

  it('refuses while the process in the file lives, naming it', async (test) => {
    const path = await place(test, `${process.ppid}\n`);
    await assert.rejects(Pidfile.acquire(path, { clock }), (error: Error) => {
      assert.match(error.message, new RegExp(`already running as pid ${process.ppid};`));
      assert.equal((error as Error & { code: string }).code, 'ALREADY_RUNNING');
      return true;
    });
    assert.equal(await readFile(path, 'latin1'), `${process.ppid}\n`);
    assert.deepEqual(await namesBeside(path), ['run.pid']);
  });

  it('refuses while the process in the file lives and was told to quit', async (test) => {
    const path = await place(test, `${process.ppid}\nquit\n`);
    await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'ALREADY_RUNNING' });
  });

  it('takes over the file of a dead process and says so', async (test) => {
    const dead = await deadPid();
    const path = await place(test, `${dead}\nquit\n`);
    const told: unknown[] = [];
    await Pidfile.acquire(path, { clock, onTakenOver: (pid) => told.push(pid) });
    assert.deepEqual(told, [dead]);
    assert.equal(await readFile(path, 'latin1'), `${process.pid}\n`);
    assert.deepEqual(await namesBeside(path), ['run.pid']);
  });

  it('removes what one that was killed while it made the file has left beside it', async (test) => {
    const path = await place(test);
    const living = `run.pid.${process.ppid}.tmp`;
    for (const name of [`run.pid.${await deadPid()}.tmp`, living]) await writeFile(join(path, '..', name), '');
    await Pidfile.acquire(path, { clock });
    assert.deepEqual(await namesBeside(path), ['run.pid', living]);
  });

  it('takes over a file with its own pid: another process had it before', async (test) => {
    const path = await place(test, `${process.pid}\n`);
    const told: unknown[] = [];
    await Pidfile.acquire(path, { clock, onTakenOver: (pid) => told.push(pid) });
    assert.deepEqual(told, [process.pid]);
  });

  it('takes over a file last touched before the process with that pid started', async (test) => {
    const path = await place(test, `${process.ppid}\n`);
    await utimes(path, 1_000_000_000, 1_000_000_000);
    const told: unknown[] = [];
    await Pidfile.acquire(path, { clock, onTakenOver: (pid) => told.push(pid) });
    assert.deepEqual(told, [process.ppid]);
  });

  it('takes over a file that stays empty', async (test) => {
    const path = await place(test, '');
    const told: unknown[] = [];
    const hurried = new HurriedClock();
    await Pidfile.acquire(path, { clock: hurried, onTakenOver: (pid) => told.push(pid) });
    assert.deepEqual(told, [undefined]);
    assert.ok(hurried.waitedMs() >= 2000, 'it gave the writer time');
  });

  it('refuses when an empty file is filled with a live pid meanwhile', async (test) => {
    const path = await place(test, '');
    // listened to from the first: it may be refused before the file is said to be written
    const refused = assert.rejects(Pidfile.acquire(path, { clock }), { code: 'ALREADY_RUNNING' });
    await writeFile(path, `${process.ppid}\n`);
    await refused;
  });

  it('cleans up after a process killed during a takeover', async (test) => {
    const path = await place(test, `${await deadPid()}\n`);
    await symlink(String(await deadPid()), `${path}.takeover`);
    await Pidfile.acquire(path, { clock });
    assert.deepEqual(await namesBeside(path), ['run.pid']);
  });

  it('gives up when a live process never ends its takeover', async (test) => {
    const path = await place(test, `${await deadPid()}\n`);
    await symlink(String(process.ppid), `${path}.takeover`);
    const hurried = new HurriedClock();
    await assert.rejects(Pidfile.acquire(path, { clock: hurried }), { code: 'PIDFILE_CANNOT_CREATE' });
  });

  for (const [name, content] of [
    ['text', 'hello\n'],
    ['a pid with something after it', '12 34\n'],
    ['pid 0', '0\n'],
    ['a negative pid', '-1\n'],
    ['more than a pid', '99999999999\n'],
    ['a line end only', '\n'],
    ['bytes', Buffer.from([0, 255, 10])],
    ['a long file', '1'.repeat(5000)],
  ] as const) {
    it(`refuses ${name} as PIDFILE_INVALID and leaves it`, async (test) => {
      const path = await place(test, content);
      await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'PIDFILE_INVALID' });
      assert.deepEqual(await readFile(path), Buffer.from(content));
    });
  }

  it('refuses a folder as PIDFILE_INVALID', async (test) => {
    const path = await place(test);
    await mkdir(path);
    await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'PIDFILE_INVALID' });
  });

  it('refuses a FIFO or a device as PIDFILE_INVALID and leaves it', async (test) => {
    const path = await place(test);
    execFileSync('mkfifo', [path]);
    await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'PIDFILE_INVALID' });
    assert.ok((await stat(path)).isFIFO());
    assert.throws(() => readPidfile('/dev/null'), { code: 'PIDFILE_INVALID' });
  });

  it('refuses a symbolic link to nowhere as PIDFILE_INVALID', async (test) => {
    const path = await place(test);
    await symlink('nowhere', path);
    await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'PIDFILE_INVALID', message: /is a symbolic link/ });
    assert.deepEqual(await namesBeside(path), ['run.pid']);
  });

  it('says what to do when the system does not let it', async () => {
    const message = /ENOTDIR.*; let the user that runs stompctl write into its folder, or name another one$/;
    await assert.rejects(Pidfile.acquire('/dev/null/run.pid', { clock }), { code: 'PIDFILE_CANNOT_CREATE', message });
  });

  it('says PIDFILE_CANNOT_CREATE when the folder is missing', async (test) => {
    const path = join(await tempFolder(test), 'missing', 'run.pid');
    await assert.rejects(Pidfile.acquire(path, { clock }), { code: 'PIDFILE_CANNOT_CREATE' });
  });
});

describe('checking the own pidfile', () => {
  it('says run, and touches the file', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    await utimes(path, 1_000_000_000, 1_000_000_000);
    assert.equal(pidfile.check(), 'run');
    assert.ok(Date.now() - (await stat(path)).mtimeMs < 10_000);
  });

  it('says quit once somebody asked', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    requestQuit(path);
    assert.equal(pidfile.check(), 'quit');
    assert.equal(await readFile(path, 'latin1'), `${process.pid}\nquit\n`);
  });

  it('throws PIDFILE_LOST when the file is gone', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    pidfile.release();
    assert.throws(() => pidfile.check(), { code: 'PIDFILE_LOST' });
  });

  it('throws PIDFILE_LOST when another pid is in it, and does not touch it', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    await writeFile(path, '1\n');
    await utimes(path, 1_000_000_000, 1_000_000_000);
    assert.throws(() => pidfile.check(), { code: 'PIDFILE_LOST' });
    assert.equal((await stat(path)).mtimeMs, 1_000_000_000_000);
  });

  it('takes an empty or strange file for a passing state, for ten seconds', async (test) => {
    const path = await place(test);
    const manual = new ManualClock();
    const pidfile = await Pidfile.acquire(path, { clock: manual });
    for (const content of ['', 'strange']) {
      await writeFile(path, content);
      assert.equal(pidfile.check(), 'run');
      manual.skip(9000);
      assert.equal(pidfile.check(), 'run');
      await writeFile(path, `${process.pid}\n`);
      assert.equal(pidfile.check(), 'run');
    }
    await writeFile(path, '');
    assert.equal(pidfile.check(), 'run');
    manual.skip(10_000);
    assert.throws(() => pidfile.check(), { code: 'PIDFILE_LOST' });
  });
});

describe('watching the own pidfile', () => {
  it('looks at least once a second, tells of quit once and goes on', async (test) => {
    const path = await place(test);
    const manual = new ManualClock();
    const pidfile = await Pidfile.acquire(path, { clock: manual });
    const told: string[] = [];
    const stop = pidfile.watch({ onQuit: () => told.push('quit'), onLost: (error) => told.push(error.code) });
    manual.skip(1000);
    assert.deepEqual(told, []);
    requestQuit(path);
    manual.skip(1000);
    manual.skip(1000);
    assert.deepEqual(told, ['quit']);
    pidfile.release();
    manual.skip(1000);
    assert.deepEqual(told, ['quit', 'PIDFILE_LOST']);
    assert.equal(manual.pending, 0, 'the watch has ended');
    stop();
  });

  it('ends when told to', async (test) => {
    const manual = new ManualClock();
    const pidfile = await Pidfile.acquire(await place(test), { clock: manual });
    pidfile.watch({ onQuit: () => assert.fail(), onLost: () => assert.fail() })();
    pidfile.release();
    manual.skip(5000);
    assert.equal(manual.pending, 0);
  });
});

describe('releasing a pidfile', () => {
  it('removes the own file, once', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    assert.equal(pidfile.release(), undefined);
    assert.deepEqual(await namesBeside(path), []);
    await writeFile(path, `${process.pid}\n`);
    pidfile.release();
    assert.deepEqual(await namesBeside(path), ['run.pid'], 'the second release does nothing');
  });

  it('leaves the file of another process', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    await writeFile(path, '1\n');
    pidfile.release();
    assert.equal(await readFile(path, 'latin1'), '1\n');
  });

  it('hands back what stood in the way', async (test) => {
    const path = await place(test);
    const pidfile = await Pidfile.acquire(path, { clock });
    await writeFile(path, 'strange');
    assert.match(String(pidfile.release()), /not a pid file/);
  });
});

describe('asking the owner to quit', () => {
  it('adds the line without changing the file in any other way', async (test) => {
    const path = await place(test, '12345\n');
    const before = await stat(path);
    assert.equal(requestQuit(path)?.kind, 'owned');
    assert.equal(await readFile(path, 'latin1'), '12345\nquit\n');
    assert.equal((await stat(path)).ino, before.ino);
  });

  it('may be done twice', async (test) => {
    const path = await place(test, '12345\n');
    requestQuit(path);
    requestQuit(path);
    assert.equal(await readFile(path, 'latin1'), '12345\nquit\n');
  });

  it('leaves an empty file empty, and makes none', async (test) => {
    const path = await place(test, '');
    assert.equal(requestQuit(path)?.kind, 'empty');
    assert.equal((await stat(path)).size, 0);
    assert.equal(requestQuit(`${path}.none`), undefined);
    assert.equal(readPidfile(`${path}.none`), undefined);
  });

  it('reads what stompclt writes, a blank instead of a line end included', async (test) => {
    const path = await place(test, '4711 quit');
    const found = readPidfile(path);
    assert.deepEqual(found?.kind === 'owned' && [found.pid, found.quit], [4711, true]);
  });
});
