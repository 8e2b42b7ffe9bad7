import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from '../../src/stomp/codec/frame.js';
import { StompSession } from '../../src/stomp/session.js';
import { readTlsFiles } from '../../src/stomp/transport/tls-files.js';
import { tlsFile } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { useBroker } from '../support/real-brokers.js';

describe('StompSession over TLS on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  async function connect(certificate: boolean): Promise<StompSession> {
    const { cert, key, passphrase, ...trust } = await readTlsFiles({
      cert: tlsFile('client.pem'),
      key: tlsFile('client-encrypted.key'),
      ca: tlsFile('ca.pem'),
      pass: 'secret',
    });
    assert.ok(cert !== undefined && key !== undefined && passphrase !== undefined);
    const { tlsUri, user, pass } = broker();
    assert.ok(tlsUri !== undefined, 'name the address of an external broker in STOMPCTL_TEST_RABBITMQ_TLS');
    const { hostname, port } = new URL(tlsUri);
    return StompSession.connect({
      endpoint: { transport: 'tls', host: hostname, port: Number(port) },
      tls: certificate ? { ...trust, cert, key, passphrase } : trust,
      login: user,
      passcode: pass,
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
