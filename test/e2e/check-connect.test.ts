import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function check(test: TestContext, options: { pass?: string; stopped?: boolean; queue?: string; more?: string }) {
  const folder = await tempFolder(test);
  const broker = await InProcessBroker.start({ users: { me: 'right' } });
  test.after(() => broker.stop());
  if (options.stopped === true) await broker.stop();
  const queue = options.queue ?? join(folder, 'in');
  const config = join(folder, 'sender.conf');
  const auth = `outgoing-broker-auth = plain name=me pass=${options.pass ?? 'right'}`;
  const limits = 'timeout-connect = 5';
  writeFileSync(
    config,
    `incoming-queue = path=${queue}\noutgoing-broker-uri = ${broker.uri}\n${auth}\n${limits}\n${options.more ?? 'loop = true'}\n`,
    {
      mode: 0o600,
    },
  );
  const ended = await runStompctl(['check', '--connect', config]);
  return { ...ended, queue, broker, config };
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

  it('tells of an incoming queue that is not there and is not made, since it is read once', async (test) => {
    const { code, stdout } = await check(test, { more: 'loop = false' });
    assert.equal(code, 66, stdout);
    assert.match(stdout, /error: check\(\S+\/in\): there is no such folder: correct the path/);
  });

  it('warns of plain files in an incoming queue', async (test) => {
    const queue = await tempFolder(test);
    writeFileSync(join(queue, 'a.txt'), 'x');
    const { code, stdout } = await check(test, { queue });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /warning: \S+ has 1 plain file, which is no part of a directory queue .* use incoming-folder/);
  });

  it('looks at every broker of a list, and warns as a run would', async (test) => {
    const folder = await tempFolder(test);
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'right\n', { mode: 0o644 });
    const first = await InProcessBroker.start({ users: { me: 'right' } });
    const second = await InProcessBroker.start({ users: { me: 'other' } });
    test.after(async () => {
      await first.stop();
      await second.stop();
    });
    const config = join(folder, 'sender.conf');
    const uri = `failover:(${first.uri},${second.uri})`;
    const auth = `outgoing-broker-auth = plain name=me pass-file=${secret}`;
    writeFileSync(config, `incoming-queue = path=${folder}\noutgoing-broker-uri = ${uri}\n${auth}\n`);
    const { code, stdout } = await runStompctl(['check', '--connect', config]);
    assert.equal(code, 77, stdout);
    assert.match(stdout, new RegExp(`broker ${first.uri}: logged in`));
    assert.match(stdout, new RegExp(`error: connect\\(127.0.0.1:${second.port}\\): the broker refused the login`));
    assert.match(stdout, /warning: the password file \S+ can be read by everybody/);
  });

  it('tells of a wrong password, without it, and exits 77', async (test) => {
    const { code, stdout } = await check(test, { pass: 'wrong-one' });
    assert.equal(code, 77, stdout);
    assert.match(stdout, /error: connect\(127\.0\.0\.1:\d+\): the broker refused the login/);
    assert.doesNotMatch(stdout, /wrong-one/);
    assert.match(stdout, /sender\.conf: valid, but broker \S+ cannot be used \(exit code 77\)\n/);
  });

  it('tells of a broker that is not there, and exits 75', async (test) => {
    const { code, stdout, config, broker } = await check(test, { stopped: true });
    assert.equal(code, 75, stdout);
    assert.match(
      stdout,
      /^\S+sender\.conf: valid, but broker stomp:\S+ is not reachable \(exit code 75\)\n {2}error: connect\(/,
    );
    const json = JSON.parse((await runStompctl(['check', '--connect', '--json', config])).stdout);
    assert.deepEqual([json.valid, json.exit], [true, 75]);
    assert.deepEqual(json.unusable, [`broker ${broker.uri} is not reachable`]);
  });

  it('tells of a queue that is a file, and exits 78', async (test) => {
    const { code, stdout } = await check(test, { queue: process.execPath });
    assert.equal(code, 78, stdout);
    assert.match(stdout, /error: check\(\S+\): is not a folder/);
    assert.match(stdout, /sender\.conf: valid, but queue \S+ cannot be used \(exit code 78\)\n/);
  });
});
