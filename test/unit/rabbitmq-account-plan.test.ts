import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planAccounts } from '../../src/rabbitmq/account-plan.js';
import type { Account, FoundAccounts } from '../../src/rabbitmq/accounts.js';
import { hashPassword } from '../../src/rabbitmq/password-hash.js';

const NOTHING: FoundAccounts = { self: 'admin', vhosts: ['/'], users: [], permissions: [], topics: [] };

function account(name: string, parts: Partial<Account> = {}): Account {
  return { name, password: undefined, tags: undefined, permissions: undefined, topics: undefined, ...parts };
}

function found(name: string, password: string, tags: readonly string[] = []) {
  const { hash, hashing } = hashPassword(password);
  return { name, hash, hashing, tags };
}

function texts(users: readonly Account[] | undefined, there: Partial<FoundAccounts>, prune = false): string[] {
  const { changes } = planAccounts({ vhosts: undefined, users }, { ...NOTHING, ...there }, prune);
  return changes.map(({ text }) => text);
}

describe('the plan of accounts', () => {
  it('compares passwords by the stored salt, and keeps the hash where only tags change', () => {
    const user = found('a', 'right', ['monitoring']);
    assert.deepEqual(texts([account('a', { password: { text: 'right' } })], { users: [user] }), []);
    assert.deepEqual(texts([account('a', { password: { hash: user.hash } })], { users: [user] }), []);
    assert.deepEqual(texts([account('a', { password: { text: 'other' } })], { users: [user] }), ['~ user a: password']);
    const tagged = [account('a', { password: { text: 'right' }, tags: [] })];
    const [change] = planAccounts({ vhosts: undefined, users: tagged }, { ...NOTHING, users: [user] }, false).changes;
    assert.equal(change?.text, '~ user a: tags none');
    assert.deepEqual(change?.body, { password_hash: user.hash, hashing_algorithm: user.hashing, tags: '' });
  });

  it('takes tags in any order for the same', () => {
    const user = found('a', 'x', ['monitoring', 'policymaker']);
    assert.deepEqual(texts([account('a', { tags: ['policymaker', 'monitoring'] })], { users: [user] }), []);
  });

  it('escapes names in paths', () => {
    const permissions = new Map([['/', { configure: '', write: '', read: '' }]]);
    const { changes } = planAccounts({ vhosts: undefined, users: [account('a/b c', { permissions })] }, NOTHING, false);
    assert.deepEqual(
      changes.map(({ path }) => path),
      ['users/a%2Fb%20c', 'permissions/%2F/a%2Fb%20c'],
    );
  });

  it('tells of a pattern only where it differs', () => {
    const wanted = new Map([['/', { configure: '', write: 'new', read: 'same' }]]);
    const permissions = [{ user: 'a', vhost: '/', configure: '', write: 'old', read: 'same' }];
    const there = { users: [found('a', 'x')], permissions };
    assert.deepEqual(texts([account('a', { permissions: wanted })], there), [
      '~ permissions of a on /: write "old" → "new"',
    ]);
  });

  it('writes the topic permissions again that go with those it prunes', () => {
    const pattern = { write: 'w', read: 'r' };
    const topics = new Map([['/', new Map([['kept', pattern]])]]);
    const row = { user: 'a', vhost: '/', ...pattern };
    const there = {
      users: [found('a', 'x')],
      topics: ['kept', 'old', 'older'].map((exchange) => ({ ...row, exchange })),
    };
    assert.deepEqual(texts([account('a', { topics })], there), []);
    assert.deepEqual(texts([account('a', { topics })], there, true), [
      '- topic permissions of a on /, old',
      '- topic permissions of a on /, older',
      '= topic permissions of a on /, kept: written again',
    ]);
  });

  it('prunes nothing of what nothing is said of', () => {
    const there = {
      vhosts: ['/', 'other'],
      users: [found('a', 'x', ['monitoring']), found('b', 'x')],
      permissions: [{ user: 'a', vhost: '/', configure: '', write: '', read: '' }],
      topics: [{ user: 'a', vhost: '/', exchange: 'amq.topic', write: '', read: '' }],
    };
    assert.deepEqual(texts(undefined, there, true), []);
    assert.deepEqual(texts([account('a'), account('b')], there, true), []);
    assert.deepEqual(texts([account('a', { permissions: new Map() }), account('b')], there, true), [
      '- permissions of a on /',
    ]);
    assert.deepEqual(texts([account('a', { topics: new Map() }), account('b')], there, true), [
      '- topic permissions of a on /, amq.topic',
    ]);
  });

  it('never prunes the user it runs as', () => {
    const permissions = [{ user: 'admin', vhost: '/', configure: '', write: '', read: '' }];
    const there = { users: [found('admin', 'x', ['administrator']), found('old', 'x')], permissions };
    assert.deepEqual(texts([], there, true), ['- user old']);
    assert.deepEqual(texts([account('admin')], there, true), ['- user old']);
  });
});
