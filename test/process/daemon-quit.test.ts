import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { quit } from '../../src/cli/quit-command.js';
import { isStompctl, programOf } from '../../src/daemon/process-program.js';
import { quitOwner } from '../../src/daemon/quit-owner.js';
import { deadPid, startChild, startStompctlChild } from '../support/child.js';
import { HurriedClock } from '../support/hurried-clock.js';
import { tempFolder } from '../support/temp-folder.js';

async function scene(test: TestContext, content?: string) {
  const folder = await tempFolder(test);
  const pidfile = join(folder, 'run.pid');
  if (content !== undefined) await writeFile(pidfile, content);
  let text = '';
  const out = { write: (more: string) => (text += more) };
  return { folder, pidfile, out, said: () => text };
}

describe('quit', () => {
  it('stops a process that watches its pidfile', async (test) => {
    const { folder, pidfile, out, said } = await scene(test);
    const child = await startStompctlChild(test, 'daemon-program.js', ['hold', pidfile]);
    await child.says('holding');
    assert.equal(await quit({ pidfile, out }), 0);
    assert.equal(await child.ended, 0);
    assert.match(child.out(), /\nquit\n$/);
    assert.equal(
      said(),
      `stompctl (pid ${child.pid}) is being told to quit...\nstompctl does not seem to be running anymore\n`,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('sends TERM to a process that does not answer, after linger + flush + 10 s', async (test) => {
    const { folder, pidfile, out, said } = await scene(test);
    const child = await startStompctlChild(test, 'daemon-program.js', ['idle', pidfile]);
    await child.says('idle');
    await writeFile(pidfile, `${child.pid}\n`);
    const clock = new HurriedClock();
    const calming = { write: (text: string) => out.write(text) && text.includes('killing it now') && clock.calm() };
    assert.equal(await quit({ pidfile, out: calming, clock, lingerMs: 2000, flushMs: 3000 }), 0);
    assert.equal(await child.ended, 'SIGTERM');
    assert.ok(clock.waitedMs() >= 15_000, `waited ${clock.waitedMs()} ms`);
    assert.equal(
      said(),
      [
        `stompctl (pid ${child.pid}) is being told to quit...`,
        `stompctl (pid ${child.pid}) is still running, killing it now...`,
        `stompctl (pid ${child.pid}) has been successfully killed`,
        `stompctl removing stale pid file: ${pidfile}`,
        '',
      ].join('\n'),
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('sends KILL to a process that outlives TERM', async (test) => {
    const { folder, pidfile } = await scene(test);
    const child = await startStompctlChild(test, 'daemon-program.js', ['signal', pidfile]);
    await child.says('listening');
    await writeFile(pidfile, `${child.pid}\n`);
    const clock = new HurriedClock();
    const kill = (pid: number, signal: 'SIGTERM' | 'SIGKILL') => {
      if (signal === 'SIGKILL') clock.calm();
      process.kill(pid, signal);
    };
    await quitOwner(pidfile, { lingerMs: 0, flushMs: 0, say: () => undefined, clock, kill });
    assert.equal(await child.ended, 'SIGKILL');
    assert.deepEqual(await readdir(folder), []);
  });

  it('removes the pidfile of a dead process', async (test) => {
    const pid = await deadPid();
    const { folder, pidfile, out, said } = await scene(test, `${pid}\n`);
    assert.equal(await quit({ pidfile, out }), 0);
    assert.equal(
      said(),
      [
        `stompctl (pid ${pid}) is being told to quit...`,
        'stompctl does not seem to be running anymore',
        `stompctl removing stale pid file: ${pidfile}`,
        '',
      ].join('\n'),
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('leaves a process alone that got the pid after the file was last touched', async (test) => {
    const { pidfile, out, said } = await scene(test);
    const child = await startStompctlChild(test, 'daemon-program.js', ['signal', pidfile]);
    await child.says('listening');
    await writeFile(pidfile, `${child.pid}\n`);
    await utimes(pidfile, 1_000_000_000, 1_000_000_000);
    assert.equal(await quit({ pidfile, out, clock: new HurriedClock() }), 0);
    assert.match(said(), /removing stale pid file/);
    assert.equal(child.process.exitCode ?? child.process.signalCode, null, 'it still runs');
    assert.doesNotMatch(child.out(), /stop/);
  });

  it('leaves a process alone that is no stompctl, though its pid is in the file', async (test) => {
    const { folder, pidfile, out, said } = await scene(test);
    const child = startChild(test, 'daemon-program.js', ['signal', pidfile]);
    await child.says('listening');
    await writeFile(pidfile, `${child.pid}\n`);
    assert.equal(await quit({ pidfile, out, clock: new HurriedClock() }), 0);
    assert.match(said(), /removing stale pid file/);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(child.process.exitCode ?? child.process.signalCode, null, 'it still runs');
    assert.doesNotMatch(child.out(), /stop/);
  });

  it('of one of several transfers waits for its pidfile alone, and never signals the process', async (test) => {
    const { pidfile, out } = await scene(test);
    const child = await startStompctlChild(test, 'daemon-program.js', ['signal', pidfile]);
    await child.says('listening');
    const { pid } = child;
    const record = { version: 1, pid, sequence: 1, at: new Date().toISOString(), transfer: 'orders' };
    await writeFile(pidfile, `${pid}\n`);
    await writeFile(`${pidfile}.status`, JSON.stringify(record));
    const text = /the transfer orders does not end; process \d+ runs others too and is not signalled/;
    await assert.rejects(quit({ pidfile, out, clock: new HurriedClock() }), { code: 'QUIT_FAILED', message: text });
    await rm(pidfile);
    await writeFile(pidfile, `${pid}\n`);
    const clock = new HurriedClock();
    const asked = { write: (said: string) => said.includes('told to quit') && setImmediate(() => rmSync(pidfile)) };
    assert.equal(await quit({ pidfile, out: asked, clock }), 0);
    assert.equal(child.process.exitCode ?? child.process.signalCode, null, 'it still runs');
    assert.doesNotMatch(child.out(), /stop/);
  });

  it('tells a stompctl of the owner of the file from any other process', async (test) => {
    const child = await startStompctlChild(test, 'daemon-program.js', ['signal']);
    await child.says('listening');
    const uid = process.getuid?.() ?? 0;
    assert.equal(programOf(child.pid, uid), 'ours');
    assert.equal(programOf(child.pid, uid + 1), 'other', 'of another user');
    assert.equal(programOf(process.pid, uid), 'other', 'another program');
    assert.equal(programOf(await deadPid(), uid), 'unknown');
  });

  for (const [ours, ...args] of [
    [true, 'node', '/usr/local/bin/stompctl', '--daemon'],
    [true, '/usr/bin/node', '--max-old-space-size=64', '--import', './x.js', '/opt/dist/src/bin/stompctl.js'],
    [true, '/usr/bin/perl', '-w', '/usr/bin/stompclt', '--config', 'x'],
    [true, 'stompctl', 'run'],
    [false, '/bin/sh', '/usr/local/bin/stompctl'],
    [false, 'vim', '/etc/stompctl'],
    [false, 'node', 'server.js', 'stompctl'],
    [false, 'node'],
    [false, ''],
  ] as const) {
    it(`takes "${args.join(' ')}" for ${ours ? 'a stompctl' : 'another program'}`, () => {
      assert.equal(isStompctl(args), ours);
    });
  }

  it('exits 0 when there is no pidfile', async (test) => {
    const { pidfile, out, said } = await scene(test);
    assert.equal(await quit({ pidfile, out }), 0);
    assert.equal(said(), 'stompctl does not seem to be running (no pid file)\n');
  });

  it('refuses garbage, and a file that stays empty', async (test) => {
    for (const content of ['garbage', '']) {
      const { pidfile, out } = await scene(test, content);
      await assert.rejects(quit({ pidfile, out, clock: new HurriedClock() }), { code: 'PIDFILE_INVALID' });
    }
  });
});
