import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { eventually } from '../support/eventually.js';
import { remains } from '../support/queue-types.js';
import { runQueueHere } from '../support/run-main.js';
import { ascending, upTo } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = 2000;

/** Starts `stompctl queue …` and kills it once the queue `to` has so many elements. */
async function killAt(args: readonly string[], to: string, elements: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [STOMPCTL, 'queue', ...args], { stdio: 'ignore' });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const queue = new SimpleQueue({ path: to });
  await eventually(async () => child.exitCode !== null || (await queue.count()) >= elements);
  child.kill('SIGKILL');
  return (await closed)[1];
}

async function numbersIn(path: string): Promise<number[]> {
  const exported = await runQueueHere(['export', path]);
  const lines = exported.stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => Number(JSON.parse(line).header.n)).sort(ascending);
}

function lines(): string {
  return upTo(MESSAGES)
    .map((n) => `${JSON.stringify({ header: { n: String(n), 'x-stompctl-code': 'X' }, body: 'x'.repeat(500) })}\n`)
    .join('');
}

for (const command of ['move', 'retry']) {
  test(`${command} killed again and again: no message is lost, at most one batch a kill comes twice`, async (t) => {
    const folder = await tempFolder(t);
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    assert.equal((await runQueueHere(['import', from], lines())).code, 0);
    let kills = 0;
    for (const elements of [1, 500, 1200]) {
      if ((await killAt([command, from, '--to', to], to, elements)) === 'SIGKILL') kills += 1;
    }
    assert.ok(kills > 0);
    // nothing waits for maxlock: the locks of the dead are taken over
    const last = await runQueueHere([command, from, '--to', to]);
    assert.equal(last.code, 0, last.stderr);
    assert.equal(await new SimpleQueue({ path: from }).count(), 0);
    const arrived = await numbersIn(to);
    assert.deepEqual([...new Set(arrived)], upTo(MESSAGES));
    assert.ok(arrived.length <= MESSAGES + kills * 500, `${arrived.length} arrived after ${kills} kills`);
  });
}

test('move stopped by a signal: what is in hand is finished, nothing stays locked, and the exit code says so', async (t) => {
  const folder = await tempFolder(t);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  assert.equal((await runQueueHere(['import', from], lines())).code, 0);
  const child = spawn(process.execPath, [STOMPCTL, 'queue', 'move', from, '--to', to], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  const closed = once(child, 'close');
  const queue = new SimpleQueue({ path: to });
  await eventually(async () => (await queue.count()) > 0);
  child.kill('SIGTERM');
  const [code] = await closed;
  const moved = await queue.count();
  assert.match(
    said,
    moved < MESSAGES ? /^moved \d+ messages? to .*, then stopped by a signal\n$/ : /^moved 2000 messages to .*\/to\n$/,
  );
  assert.ok(said.startsWith(`moved ${moved} message`), said);
  assert.equal(code, moved < MESSAGES ? 143 : 0);
  assert.deepEqual(remains(from), []);
  assert.equal(await new SimpleQueue({ path: from }).count(), MESSAGES - moved);
});

test('remove --all killed: the next one finishes, nothing stays locked', async (t) => {
  const path = join(await tempFolder(t), 'q');
  assert.equal((await runQueueHere(['import', path], lines())).code, 0);
  const child = spawn(process.execPath, [STOMPCTL, 'queue', 'remove', path, '--all'], { stdio: 'ignore' });
  const closed = once(child, 'close');
  const queue = new SimpleQueue({ path });
  await eventually(async () => (await queue.count()) < MESSAGES);
  child.kill('SIGKILL');
  await closed;
  const left = await queue.count();
  const ended = await runQueueHere(['remove', path, '--all']);
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  assert.ok(left <= MESSAGES);
  assert.equal(await queue.count(), 0);
});

test('an import that is killed has added whole messages, in order', async (t) => {
  const folder = await tempFolder(t);
  const child = spawn(process.execPath, [STOMPCTL, 'queue', 'import', join(folder, 'copy')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const closed = once(child, 'close');
  child.stdin.write(lines().slice(0, 200_000));
  const copy = new SimpleQueue({ path: join(folder, 'copy') });
  await eventually(async () => (await copy.count()) > 0);
  child.kill('SIGKILL');
  await closed;
  const some = await numbersIn(join(folder, 'copy'));
  assert.deepEqual(some, upTo(some.length));
});
