import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSocketOptions, parseTlsSockopts } from '../../src/stomp/transport/socket-options.js';

const TLS_CASES: ReadonlyArray<{ readonly given: Record<string, string>; readonly means: Record<string, unknown> }> = [
  { given: {}, means: {} },
  { given: { SSL_verify_mode: '0' }, means: { verify: false } },
  { given: { SSL_verify_mode: 'SSL_VERIFY_NONE' }, means: { verify: false } },
  { given: { SSL_verify_mode: '1' }, means: { verify: true } },
  { given: { SSL_verify_mode: '3' }, means: { verify: true } },
  { given: { SSL_version: 'TLSv1_2' }, means: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } },
  { given: { SSL_version: 'TLSv12' }, means: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } },
  { given: { SSL_version: 'TLSv1_3' }, means: { minVersion: 'TLSv1.3' } },
  { given: { SSL_version: 'TLSv1' }, means: { minVersion: 'TLSv1', maxVersion: 'TLSv1' } },
  { given: { SSL_version: 'SSLv23:!SSLv3:!SSLv2' }, means: {} },
  { given: { SSL_version: 'SSLv23:!TLSv1:!TLSv1_1:!TLSv1_2' }, means: { minVersion: 'TLSv1.3' } },
  { given: { SSL_version: 'TLSv12:TLSv13' }, means: { minVersion: 'TLSv1.2' } },
  { given: { SSL_cipher_list: 'HIGH' }, means: { ciphers: 'HIGH' } },
  { given: { SSL_hostname: 'sni.example' }, means: { serverName: 'sni.example' } },
  { given: { SSL_verifycn_name: 'cn.example' }, means: { verifyName: 'cn.example' } },
  { given: { SSL_verifycn_scheme: 'none', SSL_verifycn_name: 'cn.example' }, means: { verifyName: false } },
  { given: { SSL_use_cert: '1' }, means: {} },
];

describe('parseTlsSockopts', () => {
  for (const { given, means } of TLS_CASES) {
    it(`understands ${JSON.stringify(given)}`, () => assert.deepEqual(parseTlsSockopts(given).options, means));
  }

  it('tells the files apart', () => {
    const { cert, key, pass, ca } = parseTlsSockopts({
      SSL_cert_file: 'c',
      SSL_key_file: 'k',
      SSL_passwd: 'p',
      SSL_ca_file: 'f',
      SSL_ca_path: 'd',
    });
    assert.deepEqual({ cert, key, pass, ca }, { cert: 'c', key: 'k', pass: 'p', ca: ['f', 'd'] });
  });

  for (const given of [
    { SSL_verify_mod: '0' },
    { SSL_verify_mode: 'no' },
    { SSL_version: 'TLSv9' },
    { SSL_version: '!TLSv1_2:TLSv1_2' },
  ]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => parseTlsSockopts(given as Record<string, string>), {
        code: 'CONFIG_INVALID',
        message: new RegExp(Object.keys(given)[0] ?? ''),
      });
    });
  }
});

describe('parseSocketOptions', () => {
  it('understands the options of IO::Socket', () => {
    const given = {
      LocalAddr: '127.0.0.1',
      LocalPort: '0',
      Family: 'AF_INET6',
      KeepAlive: '5',
      NoDelay: '0',
      SSL_version: 'x',
    };
    assert.deepEqual(parseSocketOptions(given), {
      localAddress: '127.0.0.1',
      localPort: 0,
      family: 6,
      keepAliveMs: 5000,
      noDelay: false,
    });
  });

  for (const given of [
    { LocalAddr: 'name' },
    { LocalPort: '70000' },
    { Domain: '5' },
    { NoDelay: 'x' },
    { PeerAddr: 'x' },
  ]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => parseSocketOptions(given as Record<string, string>), { code: 'CONFIG_INVALID' });
    });
  }
});
