import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerDelaysReceipts, brokerNeverCloses, brokerWithholdsReceipt } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** The defaults of what is waited for are 60 s; a process on a busy machine may take several to start. */
function notTheDefault(started: number): void {
  assert.ok(performance.now() - started < 60_000, `${performance.now() - started} ms`);
}

describe('a stop', { concurrency: 3 }, () => {
  it('gives everything back when the broker confirms nothing within timeout-linger: exit 0', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerWithholdsReceipt(ALWAYS)] });
    scene.fill('in', 50);
    const before = filesOf(scene.path('in'));
    const run = scene.start(scene.sender('--loop', '--timeout-linger', '0.3', '--pidfile', scene.path('pid')));
    await eventually(() => scene.broker.depth(DESTINATION).ready === 50);
    assert.equal(elementPaths(scene.path('in')).length, 50);
    const started = performance.now();
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    notTheDefault(started);
    assert.deepEqual(filesOf(scene.path('in')), before, 'no lock, no journal');
    assert.match(ended.stderr, /"event":"linger-exceeded".*"released":50/);
    assert.deepEqual(filesOf(scene.folder), before, 'no pidfile');
  });

  it('of a run that ends by its count does the same, and says so: LINGER_EXCEEDED, exit 75', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerWithholdsReceipt(ALWAYS)] });
    scene.fill('in', 50);
    const ended = await scene.run(scene.sender('--count', '20', '--timeout-linger', '0.3'));
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /"code":"LINGER_EXCEEDED"/);
    assert.deepEqual(scene.stored('in'), upTo(50));
    assert.equal(filesOf(scene.path('in')).length, 50);
  });

  it('waits for receipts that come in time', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerDelaysReceipts({ delayMs: 400 })] });
    scene.fill('in', 50);
    const run = scene.start(scene.sender('--loop'));
    await eventually(() => scene.broker.depth(DESTINATION).ready === 50);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual([scene.arrived(), filesOf(scene.path('in'))], [upTo(50), []]);
  });

  it('does not wait longer than timeout-disconnect for a broker that confirms and never closes', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerNeverCloses()] });
    scene.fill('in', 5);
    const started = performance.now();
    const ended = await scene.run(scene.sender('--timeout-disconnect', '0.3'));
    assert.equal(ended.code, 0, ended.stderr);
    notTheDefault(started);
    assert.deepEqual(scene.arrived(), upTo(5));
  });

  it('of a receiver gives back what was not stored', async (test) => {
    const scene = await Scene.set(test);
    const code = 'if (Number(hdr["x-number"]) >= 10) for (;;) {}';
    scene.publish(50);
    const args = ['--callback-code', code, '--callback-timeout', '30', '--timeout-linger', '0.3'];
    const run = scene.start(scene.receiver(...args));
    await eventually(() => scene.broker.received(DESTINATION).delivered > 0);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    await eventually(() => scene.broker.depth(DESTINATION).consumers === 0);
    const all = [...scene.stored('out'), ...scene.arrived()].sort((a, b) => a - b);
    assert.deepEqual([...new Set(all)], upTo(50));
  });

  it('while the broker is away does not wait for it to come back', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 50);
    const run = scene.start(scene.sender('--loop', '--window', '10', '--timeout-linger', '0.3'));
    await eventually(() => scene.broker.depth(DESTINATION).ready > 0);
    await scene.broker.kill();
    await eventually(() => run.log('open-retry').length > 1);
    const started = performance.now();
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    notTheDefault(started);
    const left = scene.stored('in');
    assert.equal(filesOf(scene.path('in')).length, left.length);
    assert.deepEqual(
      [...new Set([...left, ...scene.arrived()])].sort((a, b) => a - b),
      upTo(50),
    );
  });
});
