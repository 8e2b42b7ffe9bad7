import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { runQueue } from '../support/run-queue.js';
import { tempFolder } from '../support/temp-folder.js';

async function place(test: TestContext): Promise<{ folder: string; queue: string }> {
  const folder = await tempFolder(test);
  const queue = join(folder, 'q');
  await new SimpleQueue({ path: queue }).addMessage(new Message(newHeader({}), Buffer.from('hello')));
  return { folder, queue };
}

describe('queue export to what is no regular file', () => {
  it('writes into a FIFO, with and without --force, and leaves it', async (test) => {
    const { folder, queue } = await place(test);
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const force of [[], ['--force']]) {
      const [text, { code, stderr }] = await Promise.all([
        readFile(fifo, 'utf8'),
        runQueue(['export', ...force, queue, fifo]),
      ]);
      assert.equal(stderr, '');
      assert.equal(code, 0);
      assert.match(text, /"body":"hello"/);
      assert.ok(lstatSync(fifo).isFIFO());
    }
  });

  it('writes into a device, here behind a link', async (test) => {
    const { folder, queue } = await place(test);
    const file = join(folder, 'nul');
    symlinkSync('/dev/null', file);
    const { code, stdout } = await runQueue(['export', '--force', queue, file]);
    assert.equal(code, 0);
    assert.match(stdout, /^exported 1 message to /);
    assert.ok(lstatSync(file).isSymbolicLink());
    assert.ok(lstatSync('/dev/null').isCharacterDevice());
  });

  it('tells a device that is full', async (test) => {
    const { queue } = await place(test);
    const { code, stderr } = await runQueue(['export', queue, '/dev/full']);
    assert.equal(code, 75);
    assert.match(stderr, /^stompctl: write\(\/dev\/full\): .*\n$/);
    assert.ok(lstatSync('/dev/full').isCharacterDevice());
  });

  it('takes /dev/stdout for standard output', async (test) => {
    const { queue } = await place(test);
    const { code, stdout } = await runQueue(['export', queue, '/dev/stdout']);
    assert.equal(code, 0);
    assert.match(stdout, /^\{.*"body":"hello".*\}\n$/);
  });

  it('replaces the file behind a link, and leaves the link', async (test) => {
    const { folder, queue } = await place(test);
    mkdirSync(join(folder, 'real'));
    const [file, real] = [join(folder, 'link'), join(folder, 'real', 'file')];
    writeFileSync(real, 'before');
    symlinkSync('real/file', file);
    assert.equal((await runQueue(['export', queue, file])).code, 64);
    assert.equal(readFileSync(real, 'utf8'), 'before');
    assert.equal((await runQueue(['export', '--force', queue, file])).code, 0);
    assert.ok(lstatSync(file).isSymbolicLink());
    assert.match(readFileSync(real, 'utf8'), /"body":"hello"/);
    assert.deepEqual(readdirSync(join(folder, 'real')), ['file']);
  });

  it('refuses a folder and a link to nothing, without naming --force', async (test) => {
    const { folder, queue } = await place(test);
    const none = join(folder, 'none');
    symlinkSync('nothing', none);
    for (const [file, reason] of [
      [folder, /is a folder: name a file\n$/],
      [none, /is a symbolic link to nothing: name the file itself\n$/],
    ] as const) {
      const { code, stderr } = await runQueue(['export', '--force', queue, file]);
      assert.equal(code, 64);
      assert.match(stderr, reason);
    }
  });
});
