import assert from 'node:assert/strict';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { status } from '../../src/cli/status-command.js';
import { localDate } from '../../src/daemon/pidfile-status.js';
import { HurriedClock } from '../support/hurried-clock.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { tempFolder } from '../support/temp-folder.js';

const NOW = Date.now();

async function ask(test: TestContext, content: string | undefined, touchedMs = NOW, timeoutMs?: number) {
  const pidfile = join(await tempFolder(test), 'run.pid');
  if (content !== undefined) {
    await writeFile(pidfile, content);
    await utimes(pidfile, touchedMs / 1000, touchedMs / 1000);
  }
  let text = '';
  const clock = new HurriedClock(NOW);
  const code = await status({ pidfile, timeoutMs, clock, out: { write: (more: string) => (text += more) } });
  return { code, text, waitedMs: clock.waitedMs() };
}

describe('status', () => {
  it('0: the process lives and touched its file lately', async (test) => {
    const { code, text } = await ask(test, `${process.ppid}\n`, NOW - 59_000);
    assert.equal(code, 0);
    assert.equal(text, `stompctl (pid ${process.ppid}) was active on ${localDate(new Date(NOW - 59_000))}\n`);
  });

  it('0: it was told to quit and still lives', async (test) => {
    assert.equal((await ask(test, `${process.ppid}\nquit\n`)).code, 0);
  });

  it('1: the process is dead and its file is there', async (test) => {
    const pid = DEAD_PID;
    const { code, text } = await ask(test, `${pid}\n`);
    assert.equal(code, 1);
    assert.equal(text, `stompctl (pid ${pid}) does not seem to be running anymore\n`);
  });

  it('3: there is no file', async (test) => {
    const { code, text } = await ask(test, undefined);
    assert.equal(code, 3);
    assert.equal(text, 'stompctl does not seem to be running (no pid file)\n');
  });

  it('4: the process lives and its file is older than a minute', async (test) => {
    const { code, text } = await ask(test, `${process.ppid}\n`, NOW - 61_000);
    assert.equal(code, 4);
    const date = localDate(new Date(NOW - 61_000));
    assert.equal(text, `stompctl (pid ${process.ppid}) does not seem to be running anymore since ${date}\n`);
  });

  it('4: the file is empty', async (test) => {
    const { code, text } = await ask(test, '');
    assert.equal(code, 4);
    assert.equal(text, 'stompctl does not seem to be running yet (empty pid file)\n');
  });

  it('garbage in the file is an error', async (test) => {
    await assert.rejects(ask(test, 'garbage\n'), { code: 'PIDFILE_INVALID' });
  });

  it('asks once without timeout-status', async (test) => {
    assert.equal((await ask(test, undefined)).waitedMs, 0);
  });

  it('asks again until timeout-status is over', async (test) => {
    const { code, waitedMs } = await ask(test, undefined, NOW, 5000);
    assert.equal(code, 3);
    assert.ok(waitedMs >= 5000 && waitedMs < 6000);
  });

  it('asks again until the process runs', async (test) => {
    const pidfile = join(await tempFolder(test), 'run.pid');
    const clock = new HurriedClock();
    const asking = status({ pidfile, timeoutMs: 3_600_000, clock, out: { write: () => undefined } });
    await writeFile(pidfile, `${process.ppid}\n`);
    const touching = setInterval(() => utimes(pidfile, clock.wallMs() / 1000, clock.wallMs() / 1000), 1);
    assert.equal(await asking, 0);
    clearInterval(touching);
    await rm(pidfile);
  });

  it('writes dates as ctime does', () => {
    assert.equal(localDate(new Date(1999, 8, 9, 1, 46, 40)), 'Thu Sep  9 01:46:40 1999');
    assert.equal(localDate(new Date(2026, 10, 21, 23, 5, 9)), 'Sat Nov 21 23:05:09 2026');
  });
});
