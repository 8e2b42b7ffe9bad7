import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function start(test: TestContext, ...args: readonly string[]) {
  const run = new StompctlProcess(['broker', '--port', '0', ...args]);
  test.after(() => run.stop('SIGKILL'));
  const uri = await eventually(() => /^listening at (stomp:\/\/127\.0\.0\.1:\d+)/m.exec(run.stdout)?.[1]);
  return { run, uri };
}

describe('stompctl broker', () => {
  it('takes and gives messages until it is stopped, and says what it is', async (test) => {
    const { run, uri } = await start(test, '--dialect', 'activemq');
    const body = join(await tempFolder(test), 'body');
    writeFileSync(body, 'hello');
    assert.equal((await runStompctl(['send', uri, '/queue/a', body])).code, 0);
    assert.equal((await runStompctl(['receive', uri, '/queue/a', '--count', '1'])).stdout, 'hello');
    const { code, stdout, stderr } = await run.stop();
    assert.equal(code, 0);
    assert.equal(stdout, `listening at ${uri}, like ActiveMQ/5.17.2\n`);
    assert.match(stderr, /not for production: only this host can connect.*messages live in memory/);
  });

  it('says what docs/in-process-broker.md shows', async (test) => {
    const page = readFileSync('docs/in-process-broker.md', 'utf8');
    const [, command = '', said] = /^\$ stompctl (.*)\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const { run, uri } = await start(test, ...command.split(' ').slice(1));
    const { stdout, stderr } = await run.stop();
    assert.equal(`${stderr}${stdout}`.replace(uri, 'stomp://127.0.0.1:61613'), said);
  });

  it('tells of a port that is in use', async (test) => {
    const server = createServer().listen(0, '127.0.0.1');
    test.after(() => new Promise((resolve) => server.close(resolve)));
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const ended = await runStompctl(['broker', '--port', String(address.port)]);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /another program listens there: choose another port, or 0 for any/);
  });

  for (const [args, message] of [
    [['--port', '70000'], /--port\): must be a number from 0 \(any free port\) to 65535, not "70000"/],
    [['--dialect', 'kafka'], /--dialect\): must be one of rabbitmq, activemq, artemis, not "kafka"/],
    [['--loop'], /--loop\): is not for "stompctl broker"/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await runStompctl(['broker', ...args]);
      assert.equal(code, 64);
      assert.match(stderr, message);
    });
  }
});
