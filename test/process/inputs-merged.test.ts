import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { InputsScene, inputsOfRun } from '../support/inputs-scene.js';
import type { Options } from '../support/reload-scene.js';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import { ascending, DESTINATION, numbered, upTo } from '../support/scene.js';

const BUSY = 400;
const FEW = 20;
/** the numbers of the input beside the busy one */
const OTHERS = upTo(FEW).map((at) => BUSY + at);

/** An input of each kind with the numbers `OTHERS`, beside a busy queue, and what must be true when all are safe. */
interface Kind {
  readonly name: string;
  /** of a run that waits for more */
  readonly endless?: true;
  make(scene: InputsScene): { readonly block: Options; readonly more?: Options; readonly isEmpty: () => boolean };
}

function lines(): string {
  return [...numbered(FEW, {}, BUSY)]
    .map(({ header, body }) => JSON.stringify({ header, body: String(body) }))
    .join('\n');
}

const KINDS: readonly Kind[] = [
  {
    name: 'a queue',
    make: (scene) => {
      scene.fill('other', FEW, BUSY);
      return { block: scene.queue('other'), isEmpty: () => elementPaths(scene.path('other')).length === 0 };
    },
  },
  {
    name: 'a broker',
    endless: true,
    make: (scene) => {
      scene.publish(FEW, BUSY);
      const { broker } = scene;
      return {
        block: scene.site(),
        isEmpty: () => broker.depth(DESTINATION).ready + broker.depth(DESTINATION).unacknowledged === 0,
      };
    },
  },
  {
    name: 'all brokers behind a name',
    endless: true,
    make: (scene) => {
      scene.publish(FEW, BUSY);
      const { broker } = scene;
      return {
        block: scene.site('all', { members: 'all' }),
        isEmpty: () => broker.depth(DESTINATION).ready + broker.depth(DESTINATION).unacknowledged === 0,
      };
    },
  },
  {
    name: 'a folder',
    make: (scene) => {
      mkdirSync(scene.path('drop'));
      for (const number of OTHERS) writeFileSync(scene.path(`drop/${number}`), 'x');
      const headers = { 'folder-headers': { 'x-number': '%{file}' } };
      const block = { folder: { drop: { path: scene.path('drop'), stable: 0, ...headers } } };
      return { block, isEmpty: () => readdirSync(scene.path('drop')).filter((name) => /^\d/.test(name)).length === 0 };
    },
  },
  {
    name: 'a command',
    make: (scene) => {
      writeFileSync(scene.path('lines'), `${lines()}\n`);
      const block = { command: { feed: { command: `/bin/cat ${scene.path('lines')}` } } };
      return { block, more: { 'failure-queue': { path: scene.path('failed') } }, isEmpty: () => true };
    },
  },
];

describe('an input beside a busy queue', () => {
  for (const { name, endless, make } of KINDS) {
    it(`that is ${name} has its turns, and its messages are done with where they came from`, async (test) => {
      const scene = await InputsScene.set(test);
      scene.fill('busy', BUSY);
      const { block, more = {}, isEmpty } = make(scene);
      const run = await scene.run([scene.queue('busy'), block], { window: 20, loop: endless === true, ...more });
      if (endless) {
        await scene.storedAre(BUSY + FEW);
        await run.stop();
      }
      const { failure, released } = await run.ended;
      assert.deepEqual([failure, released], [undefined, 0]);
      const stored = scene.stored();
      assert.deepEqual([...stored].sort(ascending), upTo(BUSY + FEW));
      assert.ok(isEmpty());
      assert.deepEqual(elementPaths(scene.path('busy')), []);
    });
  }

  it('comes before the busy one is at its end', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('busy', BUSY);
    scene.fill('other', FEW, BUSY);
    const run = await scene.run([scene.queue('busy'), scene.queue('other')], { window: 20, loop: false });
    assert.equal((await run.ended).failure, undefined);
    const stored = scene.stored();
    const last = Math.max(...OTHERS.map((number) => stored.indexOf(number)));
    assert.ok(last < BUSY / 2, `the last of the few was stored at place ${last} of ${stored.length}`);
  });
});

describe('several inputs', () => {
  it('move unread what may be, and read the rest', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 1);
    const written = '{ "header" : { "x-number" : "0" }, "body" : "as no library writes it" }';
    for (const path of elementPaths(scene.path('a'))) writeFileSync(path, written);
    scene.publish(9, 1);
    await scene.run([scene.queue('a'), scene.site()]);
    await scene.storedAre(10);
    const texts = elementPaths(scene.path('out')).map((path) => readFileSync(path, 'utf8'));
    assert.ok(texts.includes(written));
    assert.deepEqual(scene.stored().sort(ascending), upTo(10));
  });

  it('give back what nobody took when they are stopped', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 200);
    scene.fill('b', 200, 200);
    const run = await scene.run([scene.queue('a'), scene.queue('b')], { window: 40, count: 50 });
    assert.equal((await run.ended).failure, undefined);
    assert.equal(scene.stored().length, 50);
    const left = [...elementPaths(scene.path('a')), ...elementPaths(scene.path('b'))];
    assert.equal(left.length, 350);
    const locks = [...filesOf(scene.path('a')), ...filesOf(scene.path('b'))].filter((path) => path.endsWith('.lck'));
    assert.deepEqual(locks, []);
  });

  it('reject each where it came from', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 10);
    scene.publish(10, 10);
    const code = "return hdr['x-number'] % 10 === 3 ? 7 : msg";
    const run = await scene.run([scene.queue('a'), scene.site()], {
      'callback-code': code,
      'callback-language': 'javascript',
    });
    await scene.storedAre(18);
    await eventually(() => run.built.health().rejected >= 2 && elementPaths(scene.path('a')).length === 1);
    assert.deepEqual(
      inputsOfRun(run).map(({ parked }) => parked),
      [0, 1],
    );
    await run.stop();
    assert.equal(scene.broker.depth(DESTINATION).ready, 1);
  });

  it('take another one over in a reload, and let one go', async (test) => {
    const scene = await InputsScene.set(test);
    for (const [at, name] of ['a', 'b', 'c'].entries()) scene.fill(name, 10, at * 10);
    const run = await scene.run([scene.queue('a'), scene.queue('b')]);
    await scene.storedAre(20);
    const { plan } = await run.reload(scene.options([scene.queue('b'), scene.queue('c')]));
    assert.deepEqual([plan.applied, plan.source, plan.sink], [['incoming-queue c', 'incoming-queue a'], true, false]);
    await scene.storedAre(30);
    assert.deepEqual(
      inputsOfRun(run).map(({ name }) => name),
      [`b (queue ${scene.path('b')})`, `c (queue ${scene.path('c')})`],
    );
  });

  it('say together what waits in their queues', async (test) => {
    const scene = await InputsScene.set(test);
    scene.fill('a', 5);
    scene.fill('b', 6, 5);
    const stuck = { 'outgoing-queue': { path: scene.path('out'), 'max-elements': 1 } };
    const run = await scene.run([scene.queue('a'), scene.queue('b')], { ...stuck, window: 2, 'timeout-linger': 0.1 });
    await eventually(() => run.built.health().backlog?.elements === 10, { what: 'one is stored' });
  });
});
