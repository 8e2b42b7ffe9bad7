import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Scene } from '../support/scene.js';

/** Runs what follows it in a shell of its own, after `first`. */
function after(first: string): string[] {
  return ['sh', '-c', `${first} && exec "$@"`, 'sh'];
}

/** How many files must be allowed to be open for an empty program to run. */
function fewestOfNode(scene: Scene): number {
  const program = scene.path('empty.cjs');
  writeFileSync(program, '');
  const runs = (limit: number): boolean => {
    const [first = '', ...rest] = after(`ulimit -n ${limit}`);
    return spawnSync(first, [...rest, process.execPath, program]).status === 0;
  };
  let limit = 12;
  while (limit < 32 && !runs(limit)) limit += 1;
  return limit;
}

describe('what the system lacks is said in one line', { concurrency: 2 }, () => {
  for (const more of [0, 1]) {
    it(`too few files that may be open: ${more} more than Node needs for itself`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('in', 1);
      const under = after(`ulimit -n ${fewestOfNode(scene) + more}`);
      const ended = await scene.run(scene.mover(), { under });
      assert.equal(ended.stderr, 'stompctl: too many open files: raise "ulimit -n"\n');
      assert.equal(ended.code, 75);
      assert.deepEqual(scene.stored('in'), [0]);
    });
  }

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
