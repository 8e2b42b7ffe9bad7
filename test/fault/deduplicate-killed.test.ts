import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/index.js';
import type { Moment, Step } from '../matrix/steps.js';
import { ascending, Scene, upTo } from '../support/scene.js';

/** The broker gives its messages the same ids at each delivery. */
const ACTIVEMQ = { server: 'ActiveMQ/5.17.2' };
const COUNT = 12;

/** What a receiver that remembers does with a message, and the call of it at which it is killed. */
const POINTS: readonly (readonly [Step, number])[] = [
  ['message', 2],
  ['create apart', 5],
  ['write apart', 6],
  ['sync apart', 7],
  ['note', 2],
  ['note', 3],
  ['note', 4],
  ['note', 5],
  ['sync note', 2],
  ['sync note', 3],
  ['sync notes', 3],
  ['publish', 1],
  ['publish', 3],
  ['publish', 6],
  ['sync folder', 2],
  ['tidy up apart', 2],
  ['tidy up apart', 5],
  ['ack', 1],
  ['ack', 2],
];

function receiver(scene: Scene): string[] {
  const args = scene.receiver('--window', '4', '--timeout-inactivity', '0.4');
  return [...args, '--outgoing-queue', `path=${scene.path('out')} deduplicate=100`];
}

/** Takes everything out of the queue, as a consumer does; the numbers of the messages. */
async function taken(scene: Scene): Promise<number[]> {
  const queue = new SimpleQueue({ path: scene.path('out') });
  const numbers: number[] = [];
  for await (const name of queue) {
    if (!(await queue.lock(name))) continue;
    numbers.push(Number((await queue.getMessage(name)).header['x-number']));
    await queue.remove(name);
  }
  return numbers;
}

async function killedAt(scene: Scene, moment: Moment, step: Step, number: number): Promise<void> {
  const env = {
    STOMPCTL_TEST_KILL_AT: `${moment} ${step} ${number}`,
    NODE_OPTIONS: `--import=${new URL('../matrix/kill-at-step.js', import.meta.url).href}`,
  };
  const ended = await scene.run(receiver(scene), { env });
  assert.equal(ended.signal, 'SIGKILL', `not reached: ${ended.stderr}`);
}

describe('deduplicate: killed at any step, each message is stored exactly once', { concurrency: 2 }, () => {
  for (const moment of ['before', 'after'] as const) {
    for (const [step, number] of POINTS) {
      it(`${moment} ${step} ${number}, and what was stored is taken meanwhile`, async (test) => {
        const scene = await Scene.set(test, ACTIVEMQ);
        scene.publish(COUNT);
        await killedAt(scene, moment, step, number);
        const first = await taken(scene);
        const ended = await scene.run(receiver(scene));
        assert.equal(ended.code, 0, ended.stderr);
        assert.deepEqual([...first, ...(await taken(scene))].sort(ascending), upTo(COUNT));
        assert.deepEqual(scene.arrived(), [], 'everything is acknowledged');
      });
    }
  }

  for (const [step, number] of [
    ['publish', 3],
    ['note', 3],
    ['ack', 1],
  ] as const) {
    it(`after ${step} ${number}, twice, and it lies in the queue`, async (test) => {
      const scene = await Scene.set(test, ACTIVEMQ);
      scene.publish(COUNT);
      await killedAt(scene, 'after', step, number);
      await killedAt(scene, 'after', step, number);
      const ended = await scene.run(receiver(scene));
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(scene.stored('out'), upTo(COUNT));
    });
  }

  it('control: without deduplicate a kill before the acknowledgement stores messages twice', async (test) => {
    const scene = await Scene.set(test, ACTIVEMQ);
    scene.publish(COUNT);
    const plain = scene.receiver('--window', '4', '--timeout-inactivity', '0.4');
    const env = {
      STOMPCTL_TEST_KILL_AT: 'before ack 1',
      NODE_OPTIONS: `--import=${new URL('../matrix/kill-at-step.js', import.meta.url).href}`,
    };
    assert.equal((await scene.run(plain, { env })).signal, 'SIGKILL');
    assert.equal((await scene.run(plain)).code, 0);
    assert.ok(scene.stored('out').length > COUNT);
  });

  it('a second receiver that runs stores nothing that the killed one has stored', async (test) => {
    const scene = await Scene.set(test, ACTIVEMQ);
    scene.publish(COUNT);
    const other = scene.start(receiver(scene));
    await killedAt(scene, 'before', 'ack', 1).catch(() => undefined);
    const ended = await other.ended();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(COUNT));
  });
});
