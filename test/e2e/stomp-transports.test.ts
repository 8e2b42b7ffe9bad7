import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { authority, certificate, tlsFile } from '../support/certificates.js';
import { elementPaths, produce, sampleMessages } from '../support/sample-messages.js';
import { startedBroker } from '../support/started-broker.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = 20;

/** A queue with messages, and a run that sends them all with the broker options given. */
async function send(test: TestContext, options: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const folder = await tempFolder(test);
  const header = { destination: '/queue/q' };
  produce(
    join(folder, 'in'),
    [...sampleMessages(MESSAGES, 7)].map((each) => ({ ...each, header: { ...each.header, ...header } })),
  );
  const config = join(folder, 'sender.conf');
  const lines = [
    `incoming-queue = path=${folder}/in`,
    'remove = true',
    'reconnect-attempts = 3',
    'reconnect-delay = 0.01',
    ...options,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return { folder, ended: await runStompctl(['--config', config], { env }) };
}

const SECURE: BrokerOptions = {
  tls: { ...certificate('server'), requestCert: true, rejectUnauthorized: true, ca: [authority()] },
};
const X509 = `outgoing-broker-auth = x509 cert=${tlsFile('client.pem')} key=${tlsFile('client-encrypted.key')} pass=secret ca=${tlsFile('ca.pem')}`;

describe('stompctl', () => {
  for (const [name, options, lines] of [
    [
      'TLS, both sides with a certificate',
      SECURE,
      (port: number) => [`outgoing-broker-uri = stomp+ssl://localhost:${port}`, X509],
    ],
    [
      'TLS because of a certificate',
      SECURE,
      (port: number) => [`outgoing-broker-uri = stomp://localhost:${port}`, X509],
    ],
    [
      'TLS, with a login and the CA of the broker alone',
      { tls: certificate('server'), users: { me: 'pw' } },
      (port: number) => [
        `outgoing-broker-uri = stomp+ssl://localhost:${port}`,
        'outgoing-broker-auth = plain name=me pass=pw',
        `outgoing-broker-auth = x509 ca=${tlsFile('ca.pem')}`,
      ],
    ],
    ['WebSocket', { webSocket: true }, (port: number) => [`outgoing-broker-uri = ws://localhost:${port}/ws`]],
    [
      'WebSocket over TLS, with socket options',
      { webSocket: true, tls: certificate('server') },
      (port: number) => [
        `outgoing-broker-uri = wss://localhost:${port}/ws`,
        `outgoing-broker-sockopts = SSL_ca_file=${tlsFile('ca.pem')} SSL_version=TLSv1_3 LocalAddr=127.0.0.1`,
      ],
    ],
    [
      'the broker of a list that is up',
      {},
      (port: number) => [
        `outgoing-broker-uri = failover:(stomp://127.0.0.2:${port},stomp://127.0.0.1:${port})?randomize=false`,
      ],
    ],
  ] as const) {
    it(`sends over ${name}`, async (test) => {
      const broker = await startedBroker(test, options);
      const { folder, ended } = await send(test, lines(broker.port));
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(broker.depth('/queue/q').ready, MESSAGES);
      assert.deepEqual(elementPaths(join(folder, 'in')), []);
    });
  }

  it('takes certificate, key and CA of x509 from the environment', async (test) => {
    const broker = await startedBroker(test, SECURE);
    const auths = ['x509', 'x509 pass=secret', '<outgoing-broker-auth>\nscheme = x509\n</outgoing-broker-auth>'];
    for (const [index, auth] of auths.entries()) {
      const line = auth.startsWith('<') ? auth : `outgoing-broker-auth = ${auth}`;
      const env = {
        X509_USER_CERT: tlsFile('client.pem'),
        X509_USER_KEY: tlsFile(auth.includes('pass') ? 'client-encrypted.key' : 'client.key'),
        X509_CERT_DIR: dirname(tlsFile('ca.pem')),
      };
      const { ended } = await send(test, [`outgoing-broker-uri = stomp://localhost:${broker.port}`, line], env);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(broker.depth('/queue/q').ready, MESSAGES * (index + 1), auth);
    }
  });

  it('sends nothing to a broker whose certificate nobody vouches for', async (test) => {
    const broker = await startedBroker(test, { tls: certificate('server') });
    const { ended } = await send(test, [`outgoing-broker-uri = stomp+ssl://localhost:${broker.port}`]);
    assert.equal(ended.code, 75);
    assert.match(
      ended.stderr,
      /signed by no CA that is trusted here; give its CA as ca of an x509 credential, beside the login/,
    );
    assert.equal(broker.depth('/queue/q').ready, 0);
  });

  it('refuses a socket option that it does not know', async (test) => {
    const { ended } = await send(test, [
      'outgoing-broker-uri = stomp://localhost:1',
      'outgoing-broker-sockopts = SSL_no=1',
    ]);
    assert.equal(ended.code, 78);
    assert.match(ended.stderr, /outgoing-broker-sockopts: .*SSL_no/);
  });

  for (const [choice, counted] of [
    ['never', false],
    ['always', true],
  ] as const) {
    it(`writes content-length of text ${choice}`, async (test) => {
      const broker = await startedBroker(test, { server: 'ActiveMQ/5.17.2', rememberFrames: 100 });
      const uri = `outgoing-broker-uri = stomp://127.0.0.1:${broker.port}`;
      const { ended } = await send(test, [uri, `outgoing-broker-content-length = ${choice}`]);
      assert.equal(ended.code, 0, ended.stderr);
      const texts = broker.seen('SEND').filter(({ header }) => /^text\/\w+$/.test(header['content-type'] ?? ''));
      assert.ok(texts.length > 0);
      if (counted) assert.ok(texts.some(({ header }) => header['content-length'] !== undefined));
      else assert.ok(texts.some(({ header }) => header['content-length'] === undefined));
    });
  }
});
