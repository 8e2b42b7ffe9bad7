import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { logOf, SeveralScene } from '../support/several-scene.js';
import { runStompctl, type StompctlProcess } from '../support/stompctl-process.js';
import type { Cleaning } from '../support/temp-folder.js';

async function running(
  test: Cleaning,
  ...names: readonly string[]
): Promise<{ of: SeveralScene; run: StompctlProcess }> {
  const of = await SeveralScene.set(test);
  for (const name of names) of.mover(name);
  const run = of.start();
  await eventually(() => names.every((name) => logOf(run, name, 'start').length === 1));
  return { of, run };
}

describe('a reload of a folder', () => {
  it('starts what has appeared, stops what has vanished, reloads what has changed, and leaves the rest be', async (test) => {
    const { of, run } = await running(test, 'changed', 'gone', 'same');
    of.mover('changed', 'loop = true\nwindow = 7\n');
    of.remove('gone.conf');
    of.mover('new');
    const { code, stdout } = await of.reload();
    assert.match(stdout, /has reloaded: gone: removed; changed: taken over: window; new: started\n$/);
    assert.equal(code, 0);
    assert.equal(logOf(run, 'gone', 'end')[0]?.reason, 'quit');
    for (const name of ['changed', 'new', 'same']) await of.moves(name);
    of.scene.fill('in-gone', 1);
    assert.deepEqual([...(await of.status()).transfers.keys()], ['changed', 'new', 'same']);
    assert.equal(logOf(run, 'same', 'start').length, 1);
    assert.equal((await run.stop()).code, 0);
    assert.equal(of.scene.stored('in-gone').length, 1);
  });

  it('that is refused for one leaves it with the old configuration, and is taken over by the others', async (test) => {
    const { of, run } = await running(test, 'a', 'bad');
    of.mover('a', 'loop = true\nwindow = 7\n');
    of.mover('bad', 'loop = true\nwindou = 7\n');
    const { code, stderr } = await of.reload();
    assert.match(stderr, /a: taken over: window/);
    assert.match(stderr, /bad: refused, the old configuration goes on: .*bad\.conf:7.*"windou"/);
    assert.equal(code, 78);
    assert.match((await of.status()).transfers.get('bad')?.reason ?? '', /the last reload was refused/);
    await of.moves('bad');
    assert.equal((await run.stop()).code, 0);
  });

  it('starts what was broken, once it is mended, and what has ended, once it is changed', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a');
    of.write('broken.conf', 'windou = 5\n');
    of.mover('once', '');
    const run = of.start();
    await eventually(() => logOf(run, 'once', 'end').length === 1);
    assert.match((await of.reload()).stderr, /broken: does not run: /);
    assert.equal(logOf(run, 'once', 'start').length, 1, 'it has done its work');
    of.mover('broken');
    of.mover('once', 'window = 9\n');
    const { stdout } = await of.reload();
    assert.match(stdout, /has reloaded: broken: started; once: started\n$/);
    await of.moves('broken');
    assert.equal((await run.stop()).code, 0);
  });

  it('hands the pidfile on when a file is renamed', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a');
    of.mover('old', `loop = true\npidfile = ${of.scene.path('own.pid')}\n`);
    const run = of.start();
    await eventually(() => logOf(run, 'old', 'start').length === 1);
    renameSync(`${of.folder}/old.conf`, `${of.folder}/new.conf`);
    assert.match((await of.reload()).stdout, /has reloaded: old: removed; new: started\n$/);
    const { stdout } = await runStompctl(['status', '--json', '--pidfile', of.scene.path('own.pid')]);
    assert.equal((JSON.parse(stdout) as { transfer?: string }).transfer, 'new');
    assert.equal((await run.stop()).code, 0);
    assert.equal(existsSync(of.scene.path('own.pid')), false);
  });

  it('is refused whole when the folder cannot be read, and all go on', async (test) => {
    const { of, run } = await running(test, 'a', 'b');
    renameSync(of.folder, `${of.folder}.away`);
    const { code, stderr } = await of.reload();
    assert.match(stderr, /conf\.d.*there is no such folder/);
    assert.equal(code, 78);
    await of.moves('a');
    await of.moves('b');
    assert.equal((await run.stop()).code, 0);
  });

  it('ends the process, with 0, when the last file has vanished', async (test) => {
    const { of, run } = await running(test, 'a');
    of.remove('a.conf');
    run.signal('SIGHUP');
    assert.equal((await run.ended()).code, 0);
  });

  it('comes to an end after a burst of HUP', async (test) => {
    const { of, run } = await running(test, 'a');
    for (let round = 0; round < 20; round += 1) {
      of.mover(`b${round}`);
      run.signal('SIGHUP');
    }
    assert.equal((await of.reload()).code, 0);
    assert.equal((await of.status()).transfers.size, 21);
    assert.equal((await run.stop()).code, 0);
  });
});
