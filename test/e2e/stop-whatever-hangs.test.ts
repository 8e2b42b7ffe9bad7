import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { hangingOpen, hangingSyncs, neverWritten } from '../support/hanging-disk.js';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { logOf, SeveralScene } from '../support/several-scene.js';
import type { Ended, StompctlProcess } from '../support/stompctl-process.js';

const REJECTS = ['--callback-language', 'javascript', '--callback-code', 'throw new Error("no")'];
const LINGER = ['--timeout-linger', '0.3'];
/** That of a test which does not end by it: what hangs longer than the test waits. */
const PATIENT = ['--timeout-linger', '600'];

/** Asks it to stop, once. */
async function stopped(run: StompctlProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
  run.signal(signal);
  await eventually(() => !run.running, { what: 'one signal ends it' });
  return run.ended();
}

/** A thread still hangs, and a process by itself could not exit: but it had ended. */
function hadEnded(ended: Ended, pidfile: string, signal: NodeJS.Signals = 'SIGTERM'): void {
  assert.deepEqual([ended.code, ended.signal], [null, signal], ended.stderr);
  assert.match(ended.stderr, /"event":"end"/);
  assert.doesNotMatch(ended.stderr, /"event":"stop-forced"/);
  assert.deepEqual([existsSync(pidfile), existsSync(`${pidfile}.status`)], [false, false]);
}

describe('one signal ends a run', { concurrency: 3 }, () => {
  it('whose callback prints where nobody reads', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    const fifo = neverWritten(scene);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    test.after(() => closeSync(reader));
    const callback = ['--callback-language', 'javascript', '--callback-code', 'print("x".repeat(1e5))'];
    const args = scene.mover('--loop', ...callback, ...LINGER, '--pidfile', scene.path('pid'));
    const run = scene.start(args, { under: ['sh', '-c', `exec "$@" >${fifo}`, 'sh'] });
    await eventually(() => readSync(reader, Buffer.alloc(1)) === 1, { what: 'it prints' });
    hadEnded(await stopped(run), scene.path('pid'));
    assert.deepEqual(scene.stored('in'), upTo(5));
  });

  it('while the name servers do not answer', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    const ends = ['--incoming-queue', `path=${scene.path('in')}`, '--outgoing-broker-uri', 'stomp://nobody:61613'];
    const args = [...ends, '--timeout-connect', '0.1', '--loop', ...PATIENT, '--pidfile', scene.path('pid')];
    // glibc reads it before it asks for a name without dots
    const run = scene.start(args, { env: { HOSTALIASES: neverWritten(scene) } });
    await eventually(() => run.log('open-retry').some(({ code }) => code === 'CONNECT_TIMEOUT'));
    hadEnded(await stopped(run, 'SIGINT'), scene.path('pid'), 'SIGINT');
    assert.deepEqual(scene.stored('in'), [0]);
  });

  it('whose failure queue hangs on its disk: what was rejected stays at its source', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    mkdirSync(scene.path('failures'));
    const failures = ['--failure-queue', `path=${scene.path('failures')}`];
    const args = scene.mover('--loop', ...REJECTS, ...failures, ...LINGER, '--pidfile', scene.path('pid'));
    const run = scene.start(args, { env: hangingSyncs(scene, scene.path('failures')) });
    await eventually(() => run.log('rejected').length === 5);
    hadEnded(await stopped(run), scene.path('pid'));
    assert.equal(run.log('linger-exceeded').length, 1);
    assert.deepEqual(scene.stored('in'), upTo(5));
  });

  it('whose outgoing queue hangs on its disk: all is given back', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    const args = scene.mover('--loop', '--callback-code', 'true', ...LINGER, '--pidfile', scene.path('pid'));
    const run = scene.start([...args, '--callback-language', 'javascript'], {
      env: hangingSyncs(scene, scene.path('out')),
    });
    await eventually(() => filesOf(scene.path('out')).length > 0);
    hadEnded(await stopped(run), scene.path('pid'));
    assert.deepEqual(scene.stored('in'), upTo(5));
  });
});

describe('one signal ends a process of several transfers', { concurrency: 3 }, () => {
  it('one of which cannot begin, as the disk of its failure queue hangs', async (test) => {
    const several = await SeveralScene.set(test);
    const { scene } = several;
    several.mover('good', `loop = true\ntimeout-linger = 600\n`);
    several.mover('stuck', `loop = true\ntimeout-linger = 600\nfailure-queue = path=${scene.path('failures/of/it')}\n`);
    mkdirSync(scene.path('failures'));
    const args = ['run', several.folder, '--pidfile', several.pidfile];
    const run = scene.start(args, { env: hangingSyncs(scene, scene.path('failures')) });
    await eventually(() => logOf(run, 'good', 'start').length === 1);
    hadEnded(await stopped(run), several.pidfile);
    assert.equal(logOf(run, 'good', 'end').length, 1);
  });

  it('while a configuration that is read again hangs', async (test) => {
    const several = await SeveralScene.set(test);
    several.mover('a', 'loop = true\ntimeout-linger = 600\n');
    const env = hangingOpen(several.scene, join(several.folder, 'b.conf'));
    const run = several.scene.start(['run', several.folder, '--pidfile', several.pidfile], { env });
    await several.moves('a');
    several.mover('b');
    run.signal('SIGHUP');
    await eventually(() => logOf(run, 'a', 'reload').length === 1);
    hadEnded(await stopped(run), several.pidfile);
    assert.equal(run.log('reload').length, 1, 'it did not wait for the other one');
  });
});
