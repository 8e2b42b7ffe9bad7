import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readAccounts } from '../../src/config/accounts-file.js';
import { hashPassword } from '../../src/rabbitmq/password-hash.js';
import { tempFolder } from '../support/temp-folder.js';

async function read(test: TestContext, text: string, env: Readonly<Record<string, string>> = {}) {
  const file = join(await tempFolder(test), 'accounts.yaml');
  writeFileSync(file, text);
  return readAccounts(file, env, () => undefined);
}

describe('a file of accounts', () => {
  it('is the sample, as it is read', async (test) => {
    const folder = await tempFolder(test);
    for (const name of ['sender', 'receiver'])
      writeFileSync(join(folder, `${name}.pass`), `${name}\n`, { mode: 0o600 });
    const { readFile } = await import('node:fs/promises');
    const sample = (await readFile('etc/rabbitmq/accounts.yaml', 'utf8')).replaceAll('/etc/stompctl/rabbitmq', folder);
    const { api, accounts } = await read(test, sample);
    assert.deepEqual([api.uri, api.user], ['http://localhost:15672', 'admin']);
    assert.deepEqual(accounts.vhosts, ['/', 'grid']);
    const [sender, receiver] = accounts.users;
    assert.deepEqual([sender?.name, sender?.password, sender?.tags], ['sender', { text: 'sender' }, undefined]);
    assert.equal(sender?.permissions.get('grid')?.write, '^(example\\.|amq\\.default$)');
    assert.deepEqual(receiver?.tags, ['monitoring']);
    assert.deepEqual(receiver?.topics.get('grid')?.get('amq.topic'), { write: '', read: '^example\\.' });
  });

  it('may say nothing', async (test) => {
    assert.deepEqual((await read(test, 'users:\n')).accounts, { vhosts: undefined, users: [] });
  });

  const { hash } = hashPassword('x');
  const WRONG: readonly [string, string, RegExp][] = [
    ['a name that is none', 'user: {}', /accounts\(\S+:1\): the file: there is no "user" here, but api, vhosts, users/],
    ['a misspelt part', 'users:\n  a:\n    passfile: x', /:3\): users\.a: there is no "passfile" here/],
    [
      'two passwords',
      `users:\n  a: { hash: '${hash}', pass-env: P }`,
      /:2\): users\.a: pass-file, pass-env and hash exclude/,
    ],
    [
      'a hash that is none',
      'users:\n  a: { hash: c2hvcnQ= }',
      /users\.a\.hash: is not what "rabbitmqctl hash_password"/,
    ],
    ['an empty password', 'users:\n  a: { pass-env: EMPTY }', /users\.a: the password is empty/],
    [
      'a permission that is not whole',
      'users:\n  a: { permissions: { /: { write: x, read: y } } }',
      /configure: must be a pattern/,
    ],
    [
      'an unknown virtual host',
      'vhosts: [/]\nusers:\n  a: { permissions: { x: {} } }',
      /:3\): .*no virtual host "x" in vhosts/,
    ],
    ['tags that are no list', 'users:\n  a: { tags: monitoring }', /users\.a\.tags: must be a list/],
    ['a virtual host twice', 'vhosts: [a, a]', /vhosts: names one of them twice/],
    ['users that are a list', 'users: [a, b]', /users: must have names with values below it/],
  ];
  for (const [name, text, message] of WRONG) {
    it(`is refused for ${name}, with its place`, async (test) => {
      await assert.rejects(read(test, text, { P: 'p', EMPTY: '' }), { code: 'CONFIG_INVALID', message });
    });
  }
});
