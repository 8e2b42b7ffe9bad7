import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { eventually } from '../support/eventually.js';
import { elementPaths } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';

const UNDER = { under: WITHOUT_PRIVILEGES };
const QUICK = ['--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'];
const NOTHING = 0o000;
const READ_ONLY = 0o555;
const ALL = 0o755;

describe('a folder that is taken away for a while', { concurrency: 2 }, () => {
  for (const [name, queue, mode, type] of [
    ['a source that cannot be read', 'in', NOTHING, 'DQS'],
    ['a source where nothing can be locked', 'in', READ_ONLY, 'DQS'],
    ['a sink that cannot be written', 'out', READ_ONLY, 'DQS'],
    ['a DQN source that cannot be read', 'in', NOTHING, 'DQN'],
    ['a DQN source where nothing can be locked', 'in', READ_ONLY, 'DQN'],
    ['a DQN sink that cannot be written', 'out', READ_ONLY, 'DQN'],
  ] as const) {
    const taken = async (test: TestContext) => {
      const scene = await Scene.set(test);
      const path = scene.path(queue);
      mkdirSync(scene.path('out'));
      if (type === 'DQN' && queue === 'in') {
        const from = new NormalQueue({ path });
        for (const number of upTo(5))
          await from.add({ header: { 'x-number': String(number) }, text: `body ${number}` });
      } else scene.fill('in', 5);
      const end = queue === 'in' ? '--incoming-queue' : '--outgoing-queue';
      const args = scene.mover(...QUICK, end, `path=${path} type=${type}`);
      const moved = () =>
        type === 'DQN' && queue === 'out' ? new NormalQueue({ path }).count() : scene.stored('out').length;
      chmodSync(path, mode);
      return { scene, path, args, moved };
    };

    it(`${name} at the start is waited for by a run without end, which says so in log and state`, async (test) => {
      const { scene, path, args, moved } = await taken(test);
      const run = scene.start([...args, '--loop'], UNDER);
      await eventually(() => run.log('open-retry').filter(({ code }) => code === 'QUEUE_PERMISSION').length >= 3);
      run.signal('SIGUSR1');
      const [state] = await eventually(() => run.log('state').length > 0 && run.log('state'));
      assert.match(String(state?.waiting), new RegExp(`^queue ${path}: open queue.*must be permitted`));
      chmodSync(path, ALL);
      await eventually(async () => (await moved()) === 5);
      const ended = await run.stop();
      assert.equal(ended.code, 0, ended.stderr);
    });

    it(`${name} ends a run of one pass: exit 77`, async (test) => {
      const { scene, args } = await taken(test);
      const ended = await scene.run(args, UNDER);
      assert.equal(ended.code, 77, ended.stderr);
    });
  }

  it('a sink that cannot be made is waited for without end, and ends one pass with 73', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    mkdirSync(scene.path('parent'), { mode: READ_ONLY });
    const to = ['--outgoing-queue', `path=${scene.path('parent/out')}`];
    const onePass = await scene.run(scene.mover(...to, ...QUICK), UNDER);
    assert.equal(onePass.code, 73, onePass.stderr);
    const run = scene.start(scene.mover(...to, '--loop', ...QUICK), UNDER);
    await eventually(() => run.log('open-retry').length >= 3);
    chmodSync(scene.path('parent'), ALL);
    await eventually(() => scene.stored('parent/out').length === 5);
    assert.equal((await run.stop()).code, 0);
  });

  it('a source or sink taken away later is waited for as well', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    const run = scene.start(scene.mover('--loop', ...QUICK), UNDER);
    let count = 5;
    for (const queue of ['in', 'out']) {
      // stored and removed: what is taken away before comes a second time, as it may after a fault
      await eventually(() => scene.stored('out').length === count && elementPaths(scene.path('in')).length === 0);
      const before = run.log('open-retry').length;
      chmodSync(scene.path(queue), NOTHING);
      if (queue === 'out') scene.fill('in', 5);
      await eventually(() => run.log('open-retry').length > before).finally(() => chmodSync(scene.path(queue), ALL));
      if (queue === 'in') scene.fill('in', 5);
      count += 5;
    }
    await eventually(() => scene.stored('out').length === count);
    assert.equal((await run.stop()).code, 0);
  });

  it('a failure queue is waited for by a run without end: what is rejected stays till then', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    mkdirSync(scene.path('failures'), { mode: READ_ONLY });
    const failures = ['--failure-queue', `path=${scene.path('failures')}`];
    const rejects = ['--callback-language', 'javascript', '--callback-code', 'throw new Error("no")'];
    const onePass = await scene.run(scene.mover(...failures, ...QUICK), UNDER);
    assert.equal(onePass.code, 77, onePass.stderr);
    const run = scene.start(scene.mover(...failures, ...rejects, '--loop', ...QUICK), UNDER);
    await eventually(() => run.log('open-retry').some(({ code }) => code === 'QUEUE_IO'));
    run.signal('SIGUSR1');
    const [state] = await eventually(() => run.log('state').length > 0 && run.log('state'));
    const waiting = Array.isArray(state?.waiting) ? state.waiting.map(String) : [];
    assert.match(waiting[0] ?? '', new RegExp(`^queue ${scene.path('failures')}: open queue.*must be permitted`));
    chmodSync(scene.path('failures'), ALL);
    await eventually(() => scene.stored('failures').length === 3);
    assert.equal((await run.stop()).code, 0);
    assert.deepEqual([scene.stored('failures'), scene.stored('in')], [upTo(3), []]);
  });
});
