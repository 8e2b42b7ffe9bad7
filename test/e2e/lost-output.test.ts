import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const CONFIG = `<incoming-queue>
  path = from
</incoming-queue>
<outgoing-queue>
  path = to
</outgoing-queue>
<rewrite>
  remove = x-old
</rewrite>
`;

const COMMANDS: readonly (readonly string[])[] = [
  ['--version'],
  ['--help'],
  ['check', 'x.conf'],
  ['--config', 'x.conf', '--dry-run'],
  ['test', 'cases.yaml'],
  ['test', '--config', 'x.conf', '--record', 'from'],
  ['queue', '--help'],
  ['queue', 'list', 'from'],
  ['completion', 'bash'],
];

describe('output to a full disk', () => {
  for (const args of COMMANDS) {
    it(`ends ${args.join(' ')} with 75 and one line`, async (test) => {
      const folder = await tempFolder(test);
      mkdirSync(join(folder, 'to'));
      writeFileSync(join(folder, 'x.conf'), CONFIG);
      writeFileSync(
        join(folder, 'cases.yaml'),
        'config: x.conf\ncases:\n- name: a\n  message: {body: x}\n  expect: same\n',
      );
      await new SimpleQueue({ path: join(folder, 'from') }).addMessage(
        new Message(newHeader({}), Buffer.from('hello')),
      );
      const run = (stdout: 'pipe' | number) =>
        spawnSync(process.execPath, [STOMPCTL, ...args], {
          cwd: folder,
          stdio: ['ignore', stdout, 'pipe'],
          encoding: 'utf8',
          timeout: 60_000,
        });
      const whole = run('pipe');
      assert.equal(whole.status, 0, whole.stderr + whole.stdout);
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = run(full);
      closeSync(full);
      assert.match(stderr.slice(whole.stderr.length), /^stompctl: write\(standard output\): .*\n$/);
      assert.equal(status, 75);
    });
  }
});
