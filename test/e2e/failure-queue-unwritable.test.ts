import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { runMain } from '../support/run-main.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';

const REJECTS = ['--callback-language', 'javascript', '--callback-code', 'throw new Error("no")'];
const QUICK = ['--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'];

type From = 'broker' | 'queue' | 'folder';
const FROM = ['broker', 'queue', 'folder'] as const satisfies readonly From[];

/** A run whose callback rejects everything, from a source that has nothing yet. */
class Rejecting {
  readonly scene: Scene;
  readonly run: StompctlProcess;
  readonly #from: From;

  private constructor(scene: Scene, run: StompctlProcess, from: From) {
    this.scene = scene;
    this.run = run;
    this.#from = from;
  }

  static async from(scene: Scene, from: From, ...args: readonly string[]): Promise<Rejecting> {
    mkdirSync(scene.path('failures'));
    if (from === 'folder') mkdirSync(scene.path('in'));
    const failures = ['--failure-queue', `path=${scene.path('failures')}`, '--pidfile', scene.path('run.pid')];
    const run = scene.start([...argsOf(scene, from), ...failures, ...REJECTS, ...args]);
    // before there is one, its failure queue may not be open
    await eventually(() => existsSync(scene.path('run.pid.status')));
    return new Rejecting(scene, run, from);
  }

  put(count: number): void {
    const { scene } = this;
    if (this.#from === 'broker') scene.publish(count);
    else if (this.#from === 'queue') scene.fill('in', count);
    else for (const number of upTo(count)) writeFileSync(scene.path(join('in', String(number))), 'body');
  }

  /** What the source has still. */
  left(): number {
    const { scene } = this;
    if (this.#from === 'queue') return scene.stored('in').length;
    if (this.#from === 'folder') return readdirSync(scene.path('in')).filter((name) => !name.startsWith('.')).length;
    const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
    return ready + unacknowledged;
  }

  count(queue: string): number {
    return [...this.scene.stored(queue)].length;
  }

  retried(): number {
    const failures = `queue ${this.scene.path('failures')}`;
    return this.run.log('open-retry').filter(({ end }) => end === failures).length;
  }
}

function argsOf(scene: Scene, from: From): string[] {
  if (from === 'broker') return scene.receiver();
  if (from === 'queue') return scene.sender('--loop');
  return ['--incoming-folder', `path=${scene.path('in')} stable=0`, '--outgoing-queue', `path=${scene.path('out')}`]
    .concat('--loop')
    .concat(QUICK);
}

/** From now on nothing can be written to the queue, by nobody, root included. */
function takeAway(scene: Scene): void {
  renameSync(scene.path('failures'), scene.path('elsewhere'));
  writeFileSync(scene.path('failures'), '');
}

function bringBack(scene: Scene): void {
  rmSync(scene.path('failures'));
  renameSync(scene.path('elsewhere'), scene.path('failures'));
}

function status(scene: Scene) {
  return runMain(['status', '--pidfile', scene.path('run.pid')]);
}

describe('a failure queue that cannot be written for a while', { concurrency: 3 }, () => {
  for (const from of FROM) {
    it(`from a ${from}: the run is stuck and says why, stores them afterwards, and is well`, async (test) => {
      const scene = await Scene.set(test);
      const rejecting = await Rejecting.from(scene, from);
      takeAway(scene);
      rejecting.put(10);
      const stuck = await eventually(async () => {
        const told = await status(scene);
        return rejecting.retried() > 1 && told.code === 2 && told.out.includes('10 rejected messages wait') && told;
      });
      assert.match(stuck.out, new RegExp(`\nstuck: waiting for queue ${scene.path('failures')}: .*`));
      assert.equal(rejecting.run.log('parked').length, 0);
      bringBack(scene);
      await eventually(() => rejecting.count('failures') === 10 && rejecting.left() === 0);
      await eventually(async () => (await status(scene)).code === 0);
      assert.equal((await rejecting.run.stop()).code, 0);
      assert.equal(rejecting.count('failures'), 10);
    });

    it(`from a ${from}: a stop is bounded by timeout-linger, and nothing is lost`, async (test) => {
      const scene = await Scene.set(test);
      const rejecting = await Rejecting.from(scene, from, '--timeout-linger', '0.3');
      takeAway(scene);
      rejecting.put(5);
      await eventually(() => rejecting.run.log('rejected').length === 5 && rejecting.retried() > 0);
      rejecting.run.signal('SIGTERM');
      await eventually(() => !rejecting.run.running);
      const ended = await rejecting.run.ended();
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(rejecting.run.log('linger-exceeded').length, 1);
      bringBack(scene);
      assert.deepEqual([rejecting.left(), rejecting.count('failures')], [5, 0]);
    });
  }

  for (const from of FROM) {
    it(`from a ${from}: ends a run that has an end after reconnect-attempts, and nothing is lost`, async (test) => {
      const scene = await Scene.set(test);
      const rejecting = await Rejecting.from(scene, from, '--duration', '300', '--reconnect-attempts', '3');
      takeAway(scene);
      rejecting.put(5);
      await eventually(() => !rejecting.run.running);
      const ended = await rejecting.run.ended();
      assert.equal(ended.code, 75, ended.stderr);
      assert.match(ended.stderr, /"event":"failed","code":"QUEUE_IO"/);
      bringBack(scene);
      assert.deepEqual([rejecting.left(), rejecting.count('failures')], [5, 0]);
    });
  }

  it('does not end a run from a broker, however many messages more than max-parked are rejected', async (test) => {
    const scene = await Scene.set(test);
    const rejecting = await Rejecting.from(scene, 'broker', '--max-parked', '100', '--window', '120');
    takeAway(scene);
    rejecting.put(150);
    await eventually(async () => (await status(scene)).out.includes('120 rejected messages wait'));
    assert.ok(rejecting.run.running);
    bringBack(scene);
    await eventually(() => rejecting.left() === 0);
    assert.equal((await rejecting.run.stop()).code, 0);
    assert.deepEqual(scene.stored('failures'), upTo(150));
  });

  for (const [what, before, after] of [
    ['the failure queue', 'path: FAILURES', 'path: FAILURES-2'],
    ['the source', 'prefetch: 50', 'prefetch: 60'],
  ] as const) {
    it(`does not keep a reload from changing ${what}: nothing is lost, nothing parked`, async (test) => {
      const scene = await Scene.set(test);
      const text = configured(scene);
      const run = scene.start(['--config', scene.path('run.yaml')]);
      await eventually(() => existsSync(scene.path('run.pid.status')));
      takeAway(scene);
      scene.publish(5);
      await eventually(async () => (await status(scene)).out.includes('5 rejected messages wait'));
      const failures = scene.path('failures');
      writeFileSync(
        scene.path('run.yaml'),
        text.replace(before.replace('FAILURES', failures), after.replace('FAILURES', failures)),
      );
      run.signal('SIGHUP');
      const queue = what === 'the source' ? 'failures' : 'failures-2';
      if (what === 'the source') {
        await eventually(() => run.log('reload').length > 0);
        bringBack(scene);
      }
      await eventually(() => scene.stored(queue).length === 5);
      await eventually(() => scene.broker.depth(DESTINATION).unacknowledged === 0);
      await eventually(async () => (await status(scene)).code === 0);
      assert.equal((await run.stop()).code, 0);
      assert.deepEqual([scene.stored(queue), scene.arrived(), run.log('parked').length], [upTo(5), [], 0]);
    });
  }
});

function configured(scene: Scene): string {
  const lines = [
    `incoming-broker-uri: ${scene.broker.uri}`,
    `subscribe: {destination: ${DESTINATION}}`,
    `outgoing-queue: {path: ${scene.path('out')}}`,
    `failure-queue: {path: ${scene.path('failures')}}`,
    `pidfile: ${scene.path('run.pid')}`,
    'callback: {language: javascript, code: \'throw new Error("no")\'}',
    'prefetch: 50',
    'reconnect-delay: 0.02',
    'reconnect-max-delay: 0.1',
    'timeout-flush: 0.2',
    'timeout-disconnect: 2',
  ];
  const text = `${lines.join('\n')}\n`;
  mkdirSync(scene.path('failures'));
  writeFileSync(scene.path('run.yaml'), text);
  return text;
}
