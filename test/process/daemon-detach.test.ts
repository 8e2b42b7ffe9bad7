import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { tempFolder } from '../support/temp-folder.js';

async function pidfilePath(test: TestContext): Promise<string> {
  return join(await tempFolder(test), 'run.pid');
}

describe('--daemon', () => {
  it('the parent says started and exits 0; the child, without terminal, is the one in the pidfile', async (test) => {
    const path = await pidfilePath(test);
    const parent = startChild(test, 'daemon-program.js', ['detach', path]);
    assert.equal(await parent.ended, 0);
    const pid = Number(await readFile(path, 'latin1'));
    test.after(async () => {
      if (existsSync(path)) process.kill(pid, 'SIGKILL');
    });
    assert.equal(parent.out(), `stompctl (pid ${pid}) started\n`);
    assert.equal(parent.err(), '');
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const [, , group, session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.deepEqual([group, session, terminal], [String(pid), String(pid), '0']);
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    assert.match(environment, /STOMPCTL_DAEMON_CHILD=1/, 'the mark is all that is handed over');
    process.kill(pid, 'SIGTERM');
    await eventually(() => !existsSync(path), { what: 'the daemon to stop and remove its pidfile' });
  });

  it('a child that fails to start: its error and its exit code are those of the parent', async (test) => {
    const parent = startChild(test, 'daemon-program.js', ['detach', await pidfilePath(test), 'failing']);
    assert.equal(await parent.ended, 66);
    assert.equal(parent.out(), '');
    assert.equal(parent.err(), 'no such thing\n');
  });

  it('a second daemon is refused with the error of its child', async (test) => {
    const path = await pidfilePath(test);
    await writeFile(path, `${process.pid}\n`);
    const parent = startChild(test, 'daemon-program.js', ['detach', path]);
    assert.equal(await parent.ended, 75);
    assert.match(parent.err(), new RegExp(`^ALREADY_RUNNING .*pid ${process.pid};`));
    assert.equal(await readFile(path, 'latin1'), `${process.pid}\n`);
  });

  it('a child killed before it runs is an error', async (test) => {
    const parent = startChild(test, 'daemon-program.js', ['detach', await pidfilePath(test), 'killed']);
    assert.equal(await parent.ended, 75);
    assert.match(parent.err(), /^DAEMON_FAILED .*killed by SIGKILL/);
  });
});
