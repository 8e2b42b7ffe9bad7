import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { notifyReceiver } from '../support/notify-receiver.js';
import { DESTINATION, Scene } from '../support/scene.js';

describe('a run under a service manager', () => {
  it('is ready when both ends are open, and tells the verdict, reloads and the stop', async (test) => {
    const scene = await Scene.set(test);
    const { socket, lines } = await notifyReceiver(test);
    const said = (text: string) => eventually(() => lines().some((line) => line.startsWith(text)), { what: text });
    await scene.broker.kill();
    const run = scene.start(scene.sender('--loop'), { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '800000' } });
    await said('STATUS=stuck: sink broker ');
    assert.equal(lines().includes('READY=1'), false, 'a broker that is away');
    await scene.broker.resumeAccepting();
    await said('READY=1');
    const ready = lines().length;
    await eventually(() => lines().slice(ready).includes('WATCHDOG=1'));
    run.signal('SIGHUP');
    await said('RELOADING=1');
    await said('STATUS=HUP: ');
    const told = lines();
    assert.match(told[told.indexOf('RELOADING=1') + 1] ?? '', /^MONOTONIC_USEC=\d+$/);
    assert.ok(told.lastIndexOf('READY=1') > told.indexOf('RELOADING=1'), 'the reload is over');
    assert.equal((await run.stop()).code, 0);
    const end = lines();
    assert.equal(end.filter((line) => line === 'STOPPING=1').length, 1);
    assert.equal(end.at(-1), 'STATUS=ended with exit code 0');
    assert.ok(end.some((line) => line === 'EXTEND_TIMEOUT_USEC=30000000'));
    assert.deepEqual(run.log('service-manager'), []);
  });

  it('gives no sign of life while it is stuck', async (test) => {
    const scene = await Scene.set(test);
    const { socket, lines } = await notifyReceiver(test);
    const run = scene.start(scene.sender('--loop'), { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' } });
    await eventually(() => lines().includes('READY=1'));
    await scene.broker.kill();
    await eventually(() => lines().some((line) => line.startsWith('STATUS=stuck: ')));
    const stuck = lines().findIndex((line) => line.startsWith('STATUS=stuck: '));
    await eventually(() => run.log('open-retry').length >= 12);
    assert.deepEqual(
      lines()
        .slice(stuck)
        .filter((line) => line === 'WATCHDOG=1'),
      [],
    );
    await scene.broker.resumeAccepting();
    await eventually(() => lines().slice(stuck).includes('WATCHDOG=1'));
    assert.equal((await run.stop()).code, 0);
  });

  it('that is over before anybody looked was ready', async (test) => {
    const scene = await Scene.set(test);
    const { socket, lines } = await notifyReceiver(test);
    scene.fill('in', 1);
    const ended = await scene.run(scene.mover(), { env: { NOTIFY_SOCKET: socket } });
    assert.equal(ended.code, 0, ended.stderr);
    await eventually(() => lines().at(-1) === 'STATUS=ended with exit code 0');
    assert.equal(lines().filter((line) => line === 'READY=1').length, 1);
  });

  it('tells why it cannot run', async (test) => {
    const scene = await Scene.set(test);
    const { socket, lines } = await notifyReceiver(test);
    const pidfile = scene.path('no/run.pid');
    const ended = await scene.run(scene.mover('--pidfile', pidfile), { env: { NOTIFY_SOCKET: socket } });
    assert.equal(ended.code, 73, ended.stderr);
    assert.match(lines().join('\n'), /^STATUS=.*no\/run\.pid/);
    assert.equal(lines().includes('READY=1'), false);
  });

  for (const [what, socket, reason] of [
    ['nobody is at the socket', '/run/stompctl-no-such-socket', /notify\(\/run\/stompctl-no-such-socket\): /],
    ['nobody is at an abstract one', '@stompctl-no-such-socket', /notify\(@stompctl-no-such-socket\): /],
    ['the path is too long', `/${'long/'.repeat(30)}`, /is longer than 107 bytes/],
    ['it is no path', 'relative', /is neither an absolute path/],
  ] as const) {
    it(`goes on, with one warning, when ${what}`, async (test) => {
      const scene = await Scene.set(test);
      const run = scene.start(scene.sender('--loop'), { env: { NOTIFY_SOCKET: socket } });
      const [warning] = await eventually(() => run.log('service-manager').length > 0 && run.log('service-manager'));
      assert.match(String(warning?.msg), reason);
      assert.equal(warning?.code, 'NOTIFY_FAILED');
      scene.fill('in', 3);
      await eventually(() => scene.broker.depth(DESTINATION).ready === 3);
      assert.equal((await run.stop()).code, 0);
      assert.equal(run.log('service-manager').length, 1);
    });
  }
});
