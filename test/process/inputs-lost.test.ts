import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { verdictOf } from '../../src/transfer/verdict.js';
import { eventually } from '../support/eventually.js';
import { InputsScene, inputsOfRun } from '../support/inputs-scene.js';
import type { ReloadScene } from '../support/reload-scene.js';
import { ascending, DESTINATION, upTo } from '../support/scene.js';

function phases(run: ReloadScene): string {
  return inputsOfRun(run)
    .map(({ phase }) => (phase === 'open' ? 'open' : 'away'))
    .join();
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort(ascending);
}

describe('an input that is lost', () => {
  it('a broker: the queue goes on, and it does when it is back', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 10);
    scene.publish(10, 10);
    const run = await scene.run([scene.queue('a'), scene.site()]);
    await scene.storedAre(20);
    await eventually(() => scene.broker.depth(DESTINATION).unacknowledged === 0);
    await scene.broker.stop();
    await eventually(() => phases(run) === 'open,away');
    scene.fill('a', 10, 20);
    await scene.storedAre(30);
    const { state, reason } = verdictOf(run.built.health());
    assert.notEqual(state, 'stuck');
    assert.match(reason, /1 of 2 members of source inputs a, site are up \(site \(broker stomp:/);
    await scene.broker.resumeAccepting();
    await eventually(() => phases(run) === 'open,open');
    scene.publish(10, 30);
    await scene.storedAre(40);
    assert.deepEqual(unique(scene.stored()), upTo(40));
  });

  it('a queue whose folder is moved away: the other goes on, and it does when it is put back', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 10);
    scene.fill('b', 10, 10);
    const run = await scene.run([scene.queue('a'), scene.queue('b')]);
    await scene.storedAre(20);
    renameSync(scene.path('a'), scene.path('away'));
    await eventually(() => phases(run) === 'away,open');
    scene.fill('b', 10, 20);
    await scene.storedAre(30);
    renameSync(scene.path('away'), scene.path('a'));
    await eventually(() => phases(run) === 'open,open');
    scene.fill('a', 10, 30);
    await scene.storedAre(40);
    assert.deepEqual(scene.stored().sort(ascending), upTo(40));
  });

  it('is given up where no attempt will help, until a reload mends it', async (test) => {
    const scene = await InputsScene.set(test);
    writeFileSync(scene.path('a'), 'a file');
    scene.fill('b', 10);
    const run = await scene.run([scene.queue('a'), scene.queue('b')]);
    await scene.storedAre(10);
    await eventually(() => run.logger.events('input-failed').length === 1);
    assert.equal(run.logger.events('input-failed')[0]?.fields.input, 'a');
    assert.match(verdictOf(run.built.health()).reason, /1 of 2 members of source inputs a, b are up \(a \(queue/);
    scene.fill('c', 10, 10);
    await run.reload(scene.options([scene.queue('c'), scene.queue('b')]));
    await scene.storedAre(20);
    assert.deepEqual(scene.stored().sort(ascending), upTo(20));
  });

  it('fails a single pass though the other was moved', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('b', 10);
    const run = await scene.run([scene.queue('missing'), scene.queue('b')], { loop: false });
    const { reason, failure } = await run.ended;
    assert.deepEqual([reason, failure?.code], ['failed', 'QUEUE_MISSING']);
    assert.deepEqual(scene.stored(), upTo(10));
  });

  it('ends the run with the last of them', async (test) => {
    const scene = await InputsScene.set(test);
    for (const name of ['a', 'b']) writeFileSync(scene.path(name), 'a file');
    const run = await scene.run([scene.queue('a'), scene.queue('b')]);
    assert.equal((await run.ended).reason, 'failed');
    assert.equal(run.logger.events('input-failed').length, 2);
  });

  it('again and again: a broker that is restarted while a queue is read loses nothing', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 300);
    scene.publish(300, 300);
    const run = await scene.run([scene.queue('a'), scene.site()], { window: 20 });
    for (const wanted of [50, 150, 300]) {
      await scene.storedAre(wanted);
      scene.broker.killConnections();
    }
    await eventually(() => unique(scene.stored()).length === 600);
    await run.stop();
    assert.deepEqual(unique(scene.stored()), upTo(600));
  });
});
