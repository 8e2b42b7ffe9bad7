import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { brokerWithholdsReceipt } from '../../src/broker/faults.js';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { AmqpPeer } from '../support/amqp-peer.js';
import { certificate, tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { runStompctl, STOMPCTL, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

async function startBroker(test: TestContext, options: BrokerOptions = {}): Promise<InProcessBroker> {
  const broker = await InProcessBroker.start(options);
  test.after(() => broker.stop());
  return broker;
}

async function fileOf(test: TestContext, body: string | Buffer): Promise<string> {
  const file = join(await tempFolder(test), 'body');
  writeFileSync(file, body);
  return file;
}

describe('stompctl send', () => {
  it('sends the bytes of a file, with the headers that were given', async (test) => {
    const broker = await startBroker(test);
    const body = Buffer.from([0, 255, 10, 13, 0]);
    const file = await fileOf(test, body);
    const ended = await runStompctl(['send', broker.uri, '/queue/a', file, '--header', 'x=1=2', '--header', 'y=']);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'sent 1 message to /queue/a\n', stderr: '' });
    const [message] = broker.drain('/queue/a');
    assert.deepEqual(message?.body, body);
    assert.deepEqual([message?.header.x, message?.header.y, message?.header.persistent], ['1=2', '', 'true']);
  });

  it('sends over AMQP, and is done when that is confirmed', async (test) => {
    const peer = await AmqpPeer.start(test);
    const file = await fileOf(test, 'a body');
    const ended = await runStompctl(['send', `amqp://127.0.0.1:${peer.port}`, '/amq/queue/a', file]);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'sent 1 message to /amq/queue/a\n', stderr: '' });
    assert.deepEqual(
      peer.published.map(({ routingKey, body }) => [routingKey, body.toString()]),
      [['a', 'a body']],
    );
  });

  it('reads little of a file that is larger than a message may be', async (test) => {
    const broker = await startBroker(test);
    const file = await fileOf(test, '');
    // no disk has so much: it is a hole
    truncateSync(file, 2 ** 40);
    const input = openSync(file, 'r');
    for (const [args, stdin] of [
      [[file], 'ignore'],
      [[], input],
    ] as const) {
      const command = [STOMPCTL, 'send', broker.uri, '/queue/a', ...args];
      const { status, stderr } = spawnSync(process.execPath, command, {
        stdio: [stdin, 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      assert.equal(status, 1, stderr);
      assert.match(stderr, /: has 1099511627776 bytes, more than 67108864 bytes, .*; raise --max-message-size\n$/);
    }
    closeSync(input);
  });

  it('says so when it is stopped, and has the exit code of the signal', async (test) => {
    const broker = await startBroker(test, { faults: [brokerWithholdsReceipt()] });
    const run = new StompctlProcess([
      'send',
      broker.uri,
      '/queue/a',
      await fileOf(test, 'body'),
      '--timeout-broker',
      '1000',
    ]);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => broker.depth('/queue/a').ready === 1);
    const { code, stderr } = await run.stop('SIGINT');
    assert.deepEqual([code, stderr], [130, 'stompctl: send: stopped by SIGINT before all was confirmed\n']);
  });

  it('takes no end of the connection for a receipt', async (test) => {
    const broker = await startBroker(test, { faults: [brokerWithholdsReceipt()] });
    const file = await fileOf(test, 'body');
    const ended = await runStompctl(['send', broker.uri, '/queue/a', file, '--timeout-broker', '0.5']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.equal(ended.stdout, '');
    assert.match(ended.stderr, /RECEIPT|receipt/);
  });

  it('sends each line, tells of one that is no message, and goes on behind it', async (test) => {
    const broker = await startBroker(test);
    const file = await fileOf(
      test,
      '{"body":"one","header":{"destination":"/queue/other"}}\nnonsense\n{"body":"two"}\n',
    );
    const ended = await runStompctl(['send', broker.uri, '/queue/a', file, '--json-lines']);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /body:2\): not JSON/);
    assert.equal(ended.stdout, 'sent 2 messages to /queue/a\n');
    assert.deepEqual(
      broker.drain('/queue/a').map(({ body }) => body.toString()),
      ['one', 'two'],
    );
  });

  it('says with which --skip to go on, and that sends the rest', async (test) => {
    const withheld = brokerWithholdsReceipt({ after: 2 });
    const broker = await startBroker(test, { faults: [withheld] });
    const file = await fileOf(test, '{"body":"1"}\n{"body":"2"}\n{"body":"3"}\n');
    const args = ['send', broker.uri, '/queue/a', file, '--json-lines', '--timeout-broker', '0.5'];
    const first = await runStompctl(args);
    assert.equal(first.code, 75, first.stderr);
    assert.match(first.stderr, /2 messages had been confirmed before this; to go on: the same command with --skip 2$/m);
    broker.removeFault(withheld);
    broker.drain('/queue/a');
    const second = await runStompctl([...args, '--skip', '2']);
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(
      broker.drain('/queue/a').map(({ body }) => body.toString()),
      ['3'],
    );
  });

  it('checks the certificate of the broker against --ca', async (test) => {
    const { key, cert } = certificate('server');
    const broker = await startBroker(test, { tls: { key, cert } });
    const file = await fileOf(test, 'body');
    const uri = broker.uri.replace('127.0.0.1', 'localhost');
    const trusted = await runStompctl(['send', uri, '/queue/a', file, '--ca', tlsFile('ca.pem')]);
    assert.equal(trusted.code, 0, trusted.stderr);
    const unknown = await runStompctl(['send', uri, '/queue/a', file]);
    assert.equal(unknown.code, 75, unknown.stderr);
    assert.equal(broker.drain('/queue/a').length, 1);
  });

  it('logs in with what a configuration says of this side, whatever else stands there', async (test) => {
    const broker = await startBroker(test, { users: { me: 'right' } });
    const folder = await tempFolder(test);
    const pass = join(folder, 'pass');
    writeFileSync(pass, 'right', { mode: 0o600 });
    const config = join(folder, 'sender.yaml');
    const auth = `outgoing-broker: { uri: 'stomp://away:1', auth: 'plain name=me pass-file=${pass}' }`;
    writeFileSync(config, `incoming-queue: { path: ${folder}/none }\nloop: true\nremove: true\n${auth}\n`);
    const ended = await runStompctl(['send', broker.uri, '/queue/a', await fileOf(test, 'body'), '--config', config]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(broker.depth('/queue/a').ready, 1);
  });

  it('tells over UDP that nobody confirms', async (test) => {
    const file = await fileOf(test, 'body');
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    test.after(() => socket.close());
    const ended = await runStompctl(['send', `udp://127.0.0.1:${socket.address().port}`, '/queue/a', file]);
    assert.deepEqual([ended.code, ended.stdout], [0, 'sent 1 message to /queue/a, which nobody confirms over UDP\n']);
  });

  it('opens no session for a file that is not there', async (test) => {
    const broker = await startBroker(test);
    const ended = await runStompctl(['send', broker.uri, '/queue/a', '/no/such/file']);
    assert.equal(ended.code, 66, ended.stderr);
    assert.equal(broker.connectionsMade, 0);
  });
});
