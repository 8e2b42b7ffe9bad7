import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startChild } from '../support/child.js';
import { tempFolder } from '../support/temp-folder.js';

const PROGRAM = '../../stompctl/stompctl.js';

describe('output that nobody reads', () => {
  it('does not change the exit code, nor bring up a stack', async (test) => {
    for (const argument of ['--help', '--list', '--version']) {
      const child = startChild(test, PROGRAM, [argument]);
      child.process.stdout?.destroy();
      assert.equal(await child.ended, 0);
      assert.equal(child.err(), '');
    }
  });

  it('does not end a run whose log has no reader', async (test) => {
    const folder = await tempFolder(test);
    const queue = (name: string) => `path=${join(folder, name)}`;
    await mkdir(join(folder, 'from'));
    const child = startChild(test, PROGRAM, ['--incoming-queue', queue('from'), '--outgoing-queue', queue('to')]);
    child.process.stdout?.destroy();
    child.process.stderr?.destroy();
    assert.equal(await child.ended, 0);
  });
});
