import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Scene, upTo } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';

/** A run from cron: it says nothing when nothing is wrong. */
function pass(scene: Scene, ...more: readonly string[]): string[] {
  const cron = ['--pidfile', scene.path('cron.pid'), '--on-overlap', 'quiet', '--log-level', 'warn', '--lazy'];
  return scene.sender('--failure-queue', `path=${scene.path('failures')}`, ...cron, ...more);
}

/** A run that goes on, and has published its state. */
async function atIt(scene: Scene): Promise<StompctlProcess> {
  const run = scene.start(pass(scene, '--loop'));
  await eventually(() => existsSync(scene.path('cron.pid.status')));
  return run;
}

describe('runs from cron', () => {
  it('print nothing when nothing is wrong: with messages, and without', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 20);
    for (let run = 0; run < 2; run += 1) {
      const { code, stdout, stderr } = await scene.run(pass(scene));
      assert.deepEqual([code, stdout, stderr], [0, '', '']);
    }
    assert.deepEqual(scene.arrived(), upTo(20));
  });

  it('do not overlap: one that finds another at it does nothing, without a word', async (test) => {
    const scene = await Scene.set(test);
    mkdirSync(scene.path('in'));
    const first = await atIt(scene);
    const { code, stdout, stderr } = await scene.run(pass(scene));
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    assert.ok(first.running && existsSync(scene.path('cron.pid')), 'the first has its pidfile still');
    const loud = await scene.run(pass(scene, '--on-overlap', 'fail'));
    assert.equal(loud.code, 75);
    assert.match(loud.stderr, /"code":"ALREADY_RUNNING".*already running as pid/);
    const textfile = scene.path('cron.prom');
    writeFileSync(textfile, 'of the last run\n');
    assert.equal((await scene.run(pass(scene, '--metrics-textfile', textfile))).code, 0);
    assert.equal(readFileSync(textfile, 'utf8'), 'of the last run\n');
    assert.equal((await first.stop()).code, 0);
  });

  it('tell that the other is stuck', async (test) => {
    const scene = await Scene.set(test);
    mkdirSync(scene.path('in'));
    const first = await atIt(scene);
    first.signal('SIGSTOP');
    const told = await eventually(
      async () => {
        const ended = await scene.run(pass(scene));
        return ended.code === 75 && ended;
      },
      { deadlineMs: 120_000 },
    );
    assert.match(told.stderr, /pid \d+ still runs, and is stuck: it has published nothing for/);
    first.signal('SIGCONT');
    assert.equal((await first.stop()).code, 0);
  });
});
