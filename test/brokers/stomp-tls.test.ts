import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Frame } from '../../src/stomp/frame.js';
import { StompSession } from '../../src/stomp/session.js';
import { readTlsFiles } from '../../src/stomp/tls-files.js';
import { tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { type RealBroker, startRabbitmq } from '../support/real-brokers.js';

const text = (name: string) => readFileSync(tlsFile(name), 'utf8');

describe('StompSession over TLS on RabbitMQ', () => {
  let broker: RealBroker;
  let port: number;

  before(async () => {
    port = await freePort();
    broker = await startRabbitmq({
      tls: { port, ca: text('ca.pem'), cert: text('server.pem'), key: text('server.key') },
    });
  });
  after(() => broker.stop());

  async function connect(certificate: boolean): Promise<StompSession> {
    const { cert, key, passphrase, ...trust } = await readTlsFiles({
      cert: tlsFile('client.pem'),
      key: tlsFile('client-encrypted.key'),
      ca: tlsFile('ca.pem'),
      pass: 'secret',
    });
    assert.ok(cert !== undefined && key !== undefined && passphrase !== undefined);
    return StompSession.connect({
      endpoint: { transport: 'tls', host: 'localhost', port },
      tls: certificate ? { ...trust, cert, key, passphrase } : trust,
      login: broker.user,
      passcode: broker.pass,
    });
  }

  it('carries messages both ways, with a certificate', async () => {
    const session = await connect(true);
    const frames: Frame[] = [];
    const body = Buffer.alloc(3_000_000, 'abc\0');
    await session.listen({ destination: '/queue/tls' }, (frame) => frames.push(frame));
    await session.send({ destination: '/queue/tls' }, body, { persistent: true });
    const frame = await eventually(() => frames[0]);
    assert.ok(frame.body.equals(body));
    session.ack(frame);
    await session.close();
  });

  it('says that a certificate is wanted', async () => {
    await assert.rejects(connect(false), { code: 'TLS_FAILED', message: /client certificate/ });
  });
});
