import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Scene } from '../support/scene.js';

/** A FIFO that nobody writes to: opening it never returns, as on a mount whose server is gone. */
async function hanging(test: TestContext): Promise<{ scene: Scene; fifo: string }> {
  const scene = await Scene.set(test);
  const fifo = scene.path('fifo');
  execFileSync('mkfifo', [fifo]);
  return { scene, fifo };
}

describe('a file that hangs when it is opened', { concurrency: 3 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`as configuration, does not outlive one ${signal}`, async (test) => {
      const { scene, fifo } = await hanging(test);
      const run = scene.start(['--config', fifo]);
      // its listeners are the first thing it has
      await eventually(() => listens(run.pid));
      const ended = await run.stop(signal);
      assert.deepEqual([ended.code, ended.signal], [null, signal], ended.stderr);
    });
  }

  it('as certificate, does not outlive a stop of the run', async (test) => {
    const { scene, fifo } = await hanging(test);
    scene.fill('in', 1);
    const run = scene.start(scene.sender('--loop', '--outgoing-broker-sockopts', `SSL_ca_file=${fifo}`));
    await eventually(() => run.log('start').length === 1);
    const ended = await run.stop();
    assert.deepEqual([ended.code, ended.signal], [null, 'SIGTERM'], ended.stderr);
    assert.equal(ended.stderr.includes('"reason":"signal"'), true, 'it had drained');
    assert.deepEqual(scene.stored('in'), [0]);
  });

  it('as certificate, ends an attempt after timeout-connect, which says so', async (test) => {
    const { scene, fifo } = await hanging(test);
    scene.fill('in', 1);
    const args = ['--timeout-connect', '0.1', '--outgoing-broker-sockopts', `SSL_ca_file=${fifo}`];
    const run = scene.start(scene.sender('--loop', ...args));
    await eventually(() => run.log('open-retry').some(({ code }) => code === 'CONNECT_TIMEOUT'));
    assert.match(String(run.log('open-retry')[0]?.msg), /were not read within 0\.1 s; is a file system stuck\?/);
  });
});

/** Does the process catch HUP, as Node by itself does not (the first bit of the mask in proc(5))? */
function listens(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(
    execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }),
  )?.[1];
  return (BigInt(`0x${caught ?? '0'}`) & 1n) !== 0n;
}
