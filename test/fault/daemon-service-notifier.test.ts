import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { ServiceNotifier } from '../../src/daemon/service-notifier.js';
import { eventually } from '../support/eventually.js';
import { ManualClock } from '../support/manual-clock.js';
import { notifyReceiver } from '../support/notify-receiver.js';
import { tempFolder } from '../support/temp-folder.js';

function notifierOf(test: TestContext, socket: string, command?: string) {
  const troubles: string[] = [];
  const clock = new ManualClock();
  const notifier = new ServiceNotifier({
    socket,
    clock,
    onTrouble: ({ code, message }) => troubles.push(`${code} ${message}`),
    ...(command !== undefined && { command }),
  });
  test.after(() => notifier.close(0));
  return { notifier, troubles, clock };
}

describe('the notifier of a service manager', () => {
  it('sends in order, to a path', async (test) => {
    const { socket, lines } = await notifyReceiver(test);
    const { notifier, troubles } = notifierOf(test, socket);
    notifier.send({ READY: '1', STATUS: 'moving: a text with = and "quotes"' });
    notifier.send({ RELOADING: '1', MONOTONIC_USEC: '17' });
    notifier.send({ READY: '1' });
    notifier.send({ STATUS: 'one' });
    notifier.send({ STATUS: 'two' });
    await eventually(() => lines().includes('STATUS=two'));
    assert.deepEqual(lines(), [
      'READY=1',
      'STATUS=moving: a text with = and "quotes"',
      'RELOADING=1',
      'MONOTONIC_USEC=17',
      'READY=1',
      'STATUS=two',
    ]);
    assert.deepEqual(troubles, []);
  });

  it('sends to an abstract name', async (test) => {
    const name = `@stompctl-test-${process.pid}-${process.hrtime.bigint()}`;
    const { lines } = await notifyReceiver(test, name);
    const { notifier } = notifierOf(test, name);
    notifier.send({ READY: '1' });
    await eventually(() => lines().includes('READY=1'));
  });

  it('tells once that nobody receives, and goes on when somebody does', async (test) => {
    const first = await notifyReceiver(test);
    await first.stop();
    const { notifier, troubles, clock } = notifierOf(test, first.socket);
    notifier.send({ READY: '1', WATCHDOG: '1' });
    await eventually(() => troubles.length > 0);
    assert.match(
      troubles.join(),
      /^NOTIFY_FAILED notify\(.*\/notify\): .*(refused|No such file).*; tried again: until then the service manager/s,
    );
    notifier.send({ STATUS: 'later' });
    await rm(first.socket);
    const second = await notifyReceiver(test, first.socket);
    await eventually(() => clock.pending > 0, { what: 'another attempt to be planned' });
    clock.skip(1000);
    await eventually(() => second.lines().length > 0);
    assert.deepEqual(second.lines(), ['READY=1', 'STATUS=later']);
    assert.equal(troubles.length, 1);
  });

  it('keeps what was not sent, without signs of life that are over', async (test) => {
    const folder = await tempFolder(test);
    const program = join(folder, 'notify');
    // fails once, then writes down what it was given
    await writeFile(
      program,
      `#!/bin/sh\nif [ -e ${folder}/failed ]; then echo "$@" >> ${folder}/sent; else touch ${folder}/failed; echo no >&2; exit 1; fi\n`,
    );
    await chmod(program, 0o755);
    const { notifier, troubles, clock } = notifierOf(test, '/nowhere', program);
    notifier.send({ READY: '1', WATCHDOG: '1', EXTEND_TIMEOUT_USEC: '1' });
    notifier.send({ STATUS: 'meanwhile' });
    await eventually(() => troubles.length === 1);
    assert.match(troubles.join(), /^NOTIFY_FAILED notify\(\/nowhere\): no; tried again/);
    await eventually(() => clock.pending > 0);
    clock.skip(1000);
    const sent = await eventually(() => readFile(join(folder, 'sent'), 'utf8'));
    assert.equal(sent, 'READY=1 STATUS=meanwhile\n');
  });

  it('says what to install where the program is missing', async (test) => {
    const { notifier, troubles } = notifierOf(test, '/nowhere', 'stompctl-no-such-program');
    notifier.send({ READY: '1' });
    await eventually(() => troubles.length > 0);
    assert.match(troubles.join(), /there is no program stompctl-no-such-program: install the package systemd; /);
  });

  it('ends a program that hangs, and is closed in time while one does', async (test) => {
    const folder = await tempFolder(test);
    const program = join(folder, 'notify');
    await writeFile(program, '#!/bin/sh\nexec sleep 600\n');
    await chmod(program, 0o755);
    const { notifier, troubles, clock } = notifierOf(test, '/nowhere', program);
    notifier.send({ READY: '1' });
    clock.skip(10_000);
    await eventually(() => troubles.length > 0);
    assert.match(troubles.join(), /ended with SIGKILL/);
    const hanging = new ServiceNotifier({ socket: '/nowhere', clock: systemClock, onTrouble() {}, command: program });
    hanging.send({ READY: '1' });
    await hanging.close(20);
    hanging.send({ READY: '1' });
  });
});
