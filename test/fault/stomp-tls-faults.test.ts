import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TlsOptions as ServerTlsOptions } from 'node:tls';
import { StompSession } from '../../src/stomp/session.js';
import { readTlsFiles } from '../../src/stomp/transport/tls-files.js';
import type { TlsOptions } from '../../src/stomp/transport/transport.js';
import { authority, certificate, tlsFile } from '../support/certificates.js';
import { startedBroker } from '../support/started-broker.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const CA: TlsOptions = { ca: [authority()] };

async function secured(
  test: Cleaning,
  server: ServerTlsOptions,
  tls: TlsOptions,
  host = 'localhost',
): Promise<StompSession> {
  const broker = await startedBroker(test, { tls: server });
  const endpoint = { transport: 'tls', host, port: broker.port } as const;
  const session = await StompSession.connect({ endpoint, tls, connectTimeoutMs: 5000 });
  test.after(async () => session.abort('end of the test'));
  return session;
}

/** One clear line, and no stack of OpenSSL in it. */
function failsWith(opening: Promise<unknown>, message: RegExp, code = 'TLS_FAILED'): Promise<void> {
  return assert.rejects(opening, (error: Error & { code?: string }) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n|:error:/);
    return true;
  });
}

const WANTS_CLIENT: ServerTlsOptions = {
  ...certificate('server'),
  requestCert: true,
  rejectUnauthorized: true,
  ca: [authority()],
};

describe('a StompSession over TLS', () => {
  for (const host of ['localhost', '127.0.0.1']) {
    it(`trusts a certificate for ${host} that a given CA signed`, async (test) => {
      const session = await secured(test, certificate('server'), CA, host);
      assert.equal(session.certificateExpiry?.getUTCFullYear(), 2100);
      await session.send({ destination: '/queue/a' });
    });
  }

  it('is refused by default when the CA is not known', async (test) => {
    await failsWith(secured(test, certificate('server'), {}), /signed by no CA that is trusted here; give its CA/);
  });

  it('is refused when another CA is given', async (test) => {
    await failsWith(secured(test, certificate('server'), { ca: [authority('other-ca')] }), /signed by no CA/);
  });

  it('is refused when the certificate has expired', async (test) => {
    await failsWith(secured(test, certificate('expired'), CA), /has expired/);
  });

  it('is refused when the certificate is for another host', async (test) => {
    await failsWith(secured(test, certificate('other-host'), CA), /for another host/);
  });

  it('takes the certificate of another host when told its name, or to take any', async (test) => {
    await secured(test, certificate('other-host'), { ...CA, verifyName: 'other.example' });
    await secured(test, certificate('other-host'), { ...CA, verifyName: false });
    await secured(test, certificate('expired'), { verify: false });
  });

  it('says when the broker wants a client certificate', async (test) => {
    await failsWith(secured(test, WANTS_CLIENT, CA), /asks for a client certificate; give one/);
    await failsWith(secured(test, { ...WANTS_CLIENT, maxVersion: 'TLSv1.2' }, CA), /client certificate/);
  });

  it('shows a client certificate, its key encrypted', async (test) => {
    const files = {
      cert: tlsFile('client.pem'),
      key: tlsFile('client-encrypted.key'),
      ca: tlsFile('ca.pem'),
      pass: 'secret',
    };
    await secured(test, WANTS_CLIENT, await readTlsFiles(files));
  });

  it('says that the password of a key is wrong, not what it is', async (test) => {
    const files = {
      cert: tlsFile('client.pem'),
      key: tlsFile('client-encrypted.key'),
      ca: tlsFile('ca.pem'),
      pass: 'wr0ng',
    };
    const opening = readTlsFiles(files).then((tls) => secured(test, WANTS_CLIENT, tls));
    await failsWith(opening, /check cert, key and pass/, 'CREDENTIAL_INVALID');
    await assert.rejects(opening, (error: Error) => !error.message.includes('wr0ng'));
  });

  it('says that key and certificate do not belong together', async (test) => {
    const files = { cert: tlsFile('client.pem'), key: tlsFile('server.key'), ca: tlsFile('ca.pem'), pass: undefined };
    const opening = readTlsFiles(files).then((tls) => secured(test, WANTS_CLIENT, tls));
    await failsWith(opening, /check cert, key and pass/, 'CREDENTIAL_INVALID');
  });

  it('says that the port does not speak TLS', async (test) => {
    const broker = await startedBroker(test);
    const endpoint = { transport: 'tls', host: 'localhost', port: broker.port } as const;
    await failsWith(StompSession.connect({ endpoint, tls: CA }), /TLS on this port/);
  });

  it('says that no version is common', async (test) => {
    const server = { ...certificate('server'), maxVersion: 'TLSv1.2' } as const;
    await failsWith(secured(test, server, { ...CA, minVersion: 'TLSv1.3' }), /no TLS version in common/);
  });

  it('gives up a handshake that is not answered', async (test) => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    test.after(() => silent.close());
    const { port } = silent.address() as { port: number };
    const endpoint = { transport: 'tls', host: '127.0.0.1', port } as const;
    const opening = StompSession.connect({ endpoint, tls: CA, connectTimeoutMs: 50 });
    await failsWith(opening, /no TLS handshake within 0\.05 s/, 'CONNECT_TIMEOUT');
  });
});

describe('readTlsFiles', () => {
  it('reads CAs from a folder, whatever else is in it', async (test) => {
    const folder = await tempFolder(test);
    await copyFile(tlsFile('ca.pem'), join(folder, 'abcd.0'));
    await writeFile(join(folder, 'README'), 'nothing here');
    const tls = await readTlsFiles(undefined, { SSL_ca_path: folder });
    await secured(test, certificate('server'), tls);
  });

  it('reads certificate and key from PKCS#12', async (test) => {
    const files = { cert: tlsFile('client.p12'), key: undefined, ca: tlsFile('ca.pem'), pass: 'secret' };
    await secured(test, WANTS_CLIENT, await readTlsFiles(files));
    const wrong = readTlsFiles({ ...files, pass: 'wrong' }).then((tls) => secured(test, WANTS_CLIENT, tls));
    await failsWith(wrong, /check cert, key and pass/, 'CREDENTIAL_INVALID');
  });

  it('trusts what the system trusts when no CA is given', async () => {
    const { ca } = await readTlsFiles(undefined);
    assert.ok((ca?.length ?? 0) > 50);
  });

  for (const [name, files, code] of [
    ['a missing certificate', { cert: '/no/such.pem' }, 'CREDENTIAL_UNREADABLE'],
    ['a missing key', { key: '/no/such.key' }, 'CREDENTIAL_UNREADABLE'],
    ['a missing CA', { ca: '/no/such-ca' }, 'CREDENTIAL_UNREADABLE'],
    ['a CA without certificate', { ca: tlsFile('make.sh') }, 'CREDENTIAL_INVALID'],
  ] as const) {
    it(`names ${name}`, async () => {
      const all = { cert: tlsFile('client.pem'), key: tlsFile('client.key'), ca: undefined, pass: undefined, ...files };
      await assert.rejects(readTlsFiles(all), { code, message: /\/no\/such|make\.sh/ });
    });
  }
});
