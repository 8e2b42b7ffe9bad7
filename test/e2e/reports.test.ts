import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

describe('--statistics', { concurrency: 2 }, () => {
  for (const [count, lines] of [
    [0, /^processed no messages\n$/],
    [1, /^processed only 1 message\n$/],
    [
      20,
      /^processed 20 messages in \d+\.\d{3} seconds \(\d+\.\d{3} k msg\/sec\)\nthroughput is around \d+\.\d{3} MB\/second\naverage message size is around 39 bytes\n$/,
    ],
  ] as const) {
    it(`prints exactly this for ${count} messages`, async (test) => {
      const scene = await Scene.set(test);
      // 1 + body 6 + 2 for each header, their names and values: destination /queue/q, x-number 0
      const header = { destination: DESTINATION, 'x-number': '0' };
      const samples = upTo(count).map((number) => ({ number, header, body: Buffer.from('body 0'), text: false }));
      mkdirSync(scene.path('in'));
      produce(scene.path('in'), samples);
      const ended = await scene.run(scene.mover('--statistics'));
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, lines);
    });
  }

  it('counts before the callback: what is dropped, and what is rejected, is processed too', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 30);
    const code =
      'const n = Number(hdr["x-number"]) % 3; if (n === 1) return "not wanted"; if (n === 2) throw new Error("x")';
    const failures = ['--failure-queue', `path=${scene.path('failures')}`];
    const ended = await scene.run(scene.mover('--statistics', '--callback-code', code, ...failures));
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stdout, /^processed 30 messages in /);
    const [end] = logLines(ended.stderr, 'end');
    const { received, sent, dropped, rejected, droppedBy, rejectedBy } = end ?? {};
    assert.deepEqual([received, sent, dropped, rejected], [30, 10, 10, 10]);
    assert.deepEqual([droppedBy, rejectedBy], [{ 'not wanted': 10 }, { CALLBACK_THREW: 10 }]);
  });
});

describe('a run that goes on', { concurrency: 2 }, () => {
  it('tells its state and counters at USR1, and goes on at HUP, saying so', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 20);
    const run = scene.start(scene.sender('--loop'));
    await eventually(() => scene.broker.depth(DESTINATION).ready === 20);
    run.signal('SIGUSR1');
    const [state] = await eventually(() => run.log('state').length > 0 && run.log('state'));
    assert.deepEqual([state?.received, state?.sent], [20, 20]);
    assert.equal(typeof state?.inFlight, 'number');
    run.signal('SIGHUP');
    await eventually(() => run.log('reload').length > 0);
    scene.fill('in', 20);
    await eventually(() => scene.broker.depth(DESTINATION).ready === 40);
    assert.equal((await run.stop()).code, 0);
  });

  it('browses a queue in passes that start at least a second apart, and warns of it at the start', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const started = performance.now();
    const run = scene.start(scene.sender('--no-remove', '--loop'));
    await eventually(() => run.log('configuration').length > 0);
    assert.match(String(run.log('configuration')[0]?.msg), /loop without remove.*sent again on every pass/);
    await eventually(() => scene.broker.depth(DESTINATION).ready >= 9);
    assert.ok(performance.now() - started > 2000, 'the third pass begins two seconds after the first');
    assert.equal((await run.stop()).code, 0);
    assert.deepEqual(scene.stored('in'), upTo(3));
    assert.deepEqual(scene.arrived().slice(0, 6), [...upTo(3), ...upTo(3)]);
  });

  it('takes what another process has not locked, and that does not count as left behind', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 20);
    const other = new SimpleQueue({ path: scene.path('in') });
    let locked = 0;
    for await (const name of other.names()) if (locked < 5 && (await other.lock(name))) locked += 1;
    const ended = await scene.run(scene.mover());
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual([scene.stored('in').length, scene.stored('out').length], [5, 15]);
  });
});
