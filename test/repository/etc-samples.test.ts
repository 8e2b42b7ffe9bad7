import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { programOf } from '../../src/app/command-ends.js';
import { unreachable } from '../../src/base/errors.js';
import { main } from '../../src/cli/main.js';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { inputsOf, outputsOf, type Settings } from '../../src/config/settings.js';
import { installSignals } from '../../src/daemon/signals.js';
import { DEAF } from '../support/run-main.js';

const SAMPLES = join(import.meta.dirname, '../../../etc');
const NAMES = [
  'alias-receiver',
  'alias-sender',
  'cron',
  'dhcp',
  'feed',
  'fallback',
  'folder',
  'merge',
  'receiver',
  'route',
  'sender',
  'sender-tls',
  'shovel',
  'shovel-amqp',
  'signed-receiver',
  'signed-sender',
];

/** Its settings; fails on a problem or a warning. */
async function checked(file: string): Promise<Settings> {
  const commandLine = new Map([['config', [join(SAMPLES, file)]]]);
  const { problems, warnings, settings } = await examineConfiguration({ commandLine, env: {} });
  assert.deepEqual([problems, warnings], [[], []]);
  assert.ok(settings);
  return settings;
}

/** Where the callback stands in its file differs, and says nothing about what it does. */
function meaning(settings: Settings): Settings {
  const { callback } = settings;
  if (callback === undefined) return settings;
  return { ...settings, callback: { ...callback, code: callback.code.trim(), origin: { file: '', line: 0 } } };
}

test('every sample is there in both formats', async () => {
  const expected = NAMES.flatMap((name) => [`${name}.conf`, `${name}.yaml`]);
  assert.deepEqual(
    (await readdir(SAMPLES)).sort(),
    [...expected, 'commands', 'conf.d', 'kubernetes', 'monitoring', 'rabbitmq'].sort(),
  );
});

test('stompctl check finds every sample valid', async () => {
  const together = (await readdir(join(SAMPLES, 'conf.d'))).map((name) => join('conf.d', name));
  const names = [...(await readdir(SAMPLES)), ...together].filter((name) => /\.(?:conf|yaml)$/.test(name));
  assert.equal(names.length, 2 * NAMES.length + 2);
  const files = names.map((name) => join(SAMPLES, name));
  const told: string[] = [];
  const writer = { write: (text: string) => told.push(text) };
  const exitCode = await main(['check', ...files], {}, { out: writer, err: writer, signals: installSignals(DEAF) });
  assert.equal(exitCode, 0, told.join(''));
});

for (const name of NAMES) {
  test(`${name}.conf and ${name}.yaml are valid, without a warning, and mean the same`, async () => {
    assert.deepEqual(meaning(await checked(`${name}.conf`)), meaning(await checked(`${name}.yaml`)));
  });

  test(`${name}.conf is what it says: reliable, with a failure queue and paths of an installation`, async () => {
    const settings = await checked(`${name}.conf`);
    assert.equal(settings.reliable, true);
    assert.equal(settings.failureQueue?.path, `/var/spool/stompctl/${name}-failures`);
    assert.equal(settings.pidfile, `/run/stompctl/${name}.pid`);
    for (const end of [...inputsOf(settings), ...outputsOf(settings)]) {
      switch (end.kind) {
        case 'queue':
          assert.match(end.queue.path, new RegExp(`^/var/spool/stompctl/${name}(?:-[a-z]+)?$`));
          break;
        case 'broker':
          assert.deepEqual(Object.keys(end.broker.auth[0]?.fields ?? {}).sort(), ['name', 'pass-file']);
          break;
        case 'folder':
          assert.equal(end.folder.path, `/var/spool/stompctl/${name}`);
          break;
        case 'command':
          assert.ok(existsSync(join(SAMPLES, 'commands', basename(programOf(end.command)))));
          break;
        default:
          unreachable(end);
      }
    }
  });
}

test('only the sample for cron ends by itself', async () => {
  for (const name of NAMES) {
    const settings = await checked(`${name}.conf`);
    const isEndless = settings.loop || inputsOf(settings).some(({ kind }) => kind === 'broker');
    assert.equal(isEndless, name !== 'cron', name);
  }
});
