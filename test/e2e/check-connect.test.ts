import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function check(test: TestContext, options: { pass?: string; stopped?: boolean; queue?: string }) {
  const folder = await tempFolder(test);
  const broker = await InProcessBroker.start({ users: { me: 'right' } });
  test.after(() => broker.stop());
  if (options.stopped === true) await broker.stop();
  const queue = options.queue ?? join(folder, 'in');
  const config = join(folder, 'sender.conf');
  const auth = `outgoing-broker-auth = plain name=me pass=${options.pass ?? 'right'}`;
  const limits = 'timeout-connect = 5';
  writeFileSync(config, `incoming-queue = path=${queue}\noutgoing-broker-uri = ${broker.uri}\n${auth}\n${limits}\n`);
  const ended = await runStompctl(['check', '--connect', config]);
  return { ...ended, queue, broker };
}

describe('check --connect', () => {
  it('logs in, says to what, and makes nothing', async (test) => {
    const { code, stdout, queue, broker } = await check(test, {});
    assert.equal(code, 0, stdout);
    assert.match(stdout, /queue \S+: is not there yet and will be made/);
    assert.match(stdout, /broker stomp:\S+: logged in at 127\.0\.0\.1:\d+ \(stompctl-demo\/0\.1, STOMP 1\.2\)/);
    assert.equal(existsSync(queue), false);
    assert.equal(broker.connectionsMade, 1);
  });

  it('tells of a wrong password, without it, and exits 77', async (test) => {
    const { code, stdout } = await check(test, { pass: 'wrong-one' });
    assert.equal(code, 77, stdout);
    assert.match(stdout, /error: connect\(127\.0\.0\.1:\d+\): the broker refused the login/);
    assert.doesNotMatch(stdout, /wrong-one/);
  });

  it('tells of a broker that is not there, and exits 75', async (test) => {
    const { code, stdout } = await check(test, { stopped: true });
    assert.equal(code, 75, stdout);
    assert.match(stdout, /error: connect\(/);
  });

  it('tells of a queue that is a file, and exits 78', async (test) => {
    const { code, stdout } = await check(test, { queue: process.execPath });
    assert.equal(code, 78, stdout);
    assert.match(stdout, /error: check\(\S+\): is not a folder/);
  });
});
