import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { elementPaths, filesOf, produce, sampleMessages } from '../support/sample-messages.js';
import { startedBroker } from '../support/started-broker.js';
import { type Ended, StompctlProcess } from '../support/stompctl-process.js';
import { atEnd, tempFolder } from '../support/temp-folder.js';

async function receiver(test: TestContext, args: readonly string[]) {
  const folder = await tempFolder(test);
  const broker = await startedBroker(test);
  const all = ['--incoming-broker-uri', broker.uri, '--subscribe', 'destination=/queue/q', ...args];
  return { broker, folder, args: [...all, '--outgoing-queue', `path=${folder}/out`] };
}

/** Starts the built command; it is killed when the test ends, however the test ends. */
function start(test: TestContext, args: readonly string[]): StompctlProcess {
  const run = new StompctlProcess(args);
  atEnd(test, () => run.stop('SIGKILL'));
  return run;
}

function runToEnd(test: TestContext, args: readonly string[]): Promise<Ended> {
  return start(test, args).ended();
}

describe('a run ends', () => {
  it('after its duration', async (test) => {
    const { args } = await receiver(test, ['--duration', '0.3']);
    const ended = await runToEnd(test, args);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /"reason":"duration"/);
  });

  for (const none of [
    ['--count', '0'],
    ['--duration', '0'],
  ]) {
    it(`at once, with nothing moved, when asked for none: ${none.join(' ')}`, async (test) => {
      const { args, broker, folder } = await receiver(test, none);
      broker.publish('/queue/q', {}, 'x');
      const ended = await runToEnd(test, args);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stderr, /moved 0 of 0 messages/);
      assert.equal(broker.depth('/queue/q').ready, 1);
      produce(join(folder, 'in'), [...sampleMessages(3, 1)]);
      const queues = ['--incoming-queue', `path=${folder}/in`, '--outgoing-queue', `path=${folder}/out`, '--remove'];
      for (const more of [[], ['--dry-run']]) {
        assert.equal((await runToEnd(test, [...queues, ...none, ...more])).code, 0);
      }
      assert.equal(elementPaths(join(folder, 'in')).length, 3);
      assert.deepEqual(elementPaths(join(folder, 'out')), []);
    });
  }

  it('after that long without a message', async (test) => {
    const { args, broker, folder } = await receiver(test, ['--timeout-inactivity', '0.3']);
    for (let number = 0; number < 10; number += 1) broker.publish('/queue/q', {}, String(number));
    const ended = await runToEnd(test, args);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /"reason":"inactivity"/);
    assert.equal(elementPaths(join(folder, 'out')).length, 10);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`on ${signal}, settled, with exit code 0`, async (test) => {
      const { args, broker, folder } = await receiver(test, []);
      for (let number = 0; number < 500; number += 1) broker.publish('/queue/q', {}, String(number));
      const run = start(test, args);
      await eventually(() => elementPaths(join(folder, 'out')).length > 0);
      const ended = await run.stop(signal);
      assert.equal(ended.code, 0, ended.stderr);
      const { ready, unacknowledged } = await eventually(() => {
        const depth = broker.depth('/queue/q');
        return depth.unacknowledged === 0 && depth;
      });
      assert.equal(ready + unacknowledged + elementPaths(join(folder, 'out')).length, 500, 'none lost, none twice');
    });
  }

  it('with exit code 75 when the broker cannot be reached, after the attempts of a bounded run', async (test) => {
    const folder = await tempFolder(test);
    const broker = await InProcessBroker.start();
    const { uri } = broker;
    await broker.stop();
    produce(join(folder, 'in'), sampleMessages(10, 1));
    const before = filesOf(join(folder, 'in'));
    const ends = ['--incoming-queue', `path=${folder}/in`, '--outgoing-broker-uri', uri, '--remove'];
    const ended = await runToEnd(test, [...ends, '--reconnect-attempts', '3', '--reconnect-delay', '0.05']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /ECONNREFUSED|connection refused/i);
    assert.deepEqual(filesOf(join(folder, 'in')), before, 'nothing lost, nothing left behind');
  });

  it('at once on a second signal while it still settles, and removes its pidfile', async (test) => {
    const { args, broker, folder } = await receiver(test, []);
    broker.publish('/queue/q', {}, 'x');
    const pidfile = join(folder, 'pid');
    const callback = ['--callback-language', 'javascript', '--callback-timeout', '30', '--callback-code', 'for (;;);'];
    const run = start(test, [...args, ...callback, '--pidfile', pidfile]);
    await eventually(() => broker.depth('/queue/q').unacknowledged === 1);
    run.signal('SIGTERM');
    await eventually(() => run.log('stopping').length === 1);
    const ended = await run.stop('SIGTERM');
    assert.deepEqual([ended.code, ended.signal], [null, 'SIGTERM'], ended.stderr);
    assert.equal(existsSync(pidfile), false);
  });
});
