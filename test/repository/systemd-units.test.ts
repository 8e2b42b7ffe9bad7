import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ERROR_KINDS } from '../../src/base/errors.js';
import { EXIT_CODES } from '../../src/cli/command-line/exit-codes.js';
import { tempFolder } from '../support/temp-folder.js';

const run = promisify(execFile);
const UNITS = join(import.meta.dirname, '../../../systemd');

// In CI its absence is a failure of the set-up; elsewhere the machine may be one without systemd.
const missing = spawnSync('systemd-analyze', ['--version']).error !== undefined && process.env.CI === undefined;
const skip = missing ? 'no systemd-analyze on this machine' : false;

test('every unit passes systemd-analyze verify without a word', { skip }, async (t) => {
  const folder = await tempFolder(t);
  const units = (await readdir(UNITS)).filter((name) => /\.(service|timer)$/.test(name));
  assert.deepEqual(units.sort(), [
    'stompctl-once@.service',
    'stompctl-once@.timer',
    'stompctl.service',
    'stompctl@.service',
  ]);
  for (const name of units) {
    const unit = await readFile(join(UNITS, name), 'utf8');
    await writeFile(join(folder, name), standIn(unit));
  }
  const { stdout, stderr } = await run('systemd-analyze', ['verify', ...units.map((name) => join(folder, name))]);
  assert.equal(stdout + stderr, '');
});

test('the time to stop is longer than the default time-outs of a drain', async () => {
  for (const name of ['stompctl.service', 'stompctl@.service', 'stompctl-once@.service']) {
    const unit = await readFile(join(UNITS, name), 'utf8');
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    assert.ok(seconds > 60 + 60 + 60, `${name}: ${seconds}`);
  }
});

test('no core is dumped: it would hold messages and passwords', async () => {
  for (const name of ['stompctl.service', 'stompctl@.service', 'stompctl-once@.service']) {
    assert.match(await readFile(join(UNITS, name), 'utf8'), /^LimitCORE=0$/m, name);
  }
});

test('a service is not restarted for what can never work, and is for everything else', async () => {
  for (const name of ['stompctl.service', 'stompctl@.service']) {
    const unit = await readFile(join(UNITS, name), 'utf8');
    assert.match(unit, /^Restart=on-failure$/m);
    const never = /^RestartPreventExitStatus=(.*)$/m.exec(unit)?.[1]?.split(' ').map(Number);
    assert.deepEqual(never, [EXIT_CODES.usage, ERROR_KINDS.QUEUE_PERMISSION.exit, EXIT_CODES.configuration]);
  }
});

test('the exposure that systemd-analyze security finds is 2.0 at most', { skip }, async (t) => {
  const folder = await tempFolder(t);
  for (const name of ['stompctl', 'stompctl@', 'stompctl-once@']) {
    const path = join(folder, `${name}x.service`);
    await writeFile(path, standIn(await readFile(join(UNITS, `${name}.service`), 'utf8')));
    await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', path]);
  }
});

/** What neither of these may have is said in the unit. */
test('nothing is forbidden that V8, WebAssembly and the look-up of owners of locks need', async () => {
  for (const name of ['stompctl.service', 'stompctl@.service', 'stompctl-once@.service']) {
    const unit = await readFile(join(UNITS, name), 'utf8');
    assert.doesNotMatch(unit, /^(MemoryDenyWriteExecute|ProtectProc|ProcSubset|PrivateUsers)=/m, name);
  }
});

/** The tools look for the program and its page, which are not installed here: others stand in for them. */
function standIn(unit: string): string {
  return unit
    .replace(/^(Exec\w+)=stompctl /gm, (_all, name: string) => `${name}=${process.execPath} `)
    .replace(/^Documentation=man:.*\n/m, '');
}

// both tools change owners below their root
const notRoot = process.getuid?.() === 0 ? false : 'needs root';

test('the user and the folder of the queues are accepted by their tools', { skip: skip || notRoot }, async (t) => {
  const root = await tempFolder(t);
  await mkdir(join(root, 'etc'));
  await run('systemd-sysusers', [`--root=${root}`, await placed(root, 'stompctl.sysusers')]);
  assert.match(
    await readFile(join(root, 'etc/passwd'), 'utf8'),
    /^stompctl:x:\d+:\d+:stompctl message transfer agent:/m,
  );
  const created = await run('systemd-tmpfiles', [
    `--root=${root}`,
    '--create',
    await placed(root, 'stompctl.tmpfiles'),
  ]);
  assert.equal(created.stderr, '');
});

/** Both tools take a file by a path that lies outside their root too, but only with the extension `.conf`. */
async function placed(root: string, name: string): Promise<string> {
  const path = join(root, `${name}.conf`);
  await writeFile(path, await readFile(join(UNITS, name)));
  return path;
}
