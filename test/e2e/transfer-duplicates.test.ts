import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerIgnoresFrame } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { Scene, upTo } from '../support/scene.js';

test('a message that comes again though it is safe is suppressed, counted and logged', async (t) => {
  // its ids mean the same after a reconnection
  const ignores = brokerIgnoresFrame({ command: 'ACK', times: 3 });
  const scene = await Scene.set(t, { server: 'ActiveMQ/5.17.2', faults: [ignores] });
  scene.publish(3);
  const run = scene.start(scene.receiver('--log-level', 'debug'));
  await eventually(() => ignores.fired === 3);
  scene.broker.killConnections();
  await eventually(() => run.log('duplicate').length === 3);
  const ended = await run.stop();
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(run.log('end')[0]?.duplicates, 3);
  assert.deepEqual([scene.stored('out'), scene.arrived()], [upTo(3), []]);
});
