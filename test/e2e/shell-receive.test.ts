import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { brokerDelaysReceipts } from '../../src/broker/faults.js';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';

/** known to take `prefetch-count` */
const SERVER = 'RabbitMQ/3.10.8';

async function brokerWith(test: TestContext, ...bodies: readonly string[]): Promise<InProcessBroker> {
  const broker = await InProcessBroker.start({ server: SERVER });
  test.after(() => broker.stop());
  for (const body of bodies) broker.publish('/queue/a', { 'content-type': 'text/plain' }, body);
  return broker;
}

describe('stompctl receive', () => {
  it('prints bodies, a line each, and leaves what --count does not ask for', async (test) => {
    const broker = await brokerWith(test, 'one', 'two\n', 'three');
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '2']);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'one\ntwo\n', stderr: '' });
    await eventually(() => broker.depth('/queue/a').ready === 1);
  });

  it('prints one body to the byte', async (test) => {
    const broker = await brokerWith(test, 'no line end');
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '1']);
    assert.equal(ended.stdout, 'no line end');
  });

  it('prints whole messages, which send takes again', async (test) => {
    const broker = await brokerWith(test);
    broker.publish('/queue/a', { colour: 'r:ed' }, Buffer.from([0, 255]));
    const { stdout } = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '1', '--json-lines']);
    const { header, body, encoding } = JSON.parse(stdout) as Record<string, unknown> & { header: object };
    assert.deepEqual([body, encoding], [Buffer.from([0, 255]).toString('base64'), 'base64']);
    assert.equal(Reflect.get(header, 'colour'), 'r:ed');
  });

  it('leaves everything at the broker with --no-ack', async (test) => {
    const broker = await brokerWith(test, 'one', 'two');
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '2', '--no-ack']);
    assert.deepEqual([ended.code, ended.stdout], [0, 'one\ntwo\n']);
    await eventually(() => broker.depth('/queue/a').ready === 2);
  });

  it('ends with 75 when fewer came than were asked for, and acknowledges those', async (test) => {
    const broker = await brokerWith(test, 'one');
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '2', '--timeout', '6']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.equal(ended.stdout, 'one\n');
    assert.match(ended.stderr, /receive\(broker \S+\): 1 of 2 messages came, then none for 6 s/);
    await eventually(() => broker.depth('/queue/a').unacknowledged === 0);
    assert.equal(broker.depth('/queue/a').ready, 0);
  });

  it('does not count the time that the broker took to confirm the subscription', async (test) => {
    const faults = [brokerDelaysReceipts({ delayMs: 1500 })];
    const broker = await InProcessBroker.start({ server: SERVER, faults });
    test.after(() => broker.stop());
    broker.publish('/queue/a', {}, 'one');
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--count', '1', '--timeout', '1']);
    assert.deepEqual([ended.code, ended.stdout], [0, 'one'], ended.stderr);
  });

  it('ends with 0 when nothing more comes and nothing was asked for', async (test) => {
    const broker = await brokerWith(test);
    const ended = await runStompctl(['receive', broker.uri, '/queue/a', '--timeout', '0.2']);
    const stderr = 'stompctl: no message came within 0.2 s\n';
    assert.deepEqual(ended, { code: 0, signal: null, stdout: '', stderr });
  });

  it('follows over the loss of its broker, until it is stopped', async (test) => {
    const broker = await brokerWith(test, 'one');
    const run = new StompctlProcess(['receive', broker.uri, '/queue/a', '--follow', '--reconnect-delay', '0.05']);
    test.after(() => run.stop('SIGKILL'));
    const taken = () => broker.depth('/queue/a').unacknowledged + broker.depth('/queue/a').ready === 0;
    await eventually(() => broker.received('/queue/a').acknowledged === 1);
    await broker.restart();
    broker.publish('/queue/a', { 'content-type': 'text/plain' }, 'two');
    await eventually(() => broker.received('/queue/a').acknowledged === 2 && taken());
    const { code, stdout } = await run.stop();
    assert.deepEqual([code, stdout], [0, 'one\ntwo\n']);
  });

  it('has the exit code of the signal when it is stopped before it is done', async (test) => {
    const broker = await brokerWith(test, 'one');
    const run = new StompctlProcess(['receive', broker.uri, '/queue/a', '--count', '2', '--timeout', '1000']);
    test.after(() => run.stop('SIGKILL'));
    await eventually(() => broker.received('/queue/a').acknowledged === 1);
    const { code, stdout, stderr } = await run.stop('SIGINT');
    assert.deepEqual([code, stdout, stderr], [130, 'one\n', '']);
  });

  it('ends at once when the login is refused, also with --follow', async (test) => {
    const broker = await InProcessBroker.start({ users: { me: 'right' } });
    test.after(() => broker.stop());
    const args = ['receive', broker.uri, '/queue/a', '--follow', '--user', 'me', '--pass-env', 'WRONG'];
    const ended = await runStompctl(args, { env: { WRONG: 'hush-hush' } });
    assert.equal(ended.code, 77, ended.stderr);
    assert.doesNotMatch(ended.stderr, /hush-hush/);
  });

  it('gives headers of the subscription on', async (test) => {
    const broker = await InProcessBroker.start({ server: SERVER, rememberFrames: 20 });
    test.after(() => broker.stop());
    const selector = "colour = 'red blue'";
    await runStompctl(['receive', broker.uri, '/queue/a', '--timeout', '0.2', '--header', `selector=${selector}`]);
    const [frame] = broker.seen('SUBSCRIBE');
    assert.deepEqual([frame?.header.destination, frame?.header.selector], ['/queue/a', selector]);
  });
});
