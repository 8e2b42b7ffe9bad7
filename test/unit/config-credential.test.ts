import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { resolveCredentials } from '../../src/config/credential.js';
import type { CredentialSettings } from '../../src/config/settings.js';
import { tempFolder } from '../support/temp-folder.js';

function plain(fields: Record<string, string>): CredentialSettings {
  return { scheme: 'plain', fields: { name: 'system', ...fields } };
}

describe('a credential', () => {
  it('is nothing when there is none', async () => {
    assert.deepEqual(await resolveCredentials([], {}), {});
    assert.deepEqual(await resolveCredentials([{ scheme: 'none', fields: {} }], {}), {});
  });

  it('holds its password', async () => {
    assert.deepEqual(await resolveCredentials([plain({ pass: 'a b' })], {}), { login: 'system', passcode: 'a b' });
  });

  it('names a variable with its password', async () => {
    const credentials = [plain({ 'pass-env': 'SECRET' })];
    assert.equal((await resolveCredentials(credentials, { SECRET: 's3cret' })).passcode, 's3cret');
    assert.equal((await resolveCredentials(credentials, { SECRET: 'other' })).passcode, 'other');
  });

  it('names a file with its password, read anew each time, without its last line end', async (t) => {
    const path = join(await tempFolder(t), 'password');
    const credentials = [plain({ 'pass-file': path })];
    for (const [content, password] of [
      ['s3cret\n', 's3cret'],
      ['s3cret\r\n', 's3cret'],
      ['s3cret', 's3cret'],
      [' with blanks ', ' with blanks '],
      ['', ''],
    ] as const) {
      await writeFile(path, content, { mode: 0o600 });
      assert.equal((await resolveCredentials(credentials, {})).passcode, password);
    }
  });

  it('names a credential of systemd', async (t) => {
    const folder = await tempFolder(t);
    await writeFile(join(folder, 'broker'), 's3cret\n', { mode: 0o400 });
    const credentials = [plain({ 'pass-credential': 'broker' })];
    assert.equal((await resolveCredentials(credentials, { CREDENTIALS_DIRECTORY: folder })).passcode, 's3cret');
  });

  it('x509 takes from the environment what it does not say', async () => {
    const env = { X509_USER_CERT: '/ec', X509_USER_KEY: '/ek', X509_CERT_DIR: '/ed', X509_CERT_FILE: '/ef' };
    const resolved = async (fields: Record<string, string>, variables: Record<string, string> = env) =>
      (await resolveCredentials([{ scheme: 'x509', fields }], variables)).x509;
    const nothing = { cert: undefined, key: undefined, ca: [], pass: undefined };
    assert.deepEqual(await resolved({}), { cert: '/ec', key: '/ek', ca: ['/ed', '/ef'], pass: undefined });
    assert.deepEqual(await resolved({ ca: '/ca' }, {}), { ...nothing, ca: ['/ca'] });
    assert.deepEqual(await resolved({ cert: '/c', key: '/k', ca: '/ca', ca_file: '/f' }), {
      cert: '/c',
      key: '/k',
      ca: ['/ca', '/f'],
      pass: undefined,
    });
    assert.deepEqual(await resolved({}, {}), nothing);
    assert.equal(
      (await resolveCredentials([plain({ pass: 'x' })], env)).x509,
      undefined,
      'only where x509 is asked for',
    );
  });

  it('may be a certificate beside a password', async () => {
    const x509: CredentialSettings = { scheme: 'x509', fields: { cert: '/c', key: '/k', ca: '/ca', 'pass-env': 'P' } };
    assert.deepEqual(await resolveCredentials([plain({ pass: 'x' }), x509], { P: 's3cret' }), {
      login: 'system',
      passcode: 'x',
      x509: { cert: '/c', key: '/k', ca: ['/ca'], pass: 's3cret' },
    });
  });

  it('warns when everybody may read its file, and only then', async (t) => {
    const path = join(await tempFolder(t), 'password');
    await writeFile(path, 's3cret\n');
    const warnings: string[] = [];
    for (const mode of [0o644, 0o640, 0o600]) {
      await chmod(path, mode);
      await resolveCredentials([plain({ 'pass-file': path })], {}, (text) => warnings.push(text));
    }
    assert.deepEqual(warnings, [`the password file ${path} can be read by everybody: chmod o-rwx it`]);
  });
});

describe('a credential that cannot be had', () => {
  const CASES: readonly [
    name: string,
    fields: Record<string, string>,
    env: Record<string, string>,
    code: string,
    message: RegExp,
  ][] = [
    [
      'a missing variable',
      { 'pass-env': 'NONE' },
      {},
      'CREDENTIAL_UNREADABLE',
      /^credential\(pass-env NONE\): the environment has no such variable: set it$/,
    ],
    [
      'a missing file',
      { 'pass-file': '/nowhere/p' },
      {},
      'CREDENTIAL_UNREADABLE',
      /^credential\(\/nowhere\/p\): cannot be read: ENOENT.*; make it, readable for the user that runs stompctl alone/,
    ],
    ['a folder', { 'pass-file': '/' }, {}, 'CREDENTIAL_UNREADABLE', /^credential\(\/\): is not a plain file$/],
    ['a device', { 'pass-file': '/dev/zero' }, {}, 'CREDENTIAL_UNREADABLE', /is not a plain file$/],
    [
      'no systemd',
      { 'pass-credential': 'x' },
      {},
      'CREDENTIAL_UNREADABLE',
      /CREDENTIALS_DIRECTORY is not set: add LoadCredential=x:PATH to the systemd unit$/,
    ],
    [
      'a path for a name',
      { 'pass-credential': '../x' },
      { CREDENTIALS_DIRECTORY: '/run' },
      'CREDENTIAL_INVALID',
      /must be the name of a credential, not a path: use pass-file/,
    ],
    [
      'a line end in a password',
      { pass: 's3cret\ns3cret' },
      {},
      'CREDENTIAL_INVALID',
      /^credential\(pass\): has a line end or NUL in it, which CONNECT cannot carry$/,
    ],
    [
      'a NUL in a variable',
      { 'pass-env': 'P' },
      { P: 's3cret\0' },
      'CREDENTIAL_INVALID',
      /^credential\(pass-env P\): has a line end/,
    ],
    [
      'a line end in a name',
      { name: 'a\rb', pass: 's3cret' },
      {},
      'CREDENTIAL_INVALID',
      /^credential\(name\): has a line end/,
    ],
  ];
  for (const [name, fields, env, code, message] of CASES) {
    it(name, async () => {
      await assert.rejects(resolveCredentials([plain(fields)], env), (error: StompctlError) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      });
    });
  }

  it('a file of several lines, or far too long', async (t) => {
    const folder = await tempFolder(t);
    await mkdir(join(folder, 'x'));
    for (const [content, message] of [
      ['s3cret\ns3cret\n', /has a line end or NUL in it/],
      ['s3cret'.repeat(20_000), /is longer than 65536 bytes$/],
    ] as const) {
      const path = join(folder, 'password');
      await writeFile(path, content);
      await assert.rejects(resolveCredentials([plain({ 'pass-file': path })], {}), (error: StompctlError) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      });
    }
  });
});
