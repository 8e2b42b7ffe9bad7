import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerClosesOnReading, brokerRefusesMessage, brokerWithholdsReceipt } from '../../src/broker/faults.js';
import { verdictOf } from '../../src/transfer/verdict.js';
import { eventually } from '../support/eventually.js';
import { OutputsScene } from '../support/outputs-scene.js';
import type { ReloadScene } from '../support/reload-scene.js';
import { consume } from '../support/sample-messages.js';
import { ascending, upTo } from '../support/scene.js';

function sent({ built }: ReloadScene): number {
  return built.statistics.snapshot().sent;
}

function allSent(run: ReloadScene, count: number): Promise<unknown> {
  return eventually(() => sent(run) === count, { what: `${count} are sent` });
}

function outputs({ built }: ReloadScene) {
  return built.health().ends.flatMap(({ role, members = [] }) => (role === 'sink' ? members : []));
}

function isUp(run: ReloadScene, index: number): boolean {
  return outputs(run)[index]?.phase === 'open';
}

/** Each at least once. */
function whole(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort(ascending);
}

describe('deliver = first', () => {
  it('uses the queue while the broker is away, and the broker again when it is back', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.fill(10);
    const run = await scene.run('first', ['a', 'local']);
    await allSent(run, 10);
    assert.deepEqual(scene.taken('a'), upTo(10));
    await scene.a.stop();
    await eventually(() => !isUp(run, 0));
    scene.fill(10, 10);
    await allSent(run, 20);
    await eventually(() => /1 of 2 members of sink outputs a, local are up/.test(verdictOf(run.built.health()).reason));
    assert.notEqual(verdictOf(run.built.health()).state, 'stuck');
    await scene.a.resumeAccepting();
    await eventually(() => isUp(run, 0));
    scene.fill(10, 20);
    await allSent(run, 30);
    assert.deepEqual(
      scene.taken('a'),
      upTo(10).map((at) => at + 20),
    );
    assert.deepEqual(
      scene.taken('local'),
      upTo(10).map((at) => at + 10),
    );
  });

  it('sends to the broker what waited for room in the queue, when it is back', async (test) => {
    const scene = await OutputsScene.set(test);
    await scene.a.stop();
    scene.fill(20);
    const outgoing = [
      { broker: { a: { uri: scene.a.uri } } },
      { queue: { local: { path: scene.path('local'), 'max-elements': 2 } } },
    ];
    const run = await scene.run('first', ['a', 'local'], { outgoing, window: 5 });
    await eventually(() => run.logger.events('queue-full').length > 0);
    assert.equal(run.built.transfer.inFlight, 5);
    assert.equal(sent(run), 2);
    await scene.a.resumeAccepting();
    await allSent(run, 20);
    assert.deepEqual(run.built.waiting(), []);
    assert.deepEqual(scene.taken('local'), upTo(2));
    assert.deepEqual(
      scene.taken('a'),
      upTo(18).map((at) => at + 2),
    );
  });

  it('starts with the queue when the broker is away', async (test) => {
    const scene = await OutputsScene.set(test);
    await scene.a.stop();
    scene.fill(10);
    const run = await scene.run('first', ['a', 'local']);
    await allSent(run, 10);
    assert.deepEqual(scene.taken('local'), upTo(10));
  });

  it('hands on what the broker has not confirmed when it is killed', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.a.addFault(brokerWithholdsReceipt({ times: 50 }));
    scene.fill(50);
    const run = await scene.run('first', ['a', 'b', 'local']);
    await eventually(() => scene.waiting(scene.a) === 50);
    await scene.a.kill();
    await allSent(run, 50);
    assert.deepEqual(scene.taken('b'), upTo(50));
    assert.deepEqual(scene.taken('local'), []);
  });

  it('reaches the third output when the first two die at once', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.a.addFault(brokerWithholdsReceipt({ times: 50 }));
    scene.fill(50);
    const run = await scene.run('first', ['a', 'b', 'local']);
    await eventually(() => scene.waiting(scene.a) === 50 && isUp(run, 1));
    await Promise.all([scene.a.kill(), scene.b.kill()]);
    await allSent(run, 50);
    assert.deepEqual(whole([...scene.taken('local'), ...scene.taken('b')]), upTo(50));
  });

  it('waits while all are away, and loses nothing', async (test) => {
    const scene = await OutputsScene.set(test);
    const run = await scene.run('first', ['a', 'b']);
    await eventually(() => isUp(run, 0) && isUp(run, 1));
    await Promise.all([scene.a.stop(), scene.b.stop()]);
    scene.fill(20);
    await eventually(() => outputs(run).every(({ phase }) => phase !== 'open'));
    assert.equal(sent(run), 0);
    await scene.b.resumeAccepting();
    await allSent(run, 20);
    assert.deepEqual(scene.taken('b'), upTo(20));
  });

  it('rejects what the broker takes from nobody, though the queue would', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.fill(1, 0, { destination: '' });
    scene.fill(1, 1);
    const run = await scene.run('first', ['a', 'local']);
    await allSent(run, 1);
    await eventually(() => [...consume(scene.path('failed'))].length === 1);
    assert.deepEqual([scene.taken('a'), scene.taken('local')], [[1], []]);
  });

  it('keeps all when the broker ends the session again and again', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.a.addFault(brokerClosesOnReading({ command: 'SEND', after: 7, times: 5 }));
    scene.fill(200);
    const run = await scene.run('first', ['a', 'local'], { window: 10 });
    await allSent(run, 200);
    assert.deepEqual(whole([...scene.taken('a'), ...scene.taken('local')]), upTo(200));
  });

  it('sends a message that the broker refuses with an ERROR to the queue', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.a.addFault(brokerRefusesMessage({ when: ({ header }) => header['x-number'] === '3' }));
    scene.fill(10);
    const run = await scene.run('first', ['a', 'local']);
    await allSent(run, 10);
    const local = scene.taken('local');
    assert.ok(local.includes(3));
    assert.deepEqual(whole([...scene.taken('a'), ...local]), upTo(10));
  });
});

describe('deliver = every', () => {
  it('acknowledges what is safe in all of them, and waits for one that is away', async (test) => {
    const scene = await OutputsScene.set(test);
    const run = await scene.run('every', ['a', 'b', 'local']);
    scene.fill(10);
    await allSent(run, 10);
    await scene.b.stop();
    await eventually(() => !isUp(run, 1));
    scene.fill(10, 10);
    await eventually(() => scene.waiting(scene.a) === 20);
    assert.equal(sent(run), 10);
    await eventually(() => run.built.health().ends.some(({ role, phase }) => role === 'sink' && phase !== 'open'));
    await scene.b.restart();
    await allSent(run, 20);
    assert.deepEqual([scene.taken('a'), scene.taken('b'), scene.taken('local')], [upTo(20), upTo(20), upTo(20)]);
  });

  it('sends again only where it was not safe', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.b.addFault(brokerWithholdsReceipt({ times: 20 }));
    scene.fill(20);
    const run = await scene.run('every', ['a', 'b', 'local']);
    await eventually(() => scene.waiting(scene.b) === 20);
    scene.b.drain('/queue/q');
    scene.b.killConnections();
    await allSent(run, 20);
    assert.deepEqual([scene.taken('a'), scene.taken('b'), scene.taken('local')], [upTo(20), upTo(20), upTo(20)]);
  });

  it('keeps all when two die at once, and when one does again and again', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.a.addFault(brokerClosesOnReading({ command: 'SEND', after: 20, times: 3 }));
    scene.fill(100);
    const run = await scene.run('every', ['a', 'b', 'local'], { window: 20 });
    await eventually(() => sent(run) > 20);
    await Promise.all([scene.a.restart(), scene.b.restart()]);
    await allSent(run, 100);
    assert.deepEqual(
      [whole(scene.taken('a')), whole(scene.taken('b')), scene.taken('local')],
      [upTo(100), upTo(100), upTo(100)],
    );
  });

  it('rejects what one refuses for good, which is in the others', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.b.addFault(brokerRefusesMessage({ when: ({ header }) => header['x-number'] === '3' }));
    scene.fill(20);
    const run = await scene.run('every', ['a', 'b', 'local'], { 'max-attempts': 2 });
    await allSent(run, 19);
    const failed = await eventually(() => [...consume(scene.path('failed'))][0]);
    assert.equal(failed.header['x-number'], '3');
    assert.match(JSON.stringify(failed.header), /OUTPUT_REFUSED/);
    assert.deepEqual([scene.taken('a'), scene.taken('local')], [upTo(20), upTo(20)]);
    assert.deepEqual(
      whole(scene.taken('b')),
      upTo(20).filter((number) => number !== 3),
    );
  });

  it('is bounded by the window while one is slow', async (test) => {
    const scene = await OutputsScene.set(test);
    scene.b.addFault(brokerWithholdsReceipt({ times: 5 }));
    scene.fill(50);
    const run = await scene.run('every', ['b', 'local'], { window: 5 });
    await eventually(() => scene.waiting(scene.b) === 5);
    assert.ok(run.built.health().inFlight <= 5);
    scene.b.killConnections();
    await allSent(run, 50);
    assert.deepEqual([whole(scene.taken('b')), scene.taken('local')], [upTo(50), upTo(50)]);
  });
});

describe('deliver = route', () => {
  const rewrite = [{ when: { exists: 'audit' }, to: 'b' }];

  it('lets a message wait for its output, and others go on', async (test) => {
    const scene = await OutputsScene.set(test);
    const run = await scene.run('route', ['a', 'b'], { rewrite });
    await eventually(() => isUp(run, 0) && isUp(run, 1));
    await scene.b.stop();
    await eventually(() => !isUp(run, 1));
    scene.fill(10, 0, { audit: '1' });
    scene.fill(10, 10);
    await allSent(run, 10);
    assert.deepEqual(
      scene.taken('a'),
      upTo(10).map((at) => at + 10),
    );
    await scene.b.resumeAccepting();
    await allSent(run, 20);
    assert.deepEqual([scene.taken('a'), scene.taken('b')], [[], upTo(10)]);
  });

  it('rejects a name that there is none of, and a name where nothing is routed', async (test) => {
    for (const [deliver, valid] of [
      ['route', 1],
      ['every', 0],
    ] as const) {
      const scene = await OutputsScene.set(test);
      const code = "return { to: hdr['x-number'] === '1' ? 'b' : 'x' };";
      const run = await scene.run(deliver, ['a', 'b'], { 'callback-code': code });
      scene.fill(2);
      const failed = () => [...consume(scene.path('failed'))].map(({ header }) => JSON.stringify(header));
      await eventually(() => failed().length === 2 - valid);
      assert.ok(failed().every((text) => text.includes('OUTPUT_UNKNOWN')));
      await allSent(run, valid);
      await run.stop();
      assert.deepEqual([scene.taken('a'), scene.taken('b')], [[], valid === 1 ? [1] : []]);
    }
  });

  it('takes other outputs over at a reload, without losing or doubling a message', async (test) => {
    const scene = await OutputsScene.set(test);
    const run = await scene.run('route', ['a', 'b'], { rewrite });
    scene.fill(10, 0, { audit: '1' });
    await allSent(run, 10);
    const other = [{ when: { exists: 'audit' }, to: 'local' }];
    const { plan } = await run.reload(scene.options('route', ['a', 'local'], { rewrite: other }));
    assert.deepEqual(plan.applied, ['rewrite', 'outgoing-queue local', 'outgoing-broker b']);
    scene.fill(10, 10, { audit: '1' });
    scene.fill(10, 20);
    await allSent(run, 30);
    assert.deepEqual(
      [scene.taken('a'), scene.taken('b'), scene.taken('local')],
      [upTo(10).map((at) => at + 20), upTo(10), upTo(10).map((at) => at + 10)],
    );
  });
});
