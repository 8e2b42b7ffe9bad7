import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Scene } from '../support/scene.js';

/** Runs what follows it in a shell of its own, after `first`. */
function after(first: string): string[] {
  return ['sh', '-c', `${first} && exec "$@"`, 'sh'];
}

describe('what the system lacks is said in one line', { concurrency: 2 }, () => {
  it('too few files that may be open: 20', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    const ended = await scene.run(scene.mover(), { under: after('ulimit -n 20') });
    assert.equal(ended.stderr, 'stompctl: too many open files: raise "ulimit -n"\n');
    assert.equal(ended.code, 75);
    assert.deepEqual(scene.stored('in'), [0]);
  });

  for (const limit of [32, 44]) {
    it(`${limit} files that may be open are enough`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('in', 1);
      const ended = await scene.run(scene.mover(), { under: after(`ulimit -n ${limit}`) });
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(scene.stored('in'), []);
    });
  }

  it('a current folder that was deleted', async (test) => {
    const scene = await Scene.set(test);
    const cwd = scene.path('gone');
    mkdirSync(cwd);
    const args = ['--incoming-queue', `path=${scene.path('in')}`, '--outgoing-queue', 'path=out'];
    const ended = await scene.run(args, { cwd, under: after('rmdir "$PWD"') });
    const says = 'the current folder cannot be found (ENOENT): change to one that is there, or give whole paths';
    assert.equal(ended.stderr, `stompctl: ${says}\n`);
    assert.equal(ended.code, 66);
  });
});
