import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { authority, tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, numbered, Scene } from '../support/scene.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tlsFront } from '../support/tls-front.js';

/** A sender over TLS whose certificate, key and CA are files that a test may replace; the broker wants a certificate. */
async function sender(test: TestContext) {
  const scene = await Scene.set(test);
  const front = await tlsFront(test, scene.broker.port, {
    requestCert: true,
    rejectUnauthorized: true,
    ca: [authority()],
  });
  const files = { cert: scene.path('our.pem'), key: scene.path('our.key'), ca: scene.path('ca.pem') };
  const show = (name: 'client' | 'server' | 'expired') => {
    copyFileSync(tlsFile(`${name}.pem`), files.cert);
    copyFileSync(tlsFile(`${name}.key`), files.key);
  };
  show('client');
  copyFileSync(tlsFile('ca.pem'), files.ca);
  const config = scene.path('sender.conf');
  writeFileSync(
    config,
    `incoming-queue = path=${scene.path('in')}\nremove = true\nloop = true\npidfile = ${scene.path('pid')}\n` +
      `outgoing-broker-uri = stomp+ssl://localhost:${front.port}\nreconnect-delay = 0.02\nreconnect-max-delay = 0.1\n` +
      `outgoing-broker-auth = x509 cert=${files.cert} key=${files.key} ca=${files.ca}\n`,
  );
  const run = scene.start(['--config', config]);
  await eventually(() => run.log('session-open').length === 1);
  let sent = 0;
  return {
    run,
    broker: scene.broker,
    front,
    files,
    show,
    reload: () => runStompctl(['reload', config]),
    status: () => runStompctl(['status', config]),
    sessions: () => run.log('session-open').length,
    /** puts one message into the queue; it arrives */
    async moves() {
      produce(scene.path('in'), numbered(1, { destination: DESTINATION }, sent));
      sent += 1;
      await eventually(() => scene.broker.depth(DESTINATION).ready === sent);
    },
  };
}

const OPENED = /: the sink is opened anew, for its password or certificate has changed\n$/;

type Sender = Awaited<ReturnType<typeof sender>>;
const half = (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 200));

describe('a certificate that was replaced on disk', () => {
  it('is shown to the broker after a reload, and not before; one that is as it was makes no new session', async (test) => {
    const { run, front, show, reload, sessions, moves } = await sender(test);
    await moves();
    assert.deepEqual(front.clients, ['client']);
    show('server');
    await moves();
    assert.deepEqual(front.clients, ['client']);
    const { code, stdout } = await reload();
    assert.match(stdout, OPENED);
    assert.equal(code, 0);
    await eventually(() => sessions() === 2);
    await moves();
    assert.deepEqual(front.clients, ['client', 'localhost']);
    assert.match((await reload()).stdout, /: nothing has changed\n$/);
    assert.equal(sessions(), 2);
    assert.equal((await run.stop()).code, 0);
  });

  it('is shown after HUP', async (test) => {
    const { run, front, show, moves } = await sender(test);
    show('server');
    run.signal('SIGHUP');
    await eventually(() => front.clients.length === 2);
    assert.equal(front.clients[1], 'localhost');
    await moves();
  });

  it('and that the broker does not take, is waited for as at a start, and the next one is taken', async (test) => {
    const { run, show, reload, sessions, moves } = await sender(test);
    show('expired');
    assert.match((await reload()).stdout, OPENED);
    // how the refusal of a certificate is heard of depends on the version of TLS
    await eventually(() => run.log('open-retry').length >= 3);
    assert.equal(sessions(), 1);
    show('server');
    await eventually(() => sessions() === 2);
    await moves();
  });

  it('and is not whole while the broker comes back is waited for', async (test) => {
    const { run, broker, show, files, sessions, moves } = await sender(test);
    half(files.cert);
    broker.killConnections();
    await eventually(() => run.log('open-retry').some(({ code }) => code === 'CREDENTIAL_INVALID'));
    show('client');
    await eventually(() => sessions() === 2);
    await moves();
    assert.equal((await run.stop()).code, 0);
  });

  it('of the CA counts after a reload: a broker that it did not sign is not spoken to any more', async (test) => {
    const { run, files, reload, sessions, moves } = await sender(test);
    copyFileSync(tlsFile('other-ca.pem'), files.ca);
    await moves();
    assert.match((await reload()).stdout, OPENED);
    await eventually(() =>
      run.log('open-retry').some(({ msg }) => /signed by no CA that is trusted/.test(String(msg))),
    );
    writeFileSync(files.ca, Buffer.concat([authority('other-ca'), authority()]));
    await eventually(() => sessions() === 2);
    await moves();
  });

  const broken: readonly (readonly [what: string, spoil: (of: Sender) => void, said: RegExp])[] = [
    ['a certificate of which half is written', ({ files }) => half(files.cert), /check cert, key and pass/],
    [
      'a certificate that does not fit its key',
      ({ files }) => copyFileSync(tlsFile('server.pem'), files.cert),
      /check cert, key and pass/,
    ],
    ['a key of which half is written', ({ files }) => half(files.key), /check cert, key and pass/],
    [
      'a key that is encrypted, without a password',
      ({ files }) => copyFileSync(tlsFile('client-encrypted.key'), files.key),
      /check cert, key and pass/,
    ],
    ['a certificate that is gone', ({ files }) => rmSync(files.cert), /our\.pem\): cannot be read: ENOENT/],
    ['a CA of which half is written', ({ files }) => half(files.ca), /no whole certificate.*check ca/],
    ['a CA that is none', ({ files }) => writeFileSync(files.ca, 'x'), /no certificate in PEM form there; check ca/],
    ['a CA that is gone', ({ files }) => rmSync(files.ca), /ca\.pem\): cannot be read: ENOENT/],
  ];
  for (const [what, spoil, said] of broken) {
    it(`refuses the reload when it is broken, and the old session goes on: ${what}`, async (test) => {
      const of = await sender(test);
      const { run, front, files, show, reload, status, sessions, moves } = of;
      spoil(of);
      const { code, stderr } = await reload();
      assert.match(stderr, /^stompctl: reload\(.*\): the old configuration goes on: /);
      assert.match(stderr, said);
      assert.equal(code, 78);
      assert.match((await status()).stdout, /the last reload was refused, the old configuration goes on: /);
      await moves();
      assert.deepEqual([sessions(), front.clients], [1, ['client']]);
      show('server');
      copyFileSync(tlsFile('ca.pem'), files.ca);
      assert.match((await reload()).stdout, OPENED);
      await eventually(() => sessions() === 2);
      await moves();
      assert.equal((await run.stop()).code, 0);
    });
  }
});
