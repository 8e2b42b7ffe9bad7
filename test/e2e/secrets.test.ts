import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { DESTINATION, Scene } from '../support/scene.js';

const PASSWORD = 'Xyzzy-4711';
const BODY = 'the-text-of-a-body';

describe('secrets and bodies', { concurrency: 2 }, () => {
  it('are in no log, however much is logged, nor in what ps shows', async (test) => {
    const scene = await Scene.set(test, { users: { me: PASSWORD } });
    scene.fill('in', 2, { destination: DESTINATION, 'x-passcode': 'no secret', password: PASSWORD });
    const config = scene.path('sender.conf');
    const lines = [
      `incoming-queue = path=${scene.path('in')}`,
      'remove = true',
      'loop = true',
      `outgoing-broker-uri = ${scene.broker.uri}`,
      `outgoing-broker-auth = plain name=me pass=${PASSWORD}`,
      'outgoing-broker-stomp-debug = all',
      'callback-language = javascript',
      `callback-code = if (hdr["x-number"] === "1") throw new Error("refused"); bdy = "${BODY}"`,
      `failure-queue = path=${scene.path('failures')}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
    const run = scene.start(['--config', config, '-d', '-d', '-d']);
    await eventually(() => scene.broker.depth(DESTINATION).ready === 1 && scene.stored('failures').length === 1);
    const shown = readFileSync(`/proc/${run.pid}/cmdline`, 'utf8');
    await scene.broker.kill();
    await eventually(() => run.log('open-retry').length > 0);
    await scene.broker.restart();
    await eventually(() => run.log('session-open').length > 1);
    run.signal('SIGUSR1');
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    const frames = run.log('frame').map(({ msg }) => msg);
    for (const frame of ['sent CONNECT', 'received CONNECTED', 'sent SEND', 'received RECEIPT', 'sent DISCONNECT']) {
      assert.ok(frames.includes(frame), `${frame} is among the frames logged`);
    }
    for (const secret of [PASSWORD, BODY]) {
      for (const text of [ended.stderr, ended.stdout, shown]) assert.ok(!text.includes(secret), `${secret} is shown`);
    }
  });

  it('are masked by check, in every form', async (test) => {
    const scene = await Scene.set(test);
    const config = scene.path('sender.yaml');
    const lines = [
      'incoming-queue: {path: /tmp/q}',
      'outgoing-broker:',
      `  uri: ${scene.broker.uri}`,
      '  auth:',
      `    - {scheme: plain, name: me, pass: ${PASSWORD}}`,
      `  connect: {passcode: ${PASSWORD}}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    for (const flags of [[], ['--json']]) {
      const ended = await scene.run(['check', ...flags, config]);
      assert.ok(!`${ended.stdout}${ended.stderr}`.includes(PASSWORD), ended.stdout);
      assert.match(ended.stdout, /\*\*\*/);
    }
  });

  it('given in a URI are refused, without being told', async (test) => {
    const scene = await Scene.set(test);
    const uri = scene.broker.uri.replace('//', `//me:${PASSWORD}@`);
    const ended = await scene.run(['--incoming-queue', 'path=/tmp/q', '--outgoing-broker-uri', uri]);
    assert.equal(ended.code, 64, ended.stderr);
    assert.ok(!ended.stderr.includes(PASSWORD), ended.stderr);
    assert.match(ended.stderr, /do not belong in the URI: put them into the auth option/);
  });
});
