import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { CommandScene, message } from '../support/command-scene.js';
import { eventually } from '../support/eventually.js';

const failsWith = (code: string, reason: RegExp) => (error: unknown) =>
  error instanceof StompctlError && error.code === code && reason.test(error.message);

/** Whether the process whose pid a script wrote into this file is there. */
function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

test('a command that is missing, no file or not executable is told when it is opened', async (t) => {
  const scene = await CommandScene.set(t);
  mkdirSync(scene.path('folder'));
  writeFileSync(scene.path('plain'), 'no program', { mode: 0o644 });
  const bad = failsWith('COMMAND_UNUSABLE', /^command\(/);
  for (const name of ['nothing', 'folder', 'plain', 'plain/below']) {
    await assert.rejects(scene.unopened(scene.path(name)).open(), bad, name);
  }
  await assert.rejects(
    scene.unopened('stompctl-no-such-program').open(),
    failsWith('COMMAND_UNUSABLE', /no folder of PATH/),
  );
});

test('a program is looked for in absolute folders of PATH alone', async (t) => {
  const scene = await CommandScene.set(t);
  const here = process.cwd();
  scene.script('exit 0', 'tool');
  t.after(() => process.chdir(here));
  process.chdir(scene.folder);
  await assert.rejects(
    scene.unopened('tool', { environment: { PATH: ':.' } }).open(),
    failsWith('COMMAND_UNUSABLE', /tool/),
  );
  await scene.unopened('tool', { environment: { PATH: `:.:${scene.folder}` } }).open();
});

test('one that goes away later, or whose interpreter is missing, is no fault of the message', async (t) => {
  const scene = await CommandScene.set(t);
  const path = scene.path('odd');
  writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 });
  const sink = await scene.sink(path);
  await assert.rejects(sink.send(message('')), failsWith('COMMAND_NOT_STARTED', /ENOENT/));
});

test('one that leaves a process behind has ended all the same; it is told, and the process goes on', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script('(until [ -e "$D/go" ]; do sleep 0.02; done; : >"$D/went-on") & echo done; exit 0');
  const sink = await scene.sink(command);
  await sink.send(message(''));
  assert.deepEqual(scene.lines, ['stdout done']);
  assert.deepEqual(
    scene.troubles.map(({ event }) => event),
    ['command-left'],
  );
  scene.script('', 'go');
  await eventually(() => scene.has('went-on'));
});

test('one that writes a gigabyte is heard for 64 KiB, and takes no memory', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink('head -c 1073741824 /dev/zero');
  const before = process.memoryUsage().rss;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 20);
  await sink.send(message(''));
  clearInterval(timer);
  assert.ok(most < 200 * 2 ** 20, `${most} bytes`);
  const told = scene.lines.reduce((sum, line) => sum + line.length, 0);
  assert.ok(told < 200_000, String(told));
  assert.match(scene.lines.at(-1) ?? '', /and 1073676288 bytes more/);
});

test('one that is late gets TERM with its whole group, and has failed', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script('sleep 600 & echo $! >"$D/child.new"; mv "$D/child.new" "$D/child"; wait');
  const sink = await scene.sink(command, { timeoutMs: 300, maxAttempts: 1 });
  await assert.rejects(sink.send(message('')), failsWith('COMMAND_FAILED', /not done in time/));
  const child = scene.read('child').trim();
  if (child !== '') await eventually(() => !isAlive(child));
});

test('one that ignores TERM gets KILL', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script(`trap '' TERM; echo $$ >"$D/pid"; while :; do sleep 1; done`);
  const sink = await scene.sink(command, { maxAttempts: 1 });
  const sent = assert.rejects(sink.send(message('')), failsWith('SESSION_CLOSED', /called off/));
  const pid = await eventually(() => scene.read('pid').trim());
  await sink.recall();
  await sent;
  await eventually(() => !isAlive(pid));
});

test('one that ends before it has read its input is judged by its exit code', async (t) => {
  const scene = await CommandScene.set(t);
  const good = await scene.sink(scene.script('exec <&-; exit 0'));
  await good.send(message(Buffer.alloc(5_000_000, 1)));
  const bad = await scene.sink(scene.script('exec <&-; exit 9', 'bad'), { maxAttempts: 1 });
  await assert.rejects(bad.send(message(Buffer.alloc(5_000_000, 1))), failsWith('COMMAND_FAILED', /exit code 9/));
});

test('headers that no command can be given are the fault of their message, at once', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('exit 0'), { maxAttempts: 1000 });
  await assert.rejects(sink.send(message('', { a: 'x\0y' })), failsWith('MESSAGE_BAD_HEADER', /NUL/));
  await assert.rejects(
    sink.send(message('', { a: 'x'.repeat(3_000_000) })),
    failsWith('MESSAGE_BAD_HEADER', /more than the system/),
  );
  await sink.send(message('', { '': 'x', '=': 'y', 'LD_PRELOAD=/evil': 'z', 'é\n': '1' }));
});
