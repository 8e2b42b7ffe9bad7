import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { RealScene } from '../support/real-scene.js';
import { runStompctl } from '../support/stompctl-process.js';

const DEADLINE = { deadlineMs: 120_000 };

describe('what an AMQP broker refuses is told for what it is', () => {
  const broker = useBroker('rabbitmq');

  /** What `check --connect` says of a broker. */
  async function look(
    test: TestContext,
    uri: string,
    auth: string,
    protocol = 'amqp',
  ): Promise<{ code: number | null; stdout: string }> {
    const scene = await RealScene.set(test, broker());
    const config = scene.path('sender.conf');
    const queue = `incoming-queue = path=${scene.path('in')}\nloop = true\ntimeout-connect = 10\n`;
    const spoken = uri.startsWith('stomp') ? '' : `outgoing-broker-protocol = ${protocol}\n`;
    const login = auth === '' ? '' : `outgoing-broker-auth = ${auth}\n`;
    const text = `${queue}outgoing-broker-uri = ${uri}\n${login}${spoken}`;
    writeFileSync(config, text, { mode: 0o600 });
    return await runStompctl(['check', '--connect', config]);
  }
  const plain = ({ user, pass }: RealBroker) => `plain name=${user} pass=${pass}`;

  it('a login that is right', async (test) => {
    const { code, stdout } = await look(test, amqpUriOf(broker()), plain(broker()));
    assert.equal(code, 0, stdout);
    assert.match(stdout, /broker amqp:\S+: logged in at 127\.0\.0\.1:\d+ \(RabbitMQ\/[\d.]+, AMQP 0-9-1\)/);
  });

  it('a wrong password', async (test) => {
    const { code, stdout } = await look(test, amqpUriOf(broker()), `plain name=${broker().user} pass=wr0ng-pass`);
    assert.equal(code, 77, stdout);
    assert.match(stdout, /the broker refused the login: 403 ACCESS_REFUSED.*check user, password and virtual host/);
    assert.doesNotMatch(stdout, /wr0ng-pass/);
  });

  it('a virtual host that is not there', async (test) => {
    const { code, stdout } = await look(test, `${amqpUriOf(broker())}/nowhere`, plain(broker()));
    assert.equal(code, 77, stdout);
    assert.match(stdout, /the broker refused the login: 530 NOT_ALLOWED - vhost nowhere not found/);
  });

  it('an AMQP URI to the port of STOMP', async (test) => {
    const { code, stdout } = await look(test, broker().uri.replace('stomp:', 'amqp:'), plain(broker()));
    assert.ok(code === 75 || code === 69, stdout);
    assert.match(stdout, /is it an AMQP port \(5672\) and not one of STOMP|speaks STOMP on this port: use stomp:\/\//);
  });

  it('a STOMP URI to the port of AMQP', async (test) => {
    const { code, stdout } = await look(test, amqpUriOf(broker()).replace('amqp:', 'stomp:'), plain(broker()));
    assert.equal(code, 75, stdout);
    assert.match(stdout, /the server speaks AMQP on this port, not STOMP: use amqp:\/\//);
  });

  it('a certificate whose name is no user', async (test) => {
    const { amqpTlsUri } = broker();
    if (amqpTlsUri === undefined) return test.skip('this broker is not set up for AMQP over TLS');
    const auth = `x509 cert=${tlsFile('client.pem')} key=${tlsFile('client-encrypted.key')} pass=secret ca=${tlsFile('ca.pem')}`;
    const { code, stdout } = await look(test, amqpTlsUri, auth);
    // EXTERNAL is asked for: the broker looks the name of the certificate up
    assert.equal(code, 77, stdout);
    assert.match(stdout, /refused the login: 403 ACCESS_REFUSED.*EXTERNAL/);
  });

  it('over AMQP 1.0, a login that is right', async (test) => {
    const { code, stdout } = await look(test, amqpUriOf(broker()), plain(broker()), 'amqp1');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /logged in at 127\.0\.0\.1:\d+ \(RabbitMQ\/[\d.]+, AMQP 1\.0\)/);
  });

  it('over AMQP 1.0, a wrong password', async (test) => {
    const auth = `plain name=${broker().user} pass=wr0ng-pass`;
    const { code, stdout } = await look(test, amqpUriOf(broker()), auth, 'amqp1');
    assert.equal(code, 77, stdout);
    assert.match(stdout, /the broker refused the login: .*check user, password and virtual host/);
    assert.doesNotMatch(stdout, /wr0ng-pass/);
  });

  it('over AMQP 1.0, no login', async (test) => {
    const { code, stdout } = await look(test, amqpUriOf(broker()), '', 'amqp1');
    // its user for those, guest, is not there: it asks for a login and breaks the connection off, and either is seen first
    assert.ok(code === 77 || code === 75, stdout);
    assert.match(stdout, /the broker wants a login|does the broker let in who gives no login \(auth\)\?/);
  });

  it('over AMQP 1.0, a virtual host that is not there', async (test) => {
    const { code, stdout } = await look(test, `${amqpUriOf(broker())}/nowhere`, plain(broker()), 'amqp1');
    assert.notEqual(code, 0, stdout);
    assert.match(stdout, /nowhere|check user, password and virtual host|see its log/);
  });

  it('over AMQP 1.0, a certificate whose name is no user', async (test) => {
    const { amqpTlsUri } = broker();
    if (amqpTlsUri === undefined) return test.skip('this broker is not set up for AMQP over TLS');
    const auth = `x509 cert=${tlsFile('client.pem')} key=${tlsFile('client-encrypted.key')} pass=secret ca=${tlsFile('ca.pem')}`;
    const { code, stdout } = await look(test, amqpTlsUri, auth, 'amqp1');
    assert.equal(code, 77, stdout);
    assert.match(stdout, /refused the login/);
  });

  it('over AMQP 1.0, the port of STOMP', async (test) => {
    const { code, stdout } = await look(test, broker().uri.replace('stomp:', 'amqp:'), plain(broker()), 'amqp1');
    assert.ok(code === 75 || code === 69, stdout);
    assert.match(stdout, /is it an AMQP port \(5672\) and not one of STOMP|speaks STOMP on this port: use stomp:\/\//);
  });

  it('over AMQP 1.0, a subscription for which RabbitMQ would leave a queue behind', async (test) => {
    const scene = await RealScene.set(test, broker());
    const args = ['--incoming-broker-protocol', 'amqp1', '--subscribe', 'destination=/topic/a.b'];
    const { code, stderr } = await scene.startReceiver(amqpUriOf(broker()), ...args).ended();
    assert.equal(code, 78, stderr);
    assert.match(stderr, /RabbitMQ 3 would leave a queue behind at each connection/);
  });

  for (const [what, header, reason] of [
    ['an exchange that is not there', { destination: '/exchange/nowhere/key' }, /no exchange 'nowhere'/],
    ['the name of another user', { 'user-id': 'somebody' }, /user_id property set to 'somebody'/],
    ['a name that is not ASCII', { destination: '/queue/žluť' }, /ASCII only/],
  ] as const) {
    it(`over AMQP 1.0, ${what} is the fault of its message alone`, async (test) => {
      const scene = await RealScene.set(test, broker());
      scene.produce(2);
      scene.produce(1, header);
      scene.produce(4);
      const limits = ['--failure-queue', `path=${scene.path('failed')}`, '--max-attempts', '2'];
      const sender = scene.startSender(amqpUriOf(broker()), '--outgoing-broker-protocol', 'amqp1', ...limits);
      const load = setInterval(() => scene.produce(1), 50);
      test.after(() => clearInterval(load));
      await eventually(() => scene.elements('failed') > 0, { ...DEADLINE, what: `it is rejected; ${sender.stderr}` });
      clearInterval(load);
      await eventually(() => scene.elements('in') === 0, { ...DEADLINE, what: 'the others are sent' });
      await sender.stop();
      assert.deepEqual(scene.numbers('failed'), [2]);
      assert.match(JSON.stringify(scene.messages('failed')[0]?.header), reason);
    });
  }

  it('a message that no queue takes goes to the failure queue, and the others on', async (test) => {
    const scene = await RealScene.set(test, broker());
    const nowhere = `/exchange/amq.direct/nowhere-${randomUUID()}`;
    scene.produce(2);
    scene.produce(1, { destination: nowhere });
    scene.produce(2);
    const sender = scene.startSender(amqpUriOf(broker()), '--failure-queue', `path=${scene.path('failed')}`);
    await eventually(() => scene.elements('in') === 0, { ...DEADLINE, what: `all is sent; ${sender.stderr}` });
    await sender.stop();
    assert.deepEqual(scene.numbers('failed'), [2]);
    const [{ header = {} } = {}] = scene.messages('failed');
    assert.match(JSON.stringify(header), /no queue bound to exchange.*MESSAGE_UNROUTABLE/);
  });

  for (const [what, header, reason] of [
    [
      'an exchange that is not there',
      { destination: '/exchange/nowhere/key' },
      /404 NOT_FOUND - no exchange 'nowhere'/,
    ],
    [
      'an exchange of another type',
      { destination: 'exchange="name=amq-is-not-ours type=fanout" queue="name=x" routing_key=k' },
      /406 PRECONDITION_FAILED/,
    ],
    ['a header name of 300 bytes', { [`x-${'n'.repeat(300)}`]: '1' }, /AMQP has room for 255/],
    ['headers of 70,000 bytes', { 'x-long': 'v'.repeat(70_000) }, /more than 65536/],
    ['a priority that is no number', { priority: 'high' }, /the header priority is not a whole number/],
    ['the name of another user', { 'user-id': 'somebody' }, /406 PRECONDITION_FAILED/],
  ] as const) {
    it(`${what} is the fault of its message alone`, async (test) => {
      const scene = await RealScene.set(test, broker());
      if (what === 'an exchange of another type') {
        scene.produce(1, { destination: 'exchange="name=amq-is-not-ours type=direct" queue="name=x" routing_key=k' });
      }
      scene.produce(2);
      const poison = scene.produced;
      scene.produce(1, header);
      scene.produce(4);
      const sender = scene.startSender(
        amqpUriOf(broker()),
        ...['--failure-queue', `path=${scene.path('failed')}`, '--max-attempts', '2'],
      );
      // a broker that refuses and accepts nothing else meanwhile may be at fault: there is always something else
      const load = setInterval(() => scene.produce(1), 50);
      test.after(() => clearInterval(load));
      await eventually(() => scene.elements('failed') > 0, { ...DEADLINE, what: `it is rejected; ${sender.stderr}` });
      clearInterval(load);
      await eventually(() => scene.elements('in') === 0, { ...DEADLINE, what: 'the others are sent' });
      await sender.stop();
      assert.deepEqual(scene.numbers('failed'), [poison]);
      assert.match(JSON.stringify(scene.messages('failed')[0]?.header), reason);
    });
  }
});
