import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startedBroker } from '../support/started-broker.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';
import { onTerminal } from '../support/terminal.js';

const PASSWORD = 'not to be seen';

async function scene(test: TestContext) {
  const folder = await tempFolder(test);
  const broker = await startedBroker(test, { users: { init: PASSWORD } });
  const config = join(folder, 'it.conf');
  const ask = (steps: readonly (readonly [string, string])[], ...args: string[]) =>
    onTerminal(test, [process.execPath, STOMPCTL, 'init', config, ...args], steps);
  return { folder, broker, config, ask, files: () => readdirSync(folder).sort() };
}

describe('stompctl init at a terminal', () => {
  it('asks, asks again after an answer that is none, and never shows a password', async (test) => {
    const { broker, ask, config, files } = await scene(test);
    const { shown, code } = await ask([
      ['[sender]: ', 'up\r'],
      ['must be one of sender, receiver, shovel, cron', ''],
      ['[sender]: ', 'receiver\r'],
      ['URI of the broker', 'broker\r'],
      ['must start with', ''],
      ['URI of the broker', `${broker.uri}\r`],
      ['user at the broker; none: no login [none]: ', 'init\r'],
      ['password at the broker (not shown): ', '\r'],
      ['there must be an answer', ''],
      ['password at the broker (not shown): ', `${PASSWORD}\r`],
      ['folder of the queue [', '\r'],
      ['destination at the broker', '/queue/x\r'],
      ['Next:', ''],
    ]);
    assert.equal(code, 0, shown);
    assert.doesNotMatch(shown, new RegExp(PASSWORD));
    assert.match(shown, /logged in at /);
    assert.deepEqual(files(), ['it.conf', 'it.pass']);
    assert.match(readFileSync(config, 'utf8'), /destination = \/queue\/x\n/);
  });

  it('does not ask what an option answers', async (test) => {
    const { broker, ask } = await scene(test);
    const args = [
      '--direction',
      'sender',
      '--uri',
      broker.uri,
      '--user',
      'init',
      '--queue',
      '/q',
      '--destination',
      '/queue/x',
    ];
    const { shown, code } = await ask([['(not shown): ', `${PASSWORD}\r`]], ...args);
    assert.equal(code, 0, shown);
    assert.doesNotMatch(shown, /direction|URI of|folder of/);
  });

  for (const [what, key, ended] of [
    ['Ctrl-C', '\x03', -2],
    ['the end of the input', '\x04', 66],
  ] as const) {
    for (const at of ['user at the broker', '(not shown): ']) {
      it(`leaves nothing behind at ${what} (${at})`, async (test) => {
        const { broker, ask, files } = await scene(test);
        const before = [
          ['[sender]: ', '\r'],
          ['URI of the broker', `${broker.uri}\r`],
        ] as const;
        const password = [['user at the broker', 'init\r']] as const;
        const { shown, code } = await ask([...before, ...(at.startsWith('(') ? password : []), [at, key]]);
        assert.equal(code, ended, shown);
        assert.deepEqual(files(), []);
      });
    }
  }
});
