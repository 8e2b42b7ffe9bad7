import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { eventually } from '../support/eventually.js';
import { remains } from '../support/queue-types.js';
import { runQueueHere } from '../support/run-main.js';
import { ascending, upTo } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';
import { onTerminal } from '../support/terminal.js';

const MESSAGES = 1000;

/** With lines that are no messages, so that numbers of lines and of messages are told apart. */
function input(): string[] {
  const messages = upTo(MESSAGES).map((n) => JSON.stringify({ header: { n: String(n) }, body: 'x'.repeat(300) }));
  return ['', 'no message', ...messages];
}

async function numbersIn(path: string): Promise<number[]> {
  const { stdout } = await runQueueHere(['export', path]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => Number(JSON.parse(line).header.n)).sort(ascending);
}

interface Stopped {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts a command of `queue`, with `text` on its standard input, which stays open; stops it when `ready`. */
async function stoppedAt(
  args: readonly string[],
  text: string,
  signal: NodeJS.Signals,
  ready: () => Promise<boolean>,
): Promise<Stopped> {
  const child = spawn(process.execPath, [STOMPCTL, 'queue', ...args], { stdio: 'pipe' });
  const ended = once(child, 'close');
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write(text);
  await eventually(ready);
  child.kill(signal);
  const [code] = (await ended) as [number | null];
  child.stdin.destroy();
  return { code, out, err };
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGQUIT', 143],
] as const) {
  test(`an import stopped by ${signal} says how far it came; with --skip it goes on, and nothing comes twice`, async (t) => {
    const path = join(await tempFolder(t), 'q');
    const queue = new SimpleQueue({ path });
    const lines = input();
    // the last line has no end yet: it is not part of what was read
    const some = lines.slice(0, 402).join('\n');
    const stopped = await stoppedAt(['import', path], some, signal, async () => (await queue.count()) === 399);
    assert.equal(stopped.code, code);
    assert.equal(stopped.out, `added 399 messages to ${path}, then stopped by a signal\n`);
    const hint = new RegExp(
      `^stompctl: stopped by ${signal}, at line 401 of standard input; .*the same command with --skip (\\d+)$`,
      'm',
    );
    const [, skip = ''] = hint.exec(stopped.err) ?? assert.fail(stopped.err);
    assert.deepEqual(remains(path), []);
    const rest = await runQueueHere(['import', path, '--skip', skip], lines.join('\n'));
    assert.deepEqual([rest.code, rest.stdout], [0, `added 601 messages to ${path}\n`], rest.stderr);
    assert.deepEqual(await numbersIn(path), upTo(MESSAGES));
  });
}

test('an import that ends with an error says how to go on, too', async (t) => {
  const folder = await tempFolder(t);
  const [path, file] = [join(folder, 'q'), join(folder, 'x.jsonl.gz')];
  const lines = input().slice(2).join('\n');
  // whole lines, then no gzip
  const { gzipSync } = await import('node:zlib');
  writeFileSync(file, Buffer.concat([gzipSync(`${lines}\n`), Buffer.from([0x1f, 0x8b, 0x08, 0xff, 0xff, 0xff])]));
  const { code, stderr } = await runQueueHere(['import', path, file]);
  assert.equal(code, 66);
  assert.match(stderr, /^stompctl: (\d+) messages had been added to .*: the same command with --skip \1:\n.*read\(/);
});

test('lines are passed over when lines are read, and only then', async (t) => {
  const path = join(await tempFolder(t), 'q');
  const { code, stderr } = await runQueueHere(['add', path, '--skip', '2'], 'x');
  assert.equal(code, 64);
  assert.match(stderr, /--skip\): is for lines: it needs --json-lines/);
  const added = await runQueueHere(['add', path, '--json-lines', '--skip', '999'], input().join('\n'));
  assert.equal(added.stdout, `added 3 messages to ${path}\n`);
  const none = await runQueueHere(['import', path, '--skip', '5000'], input().join('\n'));
  assert.deepEqual([none.code, none.stdout], [0, `added 0 messages to ${path}\n`]);
});

test('remove --all stopped by a signal: what is in hand is finished, nothing stays locked, and the exit code says so', async (t) => {
  const path = join(await tempFolder(t), 'q');
  const many = upTo(5000).map((n) => JSON.stringify({ header: { n: String(n) }, body: 'x' }));
  assert.equal((await runQueueHere(['import', path], many.join('\n'))).code, 0);
  const queue = new SimpleQueue({ path });
  const removing = async () => (await queue.count()) < 5000;
  const { code, out } = await stoppedAt(['remove', path, '--all'], '', 'SIGINT', removing);
  const left = await queue.count();
  const end = left > 0 ? ', then stopped by a signal' : '';
  assert.deepEqual([code, out], [left > 0 ? 130 : 0, `removed ${5000 - left} messages${end}\n`]);
  assert.deepEqual(remains(path), []);
});

test('an export stopped by a signal leaves no file', async (t) => {
  const folder = await tempFolder(t);
  const path = join(folder, 'q');
  const body = randomBytes(2_000_000).toString('base64');
  const many = upTo(20).map((n) => JSON.stringify({ header: { n: String(n) }, body }));
  assert.equal((await runQueueHere(['import', path], many.join('\n'))).code, 0);
  const before = readdirSync(folder);
  const args = ['export', path, join(folder, 'x.gz')];
  const { code } = await stoppedAt(args, '', 'SIGTERM', async () => readdirSync(folder).length > before.length);
  // unless it was quicker
  assert.deepEqual(readdirSync(folder), code === 0 ? [...before, 'x.gz'] : before);
});

test('import and remove --all show on a terminal how far they are', async (t) => {
  const folder = await tempFolder(t);
  const [path, file] = [join(folder, 'q'), join(folder, 'x.jsonl')];
  writeFileSync(file, input().join('\n'));
  const added = await onTerminal(t, [process.execPath, STOMPCTL, 'queue', 'import', path, file], []);
  assert.match(added.shown, /\radded \d+ messages?, \d+ msg\/s|added 0 messages, 0 msg\/s/);
  assert.match(added.shown, /added 1000 messages to /);
  assert.equal(added.code, 1);
  const removed = await onTerminal(t, [process.execPath, STOMPCTL, 'queue', 'remove', path, '--all'], []);
  assert.match(removed.shown, /removed \[=+\] 100% 1000\/1000 \d+ msg\/s 0 s left/);
  assert.equal(removed.code, 0);
  // this terminal tells no size
  const counted = await onTerminal(t, [process.execPath, STOMPCTL, 'queue', '--help'], []);
  assert.match(counted.shown, /Add a message with this file, or standard input, as its body; print its/);
});
