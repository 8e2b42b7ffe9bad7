import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readPidOptions } from '../../src/config/pid-options.js';
import { tempFolder } from '../support/temp-folder.js';

describe('what status and quit read of a configuration', () => {
  it('comes from the file and the command line, with times only when they are given', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'pidfile = /run/x.pid\ntimeout-linger = 5\ntimeout-status = 0\n');
    const commandLine = new Map([
      ['config', [file]],
      ['timeout-flush', ['1.5']],
    ]);
    assert.deepEqual(await readPidOptions({ commandLine, env: {} }, 'quit'), {
      pidfile: '/run/x.pid',
      statusMs: undefined,
      lingerMs: 5000,
      flushMs: 1500,
    });
  });

  it('is had from a configuration that is otherwise wrong', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'pidfile = /run/x.pid\nwindo = 3\nloop = x\noutgoing-broker-uri = x\n');
    const { pidfile } = await readPidOptions({ commandLine: new Map([['config', [file]]]), env: {} }, 'status');
    assert.equal(pidfile, '/run/x.pid');
  });

  it('needs a pidfile', async () => {
    await assert.rejects(readPidOptions({ commandLine: new Map(), env: {} }, 'status'), {
      code: 'USAGE',
      message: 'command(status): needs a pidfile: give --pidfile, or --config with one in it',
    });
  });

  it('says what to do when the file that was given names none', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'loop = true\n');
    await assert.rejects(readPidOptions({ commandLine: new Map([['config', [file]]]), env: {} }, 'reload'), {
      code: 'USAGE',
      message: `command(reload): needs a pidfile, and ${file} names none: give that of the run with --pidfile; or set pidfile in the file, and start the run anew`,
    });
  });

  it('must be readable', async () => {
    const commandLine = new Map([
      ['pidfile', ['/x']],
      ['timeout-status', ['soon']],
    ]);
    await assert.rejects(readPidOptions({ commandLine, env: {} }, 'status'), {
      code: 'USAGE',
      message:
        'configuration(command line): timeout-status: must be a number of seconds, or a time such as 250ms, 5m or 1h, not "soon"',
    });
  });
});
