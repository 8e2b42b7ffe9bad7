import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { FdStream } from '../../src/observe/fd-stream.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';

const dropLine = (dropped: number) => `dropped ${dropped}\n`;

/** A pipe that does not block; nobody reads it but `read`, which takes all there is. */
async function pipe(test: TestContext) {
  const path = join(await tempFolder(test), 'fifo');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  test.after(async () => closeSync(fd));
  const read = () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024);
    let length = 0;
    try {
      while (true) length += readSync(fd, bytes, length, bytes.length - length, null);
    } catch {
      // EAGAIN: it is empty now
      return bytes.toString('latin1', 0, length);
    }
  };
  return { fd, read };
}

describe('log lines to a file descriptor', () => {
  it('are written when write returns', async (test) => {
    const file = join(await tempFolder(test), 'log');
    const fd = openSync(file, 'w');
    test.after(async () => closeSync(fd));
    const stream = new FdStream(fd, systemClock, dropLine);
    stream.write('one\n');
    stream.write('two\n');
    assert.equal(readFileSync(file, 'latin1'), 'one\ntwo\n');
  });

  it('wait, in order, while the reader is slow', async (test) => {
    const { fd, read } = await pipe(test);
    const clock = new ManualClock();
    const stream = new FdStream(fd, clock, dropLine);
    const lines = Array.from({ length: 300 }, (_, at) => `${at} ${'x'.repeat(1000)}\n`);
    for (const line of lines) stream.write(line);
    let text = read();
    assert.ok(text.length < 150_000, 'the pipe was full');
    for (let turn = 0; turn < 20; turn += 1) {
      clock.skip(50);
      text += read();
    }
    assert.equal(text, lines.join(''));
  });

  it('are dropped beyond 1 MiB, and a line says how many', async (test) => {
    const { fd, read } = await pipe(test);
    const clock = new ManualClock();
    const stream = new FdStream(fd, clock, dropLine);
    const line = `${'x'.repeat(9999)}\n`;
    for (let at = 0; at < 200; at += 1) stream.write(line);
    let text = read();
    for (let turn = 0; turn < 40; turn += 1) {
      clock.skip(50);
      text += read();
    }
    const kept = text.length / line.length;
    assert.ok(kept >= 104 && kept <= 112, `kept ${kept}`);
    stream.write('after\n');
    assert.equal(read(), `dropped ${200 - kept}\nafter\n`);
  });

  it('are dropped when the reader is gone, without an error', async (test) => {
    const fd = openSync('/dev/full', 'w');
    test.after(async () => closeSync(fd));
    const stream = new FdStream(fd, systemClock, dropLine);
    stream.write('lost\n');
    await stream.flush();
  });

  it('are given a second at most by flush', async (test) => {
    const { fd } = await pipe(test);
    const clock = new ManualClock();
    const stream = new FdStream(fd, clock, dropLine);
    for (let at = 0; at < 20; at += 1) stream.write(`${'x'.repeat(9999)}\n`);
    let over = false;
    const flushed = stream.flush().then(() => {
      over = true;
    });
    for (let turn = 0; turn < 20; turn += 1) {
      assert.equal(over, false);
      clock.skip(50);
      await new Promise(setImmediate);
    }
    await flushed;
  });
});
