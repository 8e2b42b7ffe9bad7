import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { brokerWithholdsReceipt } from '../../src/broker/faults.js';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { type Options, ReloadScene } from '../support/reload-scene.js';
import { consume, produce } from '../support/sample-messages.js';
import { ascending, numbered, upTo } from '../support/scene.js';
import { startedBroker } from '../support/started-broker.js';
import { tempFolder } from '../support/temp-folder.js';

const ROUNDS = 10;
const COUNT = 30;
const DESTINATION = '/queue/q';
const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };
const BY_CODE = { 'callback-code': "msg.header.by = 'code'; return msg;", 'callback-language': 'javascript' };

/** What is changed while messages move, and which ends that makes anew. */
const CHANGES: readonly (readonly [what: string, options: Options, source: boolean, sink: boolean])[] = [
  ['in place', { ...BY_CODE, window: 7, 'max-attempts': 3, 'window-bytes': '1MiB' }, false, false],
  ['both ends', { 'max-message-size': '1MiB' }, true, true],
  [
    'a tap and a failure queue',
    { 'tap-queue': { path: 'FOLDER/tap' }, 'failure-queue': { path: 'FOLDER/failed' } },
    false,
    false,
  ],
];

type Direction = 'queue to broker' | 'broker to queue' | 'queue to queue';
const DIRECTIONS: readonly Direction[] = ['queue to broker', 'broker to queue', 'queue to queue'];

async function set(test: TestContext, direction: Direction) {
  const folder = await tempFolder(test);
  const broker = await startedBroker(test);
  const path = (name: string) => join(folder, name);
  mkdirSync(path('in'));
  const [from, to] = direction.split(' to ');
  const source =
    from === 'queue'
      ? { 'incoming-queue': { path: path('in') }, loop: true, remove: true }
      : { 'incoming-broker-uri': broker.uri, subscribe: { destination: DESTINATION }, prefetch: 20 };
  const sink = to === 'queue' ? { 'outgoing-queue': { path: path('out') } } : { 'outgoing-broker-uri': broker.uri };
  // small, so that a reload finds messages in flight and others that have not been read
  const base = { ...source, ...sink, ...QUICK, window: 5 };
  const put = (options: Options): Options => JSON.parse(JSON.stringify(options).replaceAll('FOLDER', folder));
  const feed = (count: number, first = 0) => {
    for (const sample of numbered(count, { destination: DESTINATION, persistent: 'true' }, first)) {
      if (from === 'queue') produce(path('in'), [sample]);
      else broker.publish(DESTINATION, sample.header, sample.body);
    }
  };
  const drained: { readonly header: Readonly<Record<string, string>> }[] = [];
  /** the numbers of what has arrived so far, sorted, repetitions included */
  const arrived = () => {
    if (to !== 'queue') drained.push(...broker.drain(DESTINATION));
    const all = to === 'queue' ? [...consume(path('out'))] : drained;
    return all.map(({ header }) => Number(header['x-number'])).sort(ascending);
  };
  return { folder, broker, base, put, feed, arrived };
}

for (const direction of DIRECTIONS) {
  for (const [what, options, source, sink] of CHANGES) {
    it(`${direction}: ${what}, ten times in a row under load: nothing is lost, and nothing comes twice`, async (test) => {
      const { folder, broker, base, put, feed, arrived } = await set(test, direction);
      const scene = await ReloadScene.run(test, base, folder);
      const { statistics } = scene.built;
      for (let round = 0; round < ROUNDS; round += 1) {
        const { sent } = statistics.snapshot();
        feed(COUNT, COUNT * round);
        await eventually(() => statistics.snapshot().sent > sent, { everyMs: 1 });
        const { ends } = await scene.reload(round % 2 === 0 ? { ...base, ...put(options) } : base);
        assert.deepEqual(ends, { source, sink });
      }
      await eventually(() => statistics.snapshot().sent >= COUNT * ROUNDS);
      assert.deepEqual(arrived(), upTo(COUNT * ROUNDS));
      assert.equal((await scene.stop()).failure, undefined);
      assert.deepEqual(arrived(), upTo(COUNT * ROUNDS));
      // what had been handed over is never delivered again; what a new source finds unread was
      if (!source) assert.equal(broker.received(DESTINATION).redelivered, 0);
      assert.equal(statistics.snapshot().duplicates, 0);
    });
  }
}

/** A sender whose broker is killed, with a window of messages that wait for it. */
async function inFlightAtDeadBroker(
  test: TestContext,
  folder: string,
  base: Options,
  broker: InProcessBroker,
  feed: (count: number) => void,
): Promise<ReloadScene> {
  const scene = await ReloadScene.run(test, base, folder);
  await eventually(() => scene.sessions(broker.uri) === 1);
  await broker.kill();
  feed(20);
  await eventually(() => scene.built.transfer.inFlight === 5);
  return scene;
}

it('a broker that is away gives way to another one: what waited for it goes there, once', async (test) => {
  const { folder, broker, base, feed } = await set(test, 'queue to broker');
  const other = await startedBroker(test);
  const scene = await inFlightAtDeadBroker(test, folder, base, broker, feed);
  await scene.reload({ ...base, 'outgoing-broker-uri': other.uri });
  await eventually(() => scene.built.statistics.snapshot().sent === 20);
  assert.deepEqual(
    other.drain(DESTINATION).map(({ header }) => Number(header['x-number'])),
    upTo(20),
  );
});

it('a callback is changed in place while the broker is away', async (test) => {
  const { folder, broker, base, feed } = await set(test, 'queue to broker');
  const scene = await inFlightAtDeadBroker(test, folder, base, broker, feed);
  assert.deepEqual((await scene.reload({ ...base, ...BY_CODE })).ends, { source: false, sink: false });
  await broker.restart();
  await eventually(() => scene.built.statistics.snapshot().sent === 20);
  // those in flight had passed before
  const by = broker.drain(DESTINATION).map(({ header }) => header.by);
  assert.deepEqual(by, [...Array(5).fill(undefined), ...Array(15).fill('code')]);
});

it('a source is changed though its messages cannot be settled: they go back to it, and come once', async (test) => {
  const { folder, broker, base, feed, arrived } = await set(test, 'queue to broker');
  const scene = await inFlightAtDeadBroker(test, folder, base, broker, feed);
  const changed = { ...base, 'incoming-queue': { path: join(folder, 'in'), maxlock: 700 }, 'timeout-linger': 0.05 };
  assert.deepEqual((await scene.reload(changed)).ends, { source: true, sink: false });
  await broker.restart();
  await eventually(() => scene.built.statistics.snapshot().sent === 20);
  assert.deepEqual(arrived(), upTo(20));
});

it('a stop ends a reload that waits for receipts, and what was not confirmed stays with the source', async (test) => {
  const { folder, broker, base, feed, arrived } = await set(test, 'queue to broker');
  broker.addFault(brokerWithholdsReceipt({ times: 1000 }));
  feed(5);
  const linger = { 'timeout-linger': 0.2 };
  const scene = await ReloadScene.run(test, { ...base, ...linger }, folder);
  await eventually(() => scene.built.transfer.inFlight === 5);
  const reloading = scene.reload({ ...base, ...linger, 'max-message-size': '1MiB' }).then(
    ({ ends }) => ends.source,
    () => false,
  );
  assert.equal((await scene.stop()).reason, 'signal');
  assert.equal(await reloading, false);
  assert.equal(scene.built.transfer.inFlight, 0);
  arrived();
  assert.equal([...consume(join(folder, 'in'))].length, 5);
});
