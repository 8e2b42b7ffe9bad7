import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { Pidfile } from '../../src/daemon/pidfile.js';
import { pidfileStatus } from '../../src/daemon/pidfile-status.js';
import { isForeign } from '../../src/daemon/process-program.js';
import { tempFolder } from '../support/temp-folder.js';

describe('a fresh pidfile that names another program', { skip: !existsSync('/proc/self/cmdline') }, () => {
  for (const [argv0, foreign] of [
    ['cat', true],
    ['init', true],
    ['node', false],
    ['perl5.36', false],
    ['stompclt', false],
    ['my-stomp-mover', false],
  ] as const) {
    it(`${foreign ? 'does not prevent' : 'prevents'} a start when that is ${argv0}`, async (test) => {
      const child = spawn('cat', { argv0, stdio: ['pipe', 'pipe', 'ignore'] });
      const ended = once(child, 'close');
      // what comes back shows that the program is the one named
      child.stdin.write('.');
      await once(child.stdout, 'data');
      const path = join(await tempFolder(test), 'run.pid');
      await writeFile(path, `${child.pid}\n`);
      assert.equal(pidfileStatus(path, Date.now()).code, foreign ? 1 : 0);
      const told: unknown[] = [];
      const acquired = Pidfile.acquire(path, { clock: systemClock, onTakenOver: (pid) => told.push(pid) });
      try {
        if (foreign) {
          await acquired;
          assert.deepEqual(told, [child.pid]);
          assert.equal(await readFile(path, 'latin1'), `${process.pid}\n`);
        } else {
          await assert.rejects(acquired, { code: 'ALREADY_RUNNING' });
        }
      } finally {
        child.stdin.end();
        await ended;
      }
    });
  }

  it('is unsure of a process that nothing is known of', () => {
    assert.equal(isForeign(2 ** 30), false);
  });
});
