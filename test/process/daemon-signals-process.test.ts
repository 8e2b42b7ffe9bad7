import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startChild } from '../support/child.js';
import { tempFolder } from '../support/temp-folder.js';

describe('signals to a real process', () => {
  it('HUP, USR1 and PIPE do not end it, nor open the debugger', async (test) => {
    const child = startChild(test, 'daemon-program.js', ['signal']);
    await child.says('listening');
    child.process.kill('SIGPIPE');
    child.process.kill('SIGHUP');
    await child.says('reload');
    child.process.kill('SIGUSR1');
    await child.says('report');
    assert.equal(child.err(), '');
    assert.equal(child.process.exitCode ?? child.process.signalCode, null);
  });

  it('that come before the handlers wait for them', async (test) => {
    const mark = join(await tempFolder(test), 'attach');
    const child = startChild(test, 'daemon-program.js', ['signal', mark, 'late']);
    await child.says('listening');
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGTERM'] as const) child.process.kill(signal);
    await writeFile(mark, '');
    await child.says('stop SIGTERM');
    await child.says('reload');
    await child.says('report');
  });

  it('one stop ends it by its signal once its limit is over', async (test) => {
    const child = startChild(test, 'daemon-program.js', ['signal', '', 'limited']);
    await child.says('listening');
    child.process.kill('SIGINT');
    assert.equal(await child.ended, 'SIGINT');
    assert.match(child.out(), /stop SIGINT\noverdue\n$/);
  });

  for (const [signal, by] of [
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGQUIT', 'SIGTERM'],
  ] as const) {
    it(`a second ${signal} ends it at once by ${by}`, async (test) => {
      const child = startChild(test, 'daemon-program.js', ['signal']);
      await child.says('listening');
      child.process.kill(signal);
      await child.says(`stop ${signal}`);
      child.process.kill(signal);
      assert.equal(await child.ended, by);
    });
  }
});
