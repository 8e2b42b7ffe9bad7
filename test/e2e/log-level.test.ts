import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Scene } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { atEnd } from '../support/temp-folder.js';

it('USR2 toggles the level debug and back, and USR1 still tells the state', async (test) => {
  const scene = await Scene.set(test);
  const run = scene.start(scene.receiver('--callback-code', 'return "no"', '--callback-language', 'javascript'));
  await eventually(() => run.log('session-open').length === 1);
  const dropped = async () => {
    const before = scene.broker.received('/queue/q').acknowledged;
    scene.publish(1);
    await eventually(() => scene.broker.received('/queue/q').acknowledged > before);
    return run.log('dropped').length;
  };
  assert.equal(await dropped(), 0);
  run.signal('SIGUSR2');
  await eventually(() => run.log('log-level').length === 1);
  assert.equal(await dropped(), 1);
  run.signal('SIGUSR2');
  await eventually(() => run.log('log-level').length === 2);
  assert.equal(await dropped(), 1);
  run.signal('SIGUSR1');
  await eventually(() => run.log('state').length === 1);
  assert.equal((await run.stop()).code, 0);
});

it('lines for the journal begin with a priority, which lines for a file do not', async (test) => {
  const scene = await Scene.set(test);
  scene.fill('in', 1);
  for (const isJournal of [true, false]) {
    const path = scene.path(`log-${isJournal}`);
    const file = openSync(path, 'w');
    const { dev, ino } = fstatSync(file, { bigint: true });
    const env = { ...process.env, JOURNAL_STREAM: `${dev}:${isJournal ? ino : ino + 1n}` };
    const child = spawn(process.execPath, [STOMPCTL, ...scene.mover()], { stdio: ['ignore', 'ignore', file], env });
    const ended = new Promise((resolve) => child.once('close', resolve));
    atEnd(test, async () => child.kill('SIGKILL'));
    assert.equal(await ended, 0);
    closeSync(file);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.ok(lines.length >= 2);
    for (const line of lines) assert.match(line, isJournal ? /^<6>\{"level":"info"/ : /^\{"level":"info"/);
  }
});
