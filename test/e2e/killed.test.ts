import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Random, testSeed } from '../support/random.js';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';
import { THOROUGH } from '../support/thorough.js';

/** enough for each kill to come in a window of its own */
const COUNT = THOROUGH ? 2000 : 800;
const WINDOW = 50;
/** known to take `prefetch-count`, so that what it has unacknowledged is bounded: the window and what may be parked */
const BROKER = { server: 'RabbitMQ/3.10.8', rememberFrames: 0 };
const PREFETCH = WINDOW + 1;

/** When kills are due: so many settled messages, in different parts of the run. */
function killPoints(random: Random, kills: number): number[] {
  const share = (COUNT * 0.8) / kills;
  return Array.from({ length: kills }, (_, index) =>
    Math.ceil(COUNT * 0.1 + share * index + random.fraction() * share * 0.8),
  );
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** One end that is killed and started again. */
class Mortal {
  readonly #start: () => StompctlProcess;
  run: StompctlProcess;

  constructor(start: () => StompctlProcess) {
    this.#start = start;
    this.run = start();
  }

  /** Kills it in the middle of something, as `condition` says; `look` runs while it is frozen. */
  async kill(condition: () => boolean, look: () => void): Promise<void> {
    assert.ok(this.run.running, this.run.stderr);
    this.run.signal('SIGSTOP');
    // between two batches it holds nothing: let it go on until it does
    while (!condition()) {
      this.run.signal('SIGCONT');
      await eventually(condition, { everyMs: 1 });
      this.run.signal('SIGSTOP');
    }
    look();
    assert.equal((await this.run.stop('SIGKILL')).signal, 'SIGKILL');
    this.run = this.#start();
  }
}

describe('nothing is lost', { concurrency: 2 }, () => {
  it('when a sender and its broker are killed again and again', async (test) => {
    const seed = testSeed();
    const random = new Random(seed);
    const scene = await Scene.set(test, BROKER);
    scene.fill('in', COUNT);
    const pidfile = scene.path('sender.pid');
    const args = scene.sender('--loop', '--window', String(WINDOW), '--pidfile', pidfile);
    const sender = new Mortal(() => scene.start(args));
    const due = killPoints(random, 6);
    test.diagnostic(`seed ${seed}, kills due at ${due} of ${COUNT}`);
    for (const [index, point] of due.entries()) {
      await eventually(() => scene.broker.received(DESTINATION).received >= point, { everyMs: 1 });
      if (index % 3 === 2) {
        await scene.broker.restart();
        continue;
      }
      let locked: string[] = [];
      const locks = () => filesOf(scene.path('in')).filter((path) => path.endsWith('.lck'));
      await sender.kill(
        () => locks().length > 0,
        () => {
          locked = locks();
          assert.ok(locked.length > 0 && locked.length <= WINDOW, `${locked.length} locks at the moment of the kill`);
        },
      );
      const some = locked.map((path) => path.slice(0, -4)).filter((path) => existsSync(path));
      const resumed = () => some.length === 0 || some.some((path) => !existsSync(path));
      await eventually(resumed, { what: 'the restarted sender resumes its own elements' });
    }
    await eventually(() => elementPaths(scene.path('in')).length === 0);
    assert.equal((await sender.run.stop()).code, 0, sender.run.stderr);
    const arrived = scene.arrived();
    assert.deepEqual(unique(arrived), upTo(COUNT));
    const duplicates = arrived.length - COUNT;
    test.diagnostic(`${duplicates} duplicates`);
    assert.ok(duplicates <= due.length * WINDOW, `${duplicates} duplicates after ${due.length} faults`);
    assert.deepEqual(filesOf(scene.folder), [], 'no lock, journal, temporary file or pidfile');
  });

  it('when a receiver and its broker are killed again and again', async (test) => {
    const seed = testSeed() + 1;
    const random = new Random(seed);
    const scene = await Scene.set(test, BROKER);
    scene.publish(COUNT);
    const pidfile = scene.path('receiver.pid');
    const args = scene.receiver('--window', String(WINDOW), '--max-parked', '1', '--pidfile', pidfile);
    const receiver = new Mortal(() => scene.start(args));
    const due = killPoints(random, 6);
    test.diagnostic(`seed ${seed}, kills due at ${due} of ${COUNT}`);
    for (const [index, point] of due.entries()) {
      await eventually(() => elementPaths(scene.path('out')).length >= point, { everyMs: 1 });
      if (index % 3 === 2) {
        await scene.broker.restart();
        continue;
      }
      const unacknowledged = () => scene.broker.depth(DESTINATION).unacknowledged;
      await receiver.kill(
        () => unacknowledged() > 0,
        () => assert.ok(unacknowledged() > 0, 'deliveries are unacknowledged at the moment of the kill'),
      );
    }
    await eventually(() => {
      const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
      return ready + unacknowledged === 0;
    });
    assert.equal((await receiver.run.stop()).code, 0, receiver.run.stderr);
    const stored = scene.stored('out');
    assert.deepEqual(unique(stored), upTo(COUNT));
    const duplicates = stored.length - COUNT;
    test.diagnostic(`${duplicates} duplicates`);
    assert.ok(duplicates <= due.length * PREFETCH, `${duplicates} duplicates after ${due.length} faults`);
    assert.deepEqual(filesOf(scene.folder), elementPaths(scene.path('out')), 'nothing but elements');
  });

  it('when a run from queue to queue is killed again and again', async (test) => {
    const seed = testSeed() + 2;
    const random = new Random(seed);
    const scene = await Scene.set(test);
    scene.fill('in', COUNT);
    const args = scene.mover('--loop', '--window', String(WINDOW), '--pidfile', scene.path('mover.pid'));
    const mover = new Mortal(() => scene.start(args));
    const due = killPoints(random, 4);
    test.diagnostic(`seed ${seed}, kills due at ${due} of ${COUNT}`);
    for (const point of due) {
      await eventually(() => elementPaths(scene.path('out')).length >= point, { everyMs: 1 });
      await mover.kill(
        () => filesOf(scene.path('in')).some((path) => path.endsWith('.lck')),
        () => undefined,
      );
    }
    await eventually(() => elementPaths(scene.path('in')).length === 0);
    assert.equal((await mover.run.stop()).code, 0, mover.run.stderr);
    const stored = scene.stored('out');
    assert.deepEqual(unique(stored), upTo(COUNT));
    assert.ok(stored.length - COUNT <= due.length * WINDOW, `${stored.length - COUNT} duplicates`);
    assert.deepEqual(filesOf(scene.folder), elementPaths(scene.path('out')), 'nothing but elements');
  });
});
