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
    const [sender, receiver] = accounts.users ?? [];
    assert.deepEqual([sender?.name, sender?.password, sender?.tags], ['sender', { text: 'sender' }, undefined]);
    assert.equal(sender?.permissions?.get('grid')?.write, '^(example\\.|amq\\.default$)');
    assert.deepEqual(receiver?.tags, ['monitoring']);
    assert.deepEqual(receiver?.topics?.get('grid')?.get('amq.topic'), { write: '', read: '^example\\.' });
  });

  it('says nothing of a section that is not there, and of one that is written empty: none', async (test) => {
    assert.deepEqual((await read(test, 'vhosts: []')).accounts, { vhosts: [], users: undefined });
    const nothing = { password: undefined, tags: undefined, permissions: undefined, topics: undefined };
    const none = { ...nothing, tags: [], permissions: new Map(), topics: new Map([['/', new Map()]]) };
    const text = 'users:\n  a:\n  b: {}\n  c: { tags: [], permissions: {}, topic-permissions: { /: {} } }';
    assert.deepEqual((await read(test, text)).accounts, {
      vhosts: undefined,
      users: [
        { name: 'a', ...nothing },
        { name: 'b', ...nothing },
        { name: 'c', ...none },
      ],
    });
  });

  for (const [name, text] of [
    ['empty', ''],
    ['only comments', '# vhosts: [/]\n'],
    ['of an API alone', 'api: { user: admin }'],
  ] as const) {
    it(`is refused when it is ${name}`, async (test) => {
      const message = /the file: has neither vhosts nor users, and so says nothing: is it whole\?/;
      await assert.rejects(read(test, text), { code: 'CONFIG_INVALID', message });
    });
  }

  for (const [what, text] of [
    ['users', 'vhosts: [/]\nusers:\n'],
    ['vhosts', 'users: {}\nvhosts:\n'],
    ['users.a.tags', 'users:\n  a:\n    tags:'],
    ['users.a.permissions', 'users:\n  a:\n    permissions:'],
    ['users.a.topic-permissions./', 'users:\n  a:\n    topic-permissions:\n      /:'],
  ] as const) {
    it(`is refused when it ends behind ${what}`, async (test) => {
      const message = new RegExp(
        `\\): ${what}: has nothing behind it: write (?:\\[\\]|\\{\\}) for none, or take it out`,
      );
      await assert.rejects(read(test, text), { code: 'CONFIG_INVALID', message });
    });
  }

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
    [
      'a pattern that is no regular expression',
      "users:\n  a:\n    permissions:\n      /: { configure: '', write: '(x', read: '.*' }",
      /:4\): users\.a\.permissions\.\/\.write: is no regular expression, and RabbitMQ would refuse it: Unterminated group/,
    ],
    ['a misspelt block', 'users:\n  a:\n    permission:\n      /: {}', /:3\): users\.a: there is no "permission" here/],
    ['tags that are no list', 'users:\n  a: { tags: monitoring }', /users\.a\.tags: must be a list/],
    ['a virtual host twice', 'vhosts: [a, a]', /vhosts: names one of them twice/],
    ['an empty user', 'users:\n  "": { tags: [x] }', /:2\): users: an empty name is none/],
    ['an empty virtual host', 'users:\n  a: { permissions: { "": {} } }', /:2\): users\.a\.permissions: an empty name/],
    ['users that are a list', 'users: [a, b]', /users: must have names with values below it/],
  ];
  for (const [name, text, message] of WRONG) {
    it(`is refused for ${name}, with its place`, async (test) => {
      await assert.rejects(read(test, text, { P: 'p', EMPTY: '' }), { code: 'CONFIG_INVALID', message });
    });
  }
});
