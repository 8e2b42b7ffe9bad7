import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';

/** What is loaded into the process beside the program: a fault that nobody catches, once the run has begun. */
const FAULT = (what: string) =>
  `data:text/javascript,${encodeURIComponent(`setTimeout(() => { ${what} }, Number(process.env.FAULT_AFTER_MS))`)}`;

describe('a fault of the program', { concurrency: 2 }, () => {
  for (const what of ['throw new Error("a fault")', 'Promise.reject(new Error("a fault"))']) {
    it(`ends it with 70 and leaves no pidfile, and the next run gets everything: ${what}`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('in', 20);
      const args = scene.sender('--loop', '--pidfile', scene.path('pid'));
      const ended = await scene.run(args, { env: { NODE_OPTIONS: `--import=${FAULT(what)}`, FAULT_AFTER_MS: '600' } });
      assert.equal(ended.code, 70, ended.stderr);
      assert.match(ended.stderr, /stompctl: internal error: Error: a fault/);
      assert.deepEqual(
        filesOf(scene.folder).filter((path) => path.endsWith('pid')),
        [],
      );
      assert.equal((await scene.run(scene.sender())).code, 0);
      assert.deepEqual([...new Set(scene.arrived())], upTo(20));
    });
  }

  it('ends it with 70 also while others read files all the time', async (test) => {
    const scene = await Scene.set(test);
    const reading = `const { readFile } = await import('node:fs/promises');
      const again = () => void readFile('/proc/self/status').then(again);
      for (let count = 0; count < 8; count += 1) again();`;
    const fault = FAULT('throw new Error("a fault")');
    const preload = `data:text/javascript,${encodeURIComponent(reading)}`;
    const ended = await scene.run(scene.sender('--loop'), {
      env: { NODE_OPTIONS: `--import=${preload} --import=${fault}`, FAULT_AFTER_MS: '600' },
    });
    assert.deepEqual([ended.code, ended.signal], [70, null], ended.stderr);
    assert.doesNotMatch(ended.stderr, /is stuck/);
  });
});
