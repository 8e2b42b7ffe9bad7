import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { brokerAcceptsAndSaysNothing, brokerIgnoresFrame } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

const USERS = { users: { me: 'right' } };
const WRONG = ['--outgoing-broker-auth', 'plain name=me pass=wrong'];
const RIGHT = ['--outgoing-broker-auth', 'plain name=me pass=right'];

/** A queue of three whose sender cannot do its work, and must leave it as it is. */
async function stuck(test: Parameters<typeof Scene.set>[0], options: Parameters<typeof Scene.set>[1] = {}) {
  const scene = await Scene.set(test, options);
  scene.fill('in', 3);
  const before = filesOf(scene.folder);
  return { scene, untouched: () => assert.deepEqual(filesOf(scene.folder), before) };
}

describe('a broker that does not let a sender in', { concurrency: 3 }, () => {
  it('a wrong password ends a bounded run at once: exit 77', async (test) => {
    const { scene, untouched } = await stuck(test, USERS);
    const ended = await scene.run(scene.sender(...WRONG));
    assert.equal(ended.code, 77, ended.stderr);
    assert.match(ended.stderr, /refused the login.*check user, password and virtual host/);
    assert.equal(scene.broker.connectionsMade, 1);
    assert.doesNotMatch(ended.stderr, /wrong/);
    untouched();
  });

  it('a wrong password lets an endless run try again at the longest delay, and say so', async (test) => {
    const { scene } = await stuck(test, USERS);
    const pass = scene.path('pass');
    writeFileSync(pass, 'wrong\n');
    const auth = ['--outgoing-broker-auth', `plain name=me pass-file=${pass}`];
    const run = scene.start(scene.sender('--loop', ...auth, '--reconnect-max-delay', '0.3'));
    await eventually(() => run.log('open-retry').length >= 2);
    for (const { code, delayMs } of run.log('open-retry')) assert.deepEqual([code, delayMs], ['LOGIN_REFUSED', 300]);
    writeFileSync(pass, 'right\n');
    await eventually(() => scene.broker.depth('/queue/q').ready === 3);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.arrived(), upTo(3));
  });

  it('an unknown host: exit 75', async (test) => {
    const { scene, untouched } = await stuck(test);
    const args = [
      '--incoming-queue',
      `path=${scene.path('in')}`,
      '--outgoing-broker-uri',
      'stomp://no-such-host.invalid',
    ];
    const ended = await scene.run([...args, '--remove', '--reconnect-attempts', '1']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /"code":"HOST_UNKNOWN".*is the host name right/);
    untouched();
  });

  it('a port that is closed: exit 75 after the attempts', async (test) => {
    const { scene, untouched } = await stuck(test);
    await scene.broker.kill();
    const ended = await scene.run(scene.sender('--reconnect-attempts', '3'));
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /ECONNREFUSED.*is the broker running, and listening on this port/);
    assert.equal(logLines(ended.stderr, 'open-retry').length, 2);
    untouched();
  });

  it('a broker that dies in the middle and stays dead: exit 75 after the attempts, the rest stays', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3000);
    const run = scene.start(scene.sender('--window', '50', '--reconnect-attempts', '3'));
    await eventually(() => scene.broker.received('/queue/q').received > 100, { everyMs: 1 });
    await scene.broker.kill();
    await eventually(() => !run.running, { what: 'the run ends' });
    const ended = await run.ended();
    assert.equal(ended.code, 75, ended.stderr.slice(-2000));
    assert.match(ended.stderr, /ECONNREFUSED/);
    const left = scene.stored('in');
    assert.ok(left.length > 0);
    assert.deepEqual(
      [...new Set([...scene.arrived(), ...left])].sort((a, b) => a - b),
      upTo(3000),
    );
    assert.equal(filesOf(scene.path('in')).length, left.length, 'no lock, no journal');
  });

  it('a broker that accepts and says nothing: exit 75 within timeout-connect', async (test) => {
    const { scene, untouched } = await stuck(test, { faults: [brokerAcceptsAndSaysNothing()] });
    const started = performance.now();
    const ended = await scene.run(scene.sender('--timeout-connect', '0.4', '--reconnect-attempts', '2'));
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /no CONNECTED within 0\.4 s/);
    assert.ok(performance.now() - started < 60_000, 'two attempts, not the 30 s of the default for each');
    assert.equal(scene.broker.connectionsMade, 2);
    untouched();
  });

  it('is waited for by a run that is told to stop meanwhile: exit 0 at once', async (test) => {
    const { scene, untouched } = await stuck(test, { faults: [brokerAcceptsAndSaysNothing()] });
    const run = scene.start(scene.sender('--loop', '--pidfile', scene.path('pid')));
    await eventually(() => scene.broker.connectionsMade === 1);
    const started = performance.now();
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(performance.now() - started < 30_000, 'not the 30 s of timeout-connect');
    untouched();
  });

  it('lets it in at last: the right password, three times refused by a port that was closed', async (test) => {
    const { scene } = await stuck(test, USERS);
    await scene.broker.kill();
    const run = scene.start(scene.sender(...RIGHT, '--reconnect-attempts', '100'));
    await eventually(() => run.log('open-retry').length >= 3);
    await scene.broker.restart();
    const ended = await run.ended();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.arrived(), upTo(3));
    assert.deepEqual(filesOf(scene.path('in')), []);
  });
});

describe('a broker that does not let a receiver in', { concurrency: 2 }, () => {
  it('is tried for ever: a receiver has no end of its own', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(3);
    await scene.broker.pauseAccepting();
    const run = scene.start(scene.receiver());
    await eventually(() => run.log('open-retry').length >= 15, { what: 'more attempts than a bounded run has' });
    await scene.broker.resumeAccepting();
    await eventually(() => scene.stored('out').length === 3);
    assert.equal((await run.stop()).code, 0);
  });

  it('a subscription that is refused says so, and is tried again', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerIgnoresFrame({ command: 'SUBSCRIBE' })] });
    scene.publish(3);
    const run = scene.start(scene.receiver('--timeout-broker', '0.4'));
    await eventually(() => scene.stored('out').length === 3);
    assert.match(run.stderr, /no receipt within 0\.4 s \(timeout-broker\) for SUBSCRIBE \/queue\/q/);
    assert.equal((await run.stop()).code, 0);
  });
});
