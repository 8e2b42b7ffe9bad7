import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { accountsHappen } from '../support/accounts-session.js';
import { certificate, tlsFile } from '../support/certificates.js';
import { ManagementServer } from '../support/management-server.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const THREE = `vhosts: [/, grid]
users:
  admin: {}
  one: { pass-env: ONE, permissions: { grid: { configure: '', write: a, read: b } } }
`;
const ENV = { ADMIN: 'secret', ONE: 'eins' };

async function scene(test: TestContext, text: string) {
  const api = await ManagementServer.start(test);
  const file = join(await tempFolder(test), 'accounts.yaml');
  writeFileSync(file, text);
  const sync = (...args: readonly string[]) => {
    const login = ['--uri', api.uri, '--user', 'admin', '--pass-env', 'ADMIN'];
    return runStompctl(['rabbitmq', 'sync', file, ...login, ...args], { env: ENV });
  };
  return { api, file, sync };
}

describe('stompctl rabbitmq sync', () => {
  it('does and says what docs/rabbitmq-accounts.md shows', async (test) => {
    const { uri } = await ManagementServer.start(test);
    await accountsHappen(test, { uri, user: 'admin', pass: 'secret' });
  });

  it('changes nothing the second time, nor with --dry-run', async (test) => {
    const { api, sync } = await scene(test, THREE);
    const dry = await sync('--dry-run');
    assert.deepEqual([dry.code, api.changes], [0, []]);
    assert.match(dry.stdout, /^3 changes would be made$/m);
    const first = await sync();
    assert.deepEqual([first.code, api.changes.length], [0, 3]);
    const second = await sync('--prune');
    assert.deepEqual(second, { code: 0, signal: null, stdout: 'nothing to change\n', stderr: '' });
    assert.equal(api.changes.length, 3);
  });

  it('prunes what is not written, never the user it runs as, nor a virtual host with queues', async (test) => {
    const { api, sync } = await scene(test, 'vhosts: [/]\nusers:\n  kept: { permissions: {} }\n');
    api.addUser('kept', 'x');
    api.addUser('old', 'x');
    for (const vhost of ['full', 'empty']) api.vhosts.add(vhost);
    api.queues.set('full', 2);
    api.permissions.set('/\nkept', { vhost: '/', user: 'kept', configure: '', write: '', read: '' });
    api.permissions.set('/\nadmin', { vhost: '/', user: 'admin', configure: '', write: '', read: '' });
    const without = await sync();
    assert.equal(without.code, 0);
    assert.match(without.stdout, /^\? user old is not written: --prune removes it$/m);
    assert.deepEqual(api.changes, []);
    const pruned = await sync('--prune');
    assert.equal(pruned.code, 69, pruned.stderr);
    assert.match(pruned.stderr, /not made: - vhost full: .*it has 2 queues, whose messages would be lost/);
    assert.deepEqual([...api.users.keys()], ['admin', 'kept']);
    assert.deepEqual([...api.vhosts], ['/', 'full']);
    assert.deepEqual([...api.permissions.keys()], ['/\nadmin']);
  });

  const PRUNES_NOTHING: readonly [string, string, RegExp][] = [
    ['an empty file', '', /has neither vhosts nor users, and so says nothing: is it whole/],
    ['a file that ends behind users', 'vhosts: [/]\nusers:\n', /users: has nothing behind it/],
    [
      'users: {}',
      'vhosts: [/]\nusers: {}\n',
      /accounts\(users\): is empty, and --prune would remove all that there are/,
    ],
    ['vhosts: []', 'vhosts: []\n', /accounts\(vhosts\): is empty, and --prune would remove all that there are/],
  ];
  for (const [name, text, message] of PRUNES_NOTHING) {
    it(`does not prune by ${name}`, async (test) => {
      const { api, sync } = await scene(test, text);
      api.addUser('other', 'x');
      const ended = await sync('--prune');
      assert.deepEqual([ended.code, ended.stdout, api.changes], [78, '', []]);
      assert.match(ended.stderr, message);
    });
  }

  it('prunes no users by a file that says nothing of them', async (test) => {
    const { api, sync } = await scene(test, 'vhosts: [/]\n');
    api.addUser('other', 'x');
    assert.equal((await sync('--prune')).stdout, 'nothing to change\n');
    assert.deepEqual(api.changes, []);
  });

  it('makes what is not refused, and says which was', async (test) => {
    const { api, sync } = await scene(test, THREE);
    api.refuses = /^vhosts/;
    const ended = await sync();
    assert.equal(ended.code, 69);
    assert.match(ended.stderr, /not made: \+ vhost grid: .*refused \(400\): not today/);
    assert.match(ended.stderr, /2 of 3 changes were made, 1 refused/);
    assert.equal(ended.stdout.split('\n').length, 3);
    api.refuses = undefined;
    assert.match((await sync()).stdout, /^\+ vhost grid\n1 change made$/m);
  });

  it('ends with 75 when the API cannot say what there is just now', async (test) => {
    const { api, sync } = await scene(test, THREE);
    api.unable = /^GET users/;
    const ended = await sync();
    assert.deepEqual([ended.code, api.changes], [75, []]);
    assert.match(
      ended.stderr,
      /cannot do it now \(HTTP 503\): see the log of RabbitMQ, and run the same command again later/,
    );
  });

  it('makes the others when the API cannot make a change just now, and that one the next time', async (test) => {
    const { api, sync } = await scene(test, THREE);
    api.unable = /^PUT users/;
    const ended = await sync();
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /not made: \+ user one: password: .*cannot do it now \(HTTP 503\)/);
    assert.match(ended.stderr, /2 of 3 changes were made, 1 cannot be made now: the same command makes them later/);
    assert.doesNotMatch(ended.stderr, /password_hash|crash/);
    api.unable = undefined;
    assert.match((await sync()).stdout, /^\+ user one: password\n1 change made$/m);
  });

  it('says what was made when the API goes away, and goes on the next time', async (test) => {
    const { api, sync } = await scene(test, THREE);
    api.diesAfter = 2;
    const ended = await sync();
    assert.equal(ended.code, 75, ended.stderr);
    assert.equal(ended.stdout, '+ vhost grid\n+ user one: password\n');
    assert.match(ended.stderr, /2 of 3 changes were made, 0 not tried; the same command goes on/);
    api.diesAfter = Number.POSITIVE_INFINITY;
    assert.match((await sync()).stdout, /^1 change made$/m);
  });

  it('changes its own password last', async (test) => {
    const { api, sync } = await scene(test, THREE.replace('admin: {}', 'admin: { pass-env: ONE }'));
    assert.equal((await sync()).code, 0);
    assert.equal(api.changes.at(-1), 'PUT users/admin');
  });

  it('does not take the tag administrator from itself', async (test) => {
    const { api, sync } = await scene(test, 'users:\n  admin: { tags: [monitoring] }\n');
    const ended = await sync();
    assert.deepEqual([ended.code, api.changes], [78, []]);
    assert.match(ended.stderr, /would lose the tag administrator/);
  });

  const LOGINS: readonly [string, readonly string[], number, RegExp][] = [
    ['a wrong password', ['--pass-env', 'ONE'], 77, /the login of admin was refused/],
    ['a user who is no administrator', ['--user', 'plain', '--pass-env', 'ONE'], 77, /has not the tag administrator/],
    ['an API that is away', ['--uri', 'http://127.0.0.1:1'], 75, /ECONNREFUSED; does RabbitMQ run there/],
    ['a variable that is not set', ['--pass-env', 'NONE'], 77, /pass-env NONE\): the environment has no such variable/],
    ['a URI with a password', ['--uri', 'http://a:hush@localhost'], 78, /name and password do not belong/],
    ['a URI of another kind', ['--uri', 'amqp://localhost'], 78, /must be http:\/\/HOST:PORT/],
  ];
  for (const [name, args, code, message] of LOGINS) {
    it(`ends with ${code} for ${name}`, async (test) => {
      const { api, sync } = await scene(test, THREE);
      api.addUser('plain', ENV.ONE);
      const ended = await sync(...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, message);
      assert.doesNotMatch(ended.stderr, /secret|eins|hush/);
    });
  }

  for (const answer of ['hi', '{"a":1}', '[]']) {
    it(`tells of what answers ${answer} and is no management API`, (test) => noApi(test, answer));
  }

  async function noApi(test: TestContext, answer: string): Promise<void> {
    const { file } = await scene(test, THREE);
    const server = createServer((_request, response) => response.end(answer));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const uri = `http://127.0.0.1:${address.port}`;
    const args = ['rabbitmq', 'sync', file, '--uri', uri, '--user', 'admin', '--pass-env', 'ADMIN'];
    const ended = await runStompctl(args, { env: ENV });
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /no management API of RabbitMQ/);
  }

  it('checks the certificate of the API before it says who asks', async (test) => {
    const api = await ManagementServer.start(test, certificate('server'));
    const file = join(await tempFolder(test), 'accounts.yaml');
    writeFileSync(file, THREE);
    const args = ['rabbitmq', 'sync', file, '--uri', api.uri, '--user', 'admin', '--pass-env', 'ADMIN'];
    const unknown = await runStompctl(args, { env: ENV });
    assert.equal(unknown.code, 75, unknown.stderr);
    assert.equal(api.asked, 0);
    const trusted = await runStompctl([...args, '--ca', tlsFile('ca.pem')], { env: ENV });
    assert.equal(trusted.code, 0, trusted.stderr);
    assert.equal(api.changes.length, 3);
  });

  it('ends with 77 for a password file that is not there', async (test) => {
    const { api, sync } = await scene(test, THREE.replace('pass-env: ONE', 'pass-file: /none'));
    const ended = await sync();
    assert.deepEqual([ended.code, api.changes], [77, []]);
    assert.match(ended.stderr, /credential\(\/none\): cannot be read: ENOENT/);
  });

  it('ends with 66 for a file that is not there', async () => {
    assert.equal((await runStompctl(['rabbitmq', 'sync', '/none/accounts.yaml'])).code, 66);
  });

  const USAGE: readonly [readonly string[], RegExp][] = [
    [[], /say what to do: stompctl rabbitmq sync FILE/],
    [['list'], /command\(rabbitmq list\): there is no such command/],
    [['sync'], /say which file/],
    [['sync', 'a', 'b'], /argument\(b\): is not expected here/],
    [['sync', 'a', '--loop'], /--loop\): is not for "stompctl rabbitmq"/],
  ];
  for (const [args, message] of USAGE) {
    it(`refuses "rabbitmq ${args.join(' ')}"`, async () => {
      const { code, stderr } = await runStompctl(['rabbitmq', ...args]);
      assert.equal(code, 64);
      assert.match(stderr, message);
    });
  }

  it('has each of its flags in docs/rabbitmq-accounts.md', () => {
    const text = readFileSync('docs/rabbitmq-accounts.md', 'utf8');
    for (const { name } of COMMANDS.rabbitmq.flags) assert.ok(text.includes(`--${name}`), name);
  });
});
