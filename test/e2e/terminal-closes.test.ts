import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Scene } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';
import { whenTerminalCloses } from '../support/terminal.js';

// Node puts the terminals it was started on back as they were when it exits, and dies of one that is gone.

describe('a terminal that is closed', () => {
  it('ends top', async (test) => {
    const folder = await tempFolder(test);
    mkdirSync(`${folder}/run`);
    assert.equal(await whenTerminalCloses(test, [process.execPath, STOMPCTL, 'top', `${folder}/run`], {}), 0);
  });

  it('leaves a run alone, which ends well when it is told to', async (test) => {
    const scene = await Scene.set(test);
    const pidfile = scene.path('run.pid');
    const argv = [STOMPCTL, ...scene.mover('--loop', '--pidfile', pidfile)];
    const code = await whenTerminalCloses(test, [process.execPath, ...argv], {
      ready: `${pidfile}.status`,
      signal: 'SIGTERM',
    });
    assert.equal(code, 0);
  });
});
