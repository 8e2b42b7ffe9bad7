import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { readStatus, StatusFile, statusPath } from '../../src/daemon/status-file.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';

/** a pid that no process can have */
const NOBODY = 2 ** 31 - 2;

async function started(test: TestContext) {
  const folder = await tempFolder(test);
  const pidfile = join(folder, 'run.pid');
  const clock = new ManualClock();
  const troubles: StompctlError[] = [];
  const file = new StatusFile(pidfile, clock, (error) => troubles.push(error));
  return { folder, path: statusPath(pidfile), troubles, file };
}

describe('the status file', () => {
  it('is written whole, readable by all, with nothing beside it, and one of its numbers more each time', async (test) => {
    const { folder, path, file } = await started(test);
    file.publish({ state: 'idle', count: 1 });
    assert.deepEqual(readStatus(path), {
      version: 1,
      pid: process.pid,
      sequence: 1,
      at: '2023-11-14T22:13:20.000Z',
      state: 'idle',
      count: 1,
    });
    file.publish({ state: 'idle', count: 2 });
    assert.deepEqual([readStatus(path)?.sequence, readStatus(path)?.count], [2, 2]);
    assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask());
    assert.deepEqual(readdirSync(folder), ['run.pid.status']);
    file.remove();
    assert.deepEqual(readdirSync(folder), []);
    file.publish({});
    assert.deepEqual(readdirSync(folder), [], 'nothing is written after the end');
  });

  it('begins by removing what killed processes have left half written, and nothing else', async (test) => {
    const { folder, file } = await started(test);
    const others = [`run.pid.status.${process.ppid}.tmp`, 'run.pid.status.x.tmp', `x.pid.status.${NOBODY}.tmp`];
    for (const name of [...others, `run.pid.status.${NOBODY}.tmp`]) writeFileSync(join(folder, name), '{"vers');
    file.publish({ state: 'idle' });
    assert.deepEqual(readdirSync(folder).sort(), [...others, 'run.pid.status'].sort());
  });

  it('tells once that it cannot be written, goes on, and writes when it can again', async (test) => {
    const { folder, path, troubles, file } = await started(test);
    mkdirSync(path);
    for (let times = 0; times < 6; times += 1) file.publish({ state: 'idle' });
    assert.equal(troubles.length, 1);
    assert.equal(troubles[0]?.code, 'STATUS_UNWRITABLE');
    assert.match(
      String(troubles[0]?.message),
      /^status file\(.*run\.pid\.status\): E[A-Z]+: .*let the user of stompctl/,
    );
    rmSync(path, { recursive: true });
    file.publish({ state: 'idle' });
    assert.equal(readStatus(path)?.sequence, 7);
    file.remove();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('takes the place of the file of a dead process, and leaves the one of another alone at the end', async (test) => {
    const { path, file } = await started(test);
    const other = '{"version":1,"pid":1,"sequence":9,"at":"2023-11-14T22:13:20.000Z"}\n';
    writeFileSync(path, other);
    file.publish({});
    assert.equal(readStatus(path)?.pid, process.pid);
    writeFileSync(path, other);
    file.remove();
    assert.equal(readFileSync(path, 'utf8'), other);
  });

  it('is never written through a link that somebody planted', async (test) => {
    const { folder, path, file } = await started(test);
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, path);
    symlinkSync(victim, `${path}.${process.pid}.tmp`);
    file.publish({ state: 'idle' });
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
    assert.equal(readStatus(path)?.pid, process.pid);
  });

  for (const [what, text] of [
    ['garbage', 'hello'],
    ['half a file', '{"version":1,"pid":'],
    ['another version', '{"version":2,"pid":1,"sequence":1,"at":"x"}'],
    ['no object', '[1]'],
    ['a pid that is none', '{"version":1,"pid":"1","sequence":1,"at":"x"}'],
    ['a huge file', ' '.repeat(300_000)],
  ] as const) {
    it(`is not believed: ${what}`, async (test) => {
      const { path } = await started(test);
      writeFileSync(path, text);
      assert.equal(readStatus(path), undefined);
    });
  }
});
