import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { AmqpPeer, contentHeader, short, shortText } from '../support/amqp-peer.js';
import { answerNumbers } from '../support/answering.js';
import { eventually } from '../support/eventually.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** AMQP 0-9-1: which property is there, as a flag. */
const CORRELATION_ID = 1 << 10;

async function start(test: TestContext, server?: string) {
  const broker = await InProcessBroker.start({ ...(server !== undefined && { server }) });
  test.after(() => broker.stop());
  const file = join(await tempFolder(test), 'question');
  writeFileSync(file, '21');
  return { broker, file };
}

describe('stompctl request', () => {
  for (const server of [undefined, 'RabbitMQ/3.10.8', 'ActiveMQ/5.17.2', 'ActiveMQ-Artemis/2.20.0']) {
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

  it('says so when it is stopped, and has the exit code of the signal', async (test) => {
    const { broker, file } = await start(test);
    const run = new StompctlProcess(['request', broker.uri, '/queue/asked', file, '--timeout', '1000']);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => broker.depth('/queue/asked').ready === 1);
    const { code, stdout, stderr } = await run.stop('SIGTERM');
    assert.deepEqual(
      [code, stdout, stderr],
      [143, '', 'stompctl: request: stopped by SIGTERM before the reply came\n'],
    );
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

  it('asks over AMQP, and takes the reply to its own request only', async (test) => {
    const peer = await AmqpPeer.start(test, {
      published: ({ tag, header }, self) => {
        self.confirm(tag);
        const theirs = Buffer.concat([short(CORRELATION_ID), shortText('theirs')]);
        self.deliver(Buffer.from('wrong'), contentHeader(5, theirs));
        self.deliver(Buffer.from('right'), contentHeader(5, header.subarray(12)));
      },
    });
    const file = join(await tempFolder(test), 'question');
    writeFileSync(file, '21');
    const uri = `amqp://127.0.0.1:${peer.port}`;
    const ended = await runStompctl(['request', uri, '/queue/asked', file, '--timeout', '100']);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'right', stderr: '' });
    assert.deepEqual(peer.acknowledged, [1, 2]);
    assert.equal(peer.published[0]?.body.toString(), '21');
  });

  it('ends at once when the session is lost over AMQP', async (test) => {
    const peer = await AmqpPeer.start(test, { published: (_message, self) => self.cut() });
    const file = join(await tempFolder(test), 'question');
    writeFileSync(file, '21');
    const ended = await runStompctl(['request', `amqp://127.0.0.1:${peer.port}`, '/queue/asked', file]);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /the broker closed the connection/);
  });

  it('refuses a reply over AMQP that is larger than max-message-size', async (test) => {
    const peer = await AmqpPeer.start(test, {
      published: ({ tag }, self) => {
        self.confirm(tag);
        self.deliver(Buffer.alloc(2000));
      },
    });
    const file = join(await tempFolder(test), 'question');
    writeFileSync(file, '21');
    const args = ['request', `amqp://127.0.0.1:${peer.port}`, '/queue/asked', file, '--max-message-size', '1000'];
    const ended = await runStompctl(args);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /the reply has 2000 bytes, more than max-message-size \(1000\)/);
  });
});
