import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';

const ENDS = ['in', 'out', 'failures'] as const;

describe('a bad queue', { concurrency: 2 }, () => {
  for (const end of ENDS) {
    it(`${end}: a path that is a file: exit 78, the file untouched`, async (test) => {
      const scene = await Scene.set(test);
      if (end !== 'in') scene.fill('in', 3);
      writeFileSync(scene.path(end), 'not a queue');
      const before = filesOf(scene.folder);
      const ended = await scene.run(scene.mover('--failure-queue', `path=${scene.path('failures')}`));
      assert.equal(ended.code, 78, ended.stderr);
      assert.match(ended.stderr, new RegExp(`${scene.path(end)}[^"]*not a (folder|directory)`));
      assert.deepEqual(filesOf(scene.folder), before);
    });

    for (const [what, mode] of [
      ['written', 0o555],
      ['read', 0o333],
    ] as const) {
      it(`${end}: a folder that may not be ${what}: exit 77, nothing moved`, async (test) => {
        const scene = await Scene.set(test);
        if (end === 'in') scene.fill('in', 3);
        else mkdirSync(scene.path(end));
        chmodSync(scene.path(end), mode);
        const args = scene.mover('--failure-queue', `path=${scene.path('failures')}`);
        const ended = await scene.run(args, { under: WITHOUT_PRIVILEGES });
        assert.equal(ended.code, 77, ended.stderr);
        assert.match(ended.stderr, new RegExp(`${scene.path(end)}[^"]*permission denied[^"]*must be permitted`));
        chmodSync(scene.path(end), 0o755);
        assert.equal(filesOf(scene.path(end)).length, end === 'in' ? 3 : 0);
      });
    }
  }

  for (const args of [[], ['--lazy'], ['--count', '5'], ['--duration', '5']]) {
    it(`an incoming queue that is not there: exit 66, and it is not made (${args.join(' ') || 'one pass'})`, async (test) => {
      const scene = await Scene.set(test);
      const ended = await scene.run(scene.mover(...args));
      assert.equal(ended.code, 66, ended.stderr);
      assert.match(ended.stderr, new RegExp(`${scene.path('in')}[^"]*no such folder: correct the path`));
      assert.equal(existsSync(scene.path('in')), false);
    });
  }

  it('an incoming queue that is not there is made with loop, which is said', async (test) => {
    const scene = await Scene.set(test);
    const run = scene.start(scene.mover('--loop'));
    await eventually(() => run.log('queue-made').length === 1);
    scene.fill('in', 3);
    await eventually(() => scene.stored('out').length === 3);
    assert.equal((await run.stop()).code, 0);
  });

  it('a folder that cannot be made: exit 73', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    mkdirSync(scene.path('closed'), { mode: 0o555 });
    const args = [
      '--incoming-queue',
      `path=${scene.path('in')}`,
      '--outgoing-queue',
      `path=${scene.path('closed/out')}`,
    ];
    const ended = await scene.run(args, { under: WITHOUT_PRIVILEGES });
    assert.equal(ended.code, 73, ended.stderr);
    assert.match(ended.stderr, /permission denied[^"]*make the directory, or run as a user who may/);
    assert.deepEqual([scene.stored('in'), readdirSync(scene.path('closed'))], [[0], []]);
  });

  it('an intermediate folder that may not be written keeps its elements, and the others go on', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 600);
    const [first = ''] = readdirSync(scene.path('in')).sort();
    chmodSync(scene.path(`in/${first}`), 0o555);
    const ended = await scene.run(scene.mover(), { under: WITHOUT_PRIVILEGES });
    chmodSync(scene.path(`in/${first}`), 0o755);
    assert.equal(ended.code, 1, ended.stderr.slice(-2000));
    assert.deepEqual(scene.stored('in'), upTo(500));
    assert.equal(scene.stored('out').length, 100);
  });
});
