import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/index.js';
import type { Moment, Step } from '../matrix/steps.js';
import { eventually } from '../support/eventually.js';
import { ascending, DESTINATION, Scene, upTo } from '../support/scene.js';

/** The broker gives its messages the same ids at each delivery. */
const ACTIVEMQ = { server: 'ActiveMQ/5.17.2' };
const COUNT = 12;

/** What a receiver that remembers does with a message, and the call of it at which it is killed. */
const POINTS: readonly (readonly [Moment, Step, number])[] = [
  ['before', 'message', 1],
  ['after', 'message', 1],
  ['before', 'create apart', 5],
  ['after', 'write apart', 6],
  ['after', 'sync apart', 7],
  ['before', 'note', 2],
  ['after', 'note', 2],
  ['before', 'note', 3],
  ['after', 'note', 3],
  ['after', 'note', 4],
  ['after', 'sync note', 2],
  ['after', 'sync note', 3],
  ['before', 'sync notes', 3],
  ['after', 'publish', 1],
  ['before', 'publish', 3],
  ['after', 'publish', 6],
  ['before', 'sync folder', 2],
  ['after', 'sync folder', 2],
  ['before', 'tidy up apart', 2],
  ['after', 'tidy up apart', 5],
  ['before', 'ack', 1],
  ['after', 'ack', 1],
];

function receiver(scene: Scene): string[] {
  return [...scene.receiver('--window', '4'), '--outgoing-queue', `path=${scene.path('out')} deduplicate=100`];
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

/** Runs until the broker has nothing left. */
async function drained(scene: Scene, run = scene.start(receiver(scene))): Promise<void> {
  await eventually(() => scene.broker.depth(DESTINATION).ready + scene.broker.depth(DESTINATION).unacknowledged === 0);
  const ended = await run.stop();
  assert.equal(ended.code, 0, ended.stderr);
}

async function killedAt(
  scene: Scene,
  moment: Moment,
  step: Step,
  number: number,
  args = receiver(scene),
): Promise<void> {
  const env = {
    STOMPCTL_TEST_KILL_AT: `${moment} ${step} ${number}`,
    NODE_OPTIONS: `--import=${new URL('../matrix/kill-at-step.js', import.meta.url).href}`,
  };
  const run = scene.start(args, { env });
  await eventually(() => !run.running, { what: `killed ${moment} ${step} ${number}` });
  const ended = await run.ended();
  assert.equal(ended.signal, 'SIGKILL', ended.stderr);
}

describe('deduplicate: killed at any step, each message is stored exactly once', { concurrency: 2 }, () => {
  for (const [moment, step, number] of POINTS) {
    it(`${moment} ${step} ${number}, and what was stored is taken meanwhile`, async (test) => {
      const scene = await Scene.set(test, ACTIVEMQ);
      scene.publish(COUNT);
      await killedAt(scene, moment, step, number);
      const first = await taken(scene);
      await drained(scene);
      assert.deepEqual([...first, ...(await taken(scene))].sort(ascending), upTo(COUNT));
    });
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
      await drained(scene);
      assert.deepEqual(scene.stored('out'), upTo(COUNT));
    });
  }

  it('control: without deduplicate a kill before the acknowledgement stores messages twice', async (test) => {
    const scene = await Scene.set(test, ACTIVEMQ);
    scene.publish(COUNT);
    const plain = scene.receiver('--window', '4');
    await killedAt(scene, 'before', 'ack', 1, plain);
    await drained(scene, scene.start(plain));
    assert.ok(scene.stored('out').length > COUNT);
  });

  it('a second receiver that runs stores nothing that the killed one has stored', async (test) => {
    const scene = await Scene.set(test, ACTIVEMQ);
    const other = scene.start(receiver(scene));
    const killing = killedAt(scene, 'before', 'ack', 1);
    await eventually(() => scene.broker.depth(DESTINATION).consumers === 2);
    scene.publish(COUNT);
    await killing;
    await drained(scene, other);
    assert.deepEqual(scene.stored('out'), upTo(COUNT));
  });
});
