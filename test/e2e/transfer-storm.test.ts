import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { filesOf } from '../support/sample-messages.js';
import { ascending, DESTINATION, Scene, upTo } from '../support/scene.js';
import { startedBroker } from '../support/started-broker.js';

const COUNT = 1500;
const STRIKES = 12;

describe('a storm', { concurrency: 2 }, () => {
  it('that cuts both ends of a shovel again and again loses nothing', async (test) => {
    const scene = await Scene.set(test, { server: 'ActiveMQ/5.17.2' });
    const target = await startedBroker(test);
    scene.publish(COUNT);
    const args = ['--incoming-broker-uri', scene.broker.uri, '--subscribe', `destination=${DESTINATION}`];
    const quick = ['--reconnect-delay', '0.01', '--reconnect-max-delay', '0.05', '--window', '50'];
    const run = scene.start([...args, '--outgoing-broker-uri', target.uri, ...quick]);
    for (let strike = 1; strike <= STRIKES; strike += 1) {
      const due = (COUNT * strike) / (STRIKES + 2);
      await eventually(() => target.received(DESTINATION).received >= due, { everyMs: 1 });
      if (strike % 4 === 0) await target.restart();
      else if (strike % 2 === 0) target.killConnections();
      else scene.broker.killConnections();
    }
    await eventually(() => {
      const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
      return ready + unacknowledged === 0;
    });
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    const arrived = target.drain(DESTINATION).map(({ header }) => Number(header['x-number']));
    assert.deepEqual([...new Set(arrived)].sort(ascending), upTo(COUNT));
    const { reconnects, settledTwice } = run.log('end')[0] ?? {};
    assert.ok(Number(reconnects) >= STRIKES / 2, `${reconnects} reconnects`);
    assert.equal(settledTwice, 0);
  });

  it('that takes the folder of the outgoing queue away does not end a run, nor cost what comes later', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(20);
    const run = scene.start(scene.receiver());
    await eventually(() => scene.stored('out').length === 20);
    rmSync(scene.path('out'), { recursive: true });
    scene.publish(20);
    await eventually(() => scene.stored('out').length === 20);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(20));
  });

  it('that takes the folder of the incoming queue away does not end a run that waits for more', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 20);
    const run = scene.start(scene.sender('--loop'));
    await eventually(() => scene.broker.depth(DESTINATION).ready === 20 && filesOf(scene.path('in')).length <= 1);
    rmSync(scene.path('in'), { recursive: true });
    scene.fill('in', 20);
    await eventually(() => scene.broker.depth(DESTINATION).ready === 40, { what: 'the new folder to be read' });
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(filesOf(scene.path('in')), []);
  });
});
