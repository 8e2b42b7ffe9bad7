import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { accountsHappen } from '../support/accounts-session.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { ask } from '../support/http-ask.js';
import { brokerKinds, startRabbitmq } from '../support/real-brokers.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const ACCOUNTS = `vhosts: [/, 'a b/č']
users:
  one:
    pass-env: ONE
    permissions:
      'a b/č': { configure: '.*', write: '.*', read: '.*' }
    topic-permissions:
      'a b/č':
        amq.topic: { write: '^a', read: '^b' }
        amq.rabbitmq.trace: { write: '', read: '' }
`;
/** what "rabbitmqctl hash_password" may print for "test12" */
const HASHED = `  two:
    hash: kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR
    permissions:
      'a b/č': { configure: '.*', write: '.*', read: '.*' }
`;

describe('stompctl rabbitmq sync, with RabbitMQ', { skip: !brokerKinds().includes('rabbitmq') }, () => {
  it('does and says what docs/rabbitmq-accounts.md shows, and who is written can log in', async (test) => {
    const managementPort = await freePort();
    const broker = await startRabbitmq({ managementPort });
    test.after(() => broker.stop());
    const { user, pass } = broker;
    const uri = `http://127.0.0.1:${managementPort}`;
    await eventually(async () => (await ask(`127.0.0.1:${managementPort}`, '/api/whoami')).status === 401);
    await accountsHappen(test, { uri, user, pass });

    const folder = await tempFolder(test);
    const file = join(folder, 'accounts.yaml');
    const env = { BROKER_PASS: pass, ONE: 'heslo ž', TWO: 'test12' };
    const args = ['rabbitmq', 'sync', file, '--uri', uri, '--user', user, '--pass-env', 'BROKER_PASS'];
    const sync = (...more: readonly string[]) => runStompctl([...args, ...more], { env });
    writeFileSync(file, ACCOUNTS + HASHED);
    const first = await sync('--prune');
    assert.equal(first.code, 0, first.stderr);
    const second = await sync('--prune');
    assert.deepEqual(second, { code: 0, signal: null, stdout: 'nothing to change\n', stderr: '' });

    const body = join(folder, 'body');
    writeFileSync(body, 'hello');
    const vhost = `${broker.uri}/${encodeURIComponent('a b/č')}`;
    for (const [name, variable] of [
      ['one', 'ONE'],
      ['two', 'TWO'],
    ] as const) {
      const login = ['--user', name, '--pass-env', variable];
      const sent = await runStompctl(['send', vhost, '/queue/a', body, ...login], { env });
      assert.equal(sent.code, 0, sent.stderr);
    }

    // of two exchanges one goes, and the other stays
    writeFileSync(file, (ACCOUNTS + HASHED).replace(/ +amq\.rabbitmq\.trace.*\n/, ''));
    const fewer = await sync('--prune');
    assert.equal(fewer.code, 0, fewer.stderr);
    assert.equal((await sync('--prune')).stdout, 'nothing to change\n');

    // a virtual host with a queue stays, with its messages
    writeFileSync(file, `vhosts: [/]\nusers:\n  ${user}:\n`);
    const refused = await sync('--prune');
    assert.equal(refused.code, 69, refused.stderr);
    assert.match(refused.stderr, /not made: - vhost a b\/č: .*it has a queue, whose messages would be lost/);
    assert.match(refused.stdout, /^- user one$/m);

    // what RabbitMQ refuses by itself: the others are made
    writeFileSync(
      file,
      `vhosts: [/]\nusers:\n  three: { permissions: { /: { configure: '(?', write: '', read: '' } } }\n`,
    );
    const half = await sync();
    assert.equal(half.code, 69, half.stderr);
    assert.match(half.stdout, /^\+ user three: no password$/m);
    assert.match(half.stderr, /not made: \+ permissions of three on \/: .*refused \(400\)/);
  });
});
