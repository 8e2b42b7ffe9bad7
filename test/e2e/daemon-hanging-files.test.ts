import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { hangingOpen, neverWritten } from '../support/hanging-disk.js';
import { Scene } from '../support/scene.js';

/** A program that starts before stompctl: its file `stuck` hangs when it is opened. */
async function stuckMount(test: TestContext): Promise<{ scene: Scene; stuck: string; env: { NODE_OPTIONS: string } }> {
  const scene = await Scene.set(test);
  const stuck = scene.path('stuck');
  writeFileSync(stuck, '');
  return { scene, stuck, env: hangingOpen(scene, stuck) };
}

describe('a file that hangs when it is opened', { concurrency: 3 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`as configuration, does not outlive one ${signal}`, async (test) => {
      const scene = await Scene.set(test);
      const run = scene.start(['--config', neverWritten(scene)]);
      // its listeners are the first thing it has
      await eventually(() => listens(run.pid));
      const ended = await run.stop(signal);
      assert.deepEqual([ended.code, ended.signal], [null, signal], ended.stderr);
    });
  }

  it('as certificate, does not outlive a stop of the run', async (test) => {
    const { scene, stuck, env } = await stuckMount(test);
    scene.fill('in', 1);
    const run = scene.start(scene.sender('--loop', '--outgoing-broker-sockopts', `SSL_ca_file=${stuck}`), { env });
    await eventually(() => run.log('start').length === 1);
    const ended = await run.stop();
    assert.deepEqual([ended.code, ended.signal], [null, 'SIGTERM'], ended.stderr);
    assert.equal(ended.stderr.includes('"reason":"signal"'), true, 'it had drained');
    assert.deepEqual(scene.stored('in'), [0]);
  });

  it('as certificate, ends an attempt after timeout-connect, which says so', async (test) => {
    const { scene, stuck, env } = await stuckMount(test);
    scene.fill('in', 1);
    const args = ['--timeout-connect', '0.1', '--outgoing-broker-sockopts', `SSL_ca_file=${stuck}`];
    const run = scene.start(scene.sender('--loop', ...args), { env });
    await eventually(() => run.log('open-retry').some(({ code }) => code === 'CONNECT_TIMEOUT'));
    assert.match(String(run.log('open-retry')[0]?.msg), /were not read within 0\.1 s; is a file system stuck\?/);
  });

  it('does not outlive an error that nobody expected', async (test) => {
    const { scene, stuck, env } = await stuckMount(test);
    const fails = scene.path('fails.mjs');
    writeFileSync(
      fails,
      `import files from 'node:fs/promises';
      if (process.argv.includes('--loop')) {
        void files.open(${JSON.stringify(stuck)});
        process.on('newListener', (name) => {
          if (name === 'uncaughtException') setTimeout(() => { throw new Error('unexpected') }, 50);
        });
      }`,
    );
    const ended = await scene.run(scene.sender('--loop'), {
      env: { NODE_OPTIONS: `${env.NODE_OPTIONS} --import ${fails}` },
    });
    assert.deepEqual([ended.code, ended.signal], [null, 'SIGKILL'], ended.stderr);
    assert.match(ended.stderr, /Error: unexpected/);
    assert.match(ended.stderr, /a file that it reads is stuck: ended by a signal, in place of exit code 70\n$/);
  });

  it('as certificate, does not outlive a run that ends by itself', async (test) => {
    const { scene, stuck, env } = await stuckMount(test);
    scene.fill('in', 1);
    const args = ['--timeout-connect', '0.1', '--reconnect-attempts', '1'];
    const tls = ['--outgoing-broker-sockopts', `SSL_ca_file=${stuck}`];
    const ended = await scene.run(scene.sender(...args, ...tls), { env });
    assert.deepEqual([ended.code, ended.signal], [null, 'SIGKILL'], ended.stderr);
    assert.match(ended.stderr, /a file that it reads is stuck: ended by a signal, in place of exit code 75\n$/);
    assert.deepEqual(scene.stored('in'), [0]);
  });
});

/** Does the process catch HUP, as Node by itself does not (the first bit of the mask in proc(5))? */
function listens(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(
    execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }),
  )?.[1];
  return (BigInt(`0x${caught ?? '0'}`) & 1n) !== 0n;
}
