import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { processExists } from '../../src/base/liveness.js';
import { eventually } from '../support/eventually.js';
import { Scene } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { atEnd } from '../support/temp-folder.js';

const CLEAR = '\r\u001b[K';

describe('a run without end, on a terminal', () => {
  it('keeps one line up to date, and log lines do not run into it', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 12);
    mkdirSync(scene.path('in'), { recursive: true });
    const args = scene.sender('--loop').map((arg) => `'${arg}'`);
    const command = `echo "pid=$$."; exec '${process.execPath}' '${STOMPCTL}' ${args.join(' ')}`;
    // a terminal of its own, from bsdutils
    const script = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
    });
    let pid = 0;
    atEnd(test, async () => {
      script.kill('SIGKILL');
      // it outlives its terminal: HUP has it read its configuration again
      if (pid !== 0 && processExists(pid)) process.kill(pid, 'SIGKILL');
    });
    const ended = once(script, 'close');
    let shown = '';
    script.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    pid = await eventually(() => Number(/pid=(\d+)\./.exec(shown)?.[1] ?? 0));
    await eventually(() => /(moving|idle): 12 sent, [\d.]+\/s, 0 in flight/.test(shown));
    await scene.broker.kill();
    await eventually(() => shown.includes(`${CLEAR}stuck: sink broker`));
    process.kill(pid, 'SIGTERM');
    await ended;
    // every line of the log begins where nothing stands
    const lines = shown.split('\n').filter((line) => line.includes('open-retry'));
    assert.ok(lines.length > 1);
    for (const line of lines) {
      // what is held back as a flood may come out once the live line has gone
      const start = line.lastIndexOf(CLEAR);
      assert.match(line.slice(start === -1 ? 0 : start + CLEAR.length), /^\[\d\d:/, line);
    }
  });
});
