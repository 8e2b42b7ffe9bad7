import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const ENDS = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

describe('a configuration in a pipe', () => {
  it('is read once, also when it has options of its own for its reading', async (t) => {
    const pipe = join(await tempFolder(t), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const written = writeFile(pipe, `config-general = -AutoTrue\nloop = yes\n${ENDS}`);
    const { code, out } = await runMain(['check', pipe]);
    await written;
    assert.equal(code, 0, out);
    assert.match(out, /^ {2}loop +true /m);
  });
});
