import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { answerNumbers } from '../support/answering.js';
import { eventually } from '../support/eventually.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function start(test: TestContext, server?: string) {
  const broker = await InProcessBroker.start({ ...(server !== undefined && { server }) });
  test.after(() => broker.stop());
  const file = join(await tempFolder(test), 'question');
  writeFileSync(file, '21');
  return { broker, file };
}

describe('stompctl request', () => {
  for (const server of [undefined, 'ActiveMQ/5.17.2', 'ActiveMQ-Artemis/2.20.0']) {
    it(`prints the reply to its own request, ${server ?? 'on a broker that is not known'}`, async (test) => {
      const { broker, file } = await start(test, server);
      const at = { host: '127.0.0.1', port: broker.port, user: '', pass: '' };
      await answerNumbers(test, at, '/queue/double');
      const ended = await runStompctl(['request', broker.uri, '/queue/double', file, '--timeout', '100']);
      assert.deepEqual(ended, { code: 0, signal: null, stdout: '42\n', stderr: '' });
    });
  }

  it('ends with 75 when nobody answers', async (test) => {
    const { broker, file } = await start(test);
    const ended = await runStompctl(['request', broker.uri, '/queue/none', file, '--timeout', '0.2']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /no reply within 0\.2 s/);
    assert.equal(ended.stdout, '');
  });

  it('does not take the reply to another request for its own', async (test) => {
    const { broker, file } = await start(test);
    const args = ['request', broker.uri, '/queue/asked', file, '--header', 'correlation-id=mine', '--timeout', '100'];
    const run = new StompctlProcess(args);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => broker.depth('/queue/asked').ready === 1);
    const [{ header } = { header: {} as Record<string, string> }] = broker.drain('/queue/asked');
    const to = header['reply-to'] ?? '';
    broker.publish(to, { 'correlation-id': 'theirs' }, 'wrong');
    broker.publish(to, { 'correlation-id': 'mine' }, 'right');
    assert.equal((await run.ended()).stdout, 'right');
  });

  it('ends at once when the session is lost', async (test) => {
    const { broker, file } = await start(test);
    const run = new StompctlProcess(['request', broker.uri, '/queue/asked', file, '--timeout', '1000']);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => broker.depth('/queue/asked').ready === 1);
    broker.killConnections();
    const ended = await run.ended();
    assert.equal(ended.code, 75, ended.stderr);
  });
});
