import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { Pidfile } from '../../src/daemon/pidfile.js';
import { requestQuit } from '../../src/daemon/pidfile-content.js';
import { pidfileStatus } from '../../src/daemon/pidfile-status.js';
import { quitOwner } from '../../src/daemon/quit-owner.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { tempFolder } from '../support/temp-folder.js';

const LONG_AGO = 1_000_000_000;

/** A folder where all may write, as /tmp, in which somebody has put a link to a file of another. */
async function trap(t: TestContext, content: string): Promise<{ path: string; untouched: () => void }> {
  const folder = await tempFolder(t);
  const victim = join(folder, 'victim');
  writeFileSync(victim, content);
  utimesSync(victim, LONG_AGO, LONG_AGO);
  const path = join(folder, 'run.pid');
  symlinkSync(victim, path);
  const untouched = () => {
    assert.deepEqual([readFileSync(victim, 'utf8'), statSync(victim).mtimeMs], [content, LONG_AGO * 1000]);
    assert.ok(lstatSync(path).isSymbolicLink());
    assert.deepEqual(readdirSync(folder), ['run.pid', 'victim']);
  };
  return { path, untouched };
}

for (const [what, content] of [
  ['the pid of a process that lives', `${process.ppid}\n`],
  ['the pid of a dead process', `${DEAD_PID}\n`],
  ['nothing', ''],
  ['text', 'precious\n'],
] as const) {
  describe(`a pidfile that is a symbolic link to a file with ${what}`, () => {
    const refused = { code: 'PIDFILE_INVALID', message: /is a symbolic link: give the path of the file itself/ };
    it('is not taken over by a start', async (t) => {
      const { path, untouched } = await trap(t, content);
      await assert.rejects(Pidfile.acquire(path, { clock: systemClock }), refused);
      untouched();
    });
    it('is not written to by quit, and nobody is signalled', async (t) => {
      const { path, untouched } = await trap(t, content);
      assert.throws(() => requestQuit(path), refused);
      const kill = () => assert.fail('a signal');
      await assert.rejects(quitOwner(path, { lingerMs: 0, flushMs: 0, say: () => undefined, kill }), refused);
      untouched();
    });
    it('is not believed by status', async (t) => {
      const { path, untouched } = await trap(t, content);
      assert.throws(() => pidfileStatus(path, Date.now()), refused);
      untouched();
    });
  });
}

it('a temporary file of the name that a start takes is removed, not followed', async (t) => {
  const { path, untouched } = await trap(t, 'precious\n');
  const [own, victim] = [`${path}.own`, path.replace(/run\.pid$/, 'victim')];
  symlinkSync(victim, `${own}.${process.pid}.tmp`);
  const pidfile = await Pidfile.acquire(own, { clock: systemClock });
  assert.equal(readFileSync(own, 'utf8'), `${process.pid}\n`);
  assert.equal(statSync(own).mode & 0o777, 0o644 & ~process.umask());
  pidfile.release();
  untouched();
});
