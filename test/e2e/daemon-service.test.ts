import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Child, startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { tempFolder } from '../support/temp-folder.js';

const PROGRAM = '../../stompctl/stompctl.js';

async function scene(test: TestContext) {
  const folder = await tempFolder(test);
  const pidfile = join(folder, 'run.pid');
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await mkdir(from);
  const start = (...args: string[]): Child => startChild(test, PROGRAM, args);
  const runArguments = ['--incoming-queue', `path=${from}`, '--outgoing-queue', `path=${to}`, '--loop', '--remove'];
  const run = (flag?: string, env?: NodeJS.ProcessEnv) => {
    const args = [...runArguments, '--pidfile', pidfile, ...(flag === undefined ? [] : [flag])];
    return startChild(test, PROGRAM, args, env);
  };
  const runs = () => eventually(() => existsSync(pidfile), { what: 'the pidfile to appear' });
  /** what a command that ends by itself says */
  const ask = async (...args: string[]) => {
    const child = start(...args);
    const code = await child.ended;
    return { code, out: child.out(), err: child.err() };
  };
  return { folder, pidfile, run, runs, ask };
}

describe('a run with a pidfile', () => {
  it('is seen by status, refuses a second one, and is ended by quit', async (test) => {
    const { folder, pidfile, run, runs, ask } = await scene(test);
    const child = run();
    await runs();
    assert.equal(await readFile(pidfile, 'latin1'), `${child.pid}\n`);
    const status = await ask('--status', '--pidfile', pidfile);
    assert.equal(status.code, 0);
    assert.match(status.out, new RegExp(`^stompctl \\(pid ${child.pid}\\) was active on \\w{3} \\w{3} .* \\d{4}\n$`));
    const second = run();
    assert.equal(await second.ended, 75);
    assert.match(second.err(), new RegExp(`already running as pid ${child.pid}`));
    const quit = await ask('quit', '--pidfile', pidfile);
    assert.deepEqual(quit, {
      code: 0,
      out: `stompctl (pid ${child.pid}) is being told to quit...\nstompctl does not seem to be running anymore\n`,
      err: '',
    });
    assert.equal(await child.ended, 0);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('.pid')),
      [],
    );
    assert.equal((await ask('status', '--pidfile', pidfile)).code, 3);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`drains, exits 0 and removes the pidfile at ${signal}`, async (test) => {
      const { pidfile, run, runs } = await scene(test);
      const child = run();
      await runs();
      child.process.kill(signal);
      assert.equal(await child.ended, 0);
      assert.equal(existsSync(pidfile), false);
    });
  }

  it('goes on at HUP, USR1 and PIPE', async (test) => {
    const { pidfile, run, runs, ask } = await scene(test);
    const child = run();
    await runs();
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const) child.process.kill(signal);
    assert.equal((await ask('status', '--pidfile', pidfile)).code, 0);
    child.process.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    assert.doesNotMatch(child.err(), /Debugger/);
  });

  it('takes over after a SIGKILL', async (test) => {
    const { pidfile, run, runs, ask } = await scene(test);
    const first = run();
    await runs();
    first.process.kill('SIGKILL');
    await first.ended;
    assert.equal((await ask('status', '--pidfile', pidfile)).code, 1);
    const second = run();
    await eventually(async () => (await readFile(pidfile, 'latin1')) === `${second.pid}\n`);
    await eventually(() => second.err().includes('"event":"pidfile-taken-over"'));
    second.process.kill('SIGTERM');
    assert.equal(await second.ended, 0);
  });
});

describe('--daemon', () => {
  it('says started and exits 0, with the child in the pidfile; quit ends it', async (test) => {
    const { folder, pidfile, run, ask } = await scene(test);
    const parent = run('--daemon');
    assert.equal(await parent.ended, 0, parent.err());
    const pid = Number(await readFile(pidfile, 'latin1'));
    test.after(async () => {
      if (existsSync(pidfile)) process.kill(pid, 'SIGKILL');
    });
    assert.equal(parent.out(), `stompctl (pid ${pid}) started\n`);
    assert.equal((await ask('status', '--pidfile', pidfile)).code, 0);
    assert.equal((await ask('quit', '--pidfile', pidfile)).code, 0);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('.pid')),
      [],
    );
  });

  it('logs to syslog, through one logger', async (test) => {
    const { folder, pidfile, run, ask } = await scene(test);
    const lines = join(folder, 'syslog');
    await writeFile(join(folder, 'logger'), `#!/bin/sh\necho "$@" >> ${lines}\nexec cat >> ${lines}\n`, {
      mode: 0o755,
    });
    const parent = run('--daemon', { PATH: `${folder}:${process.env.PATH}` });
    assert.equal(await parent.ended, 0, parent.err());
    const pid = Number(await readFile(pidfile, 'latin1'));
    test.after(async () => {
      if (existsSync(pidfile)) process.kill(pid, 'SIGKILL');
    });
    const received = () => readFile(lines, 'utf8');
    await eventually(async () => (await received()).includes('<14>start: '), { what: 'syslog to get the start' });
    assert.match(await received(), new RegExp(`^--prio-prefix -t stompctl --id=${pid} `));
    assert.equal((await ask('quit', '--pidfile', pidfile)).code, 0);
    assert.equal((await received()).split('--prio-prefix').length, 2);
    assert.equal(parent.err(), '');
  });

  it('hands on the error and the exit code of a run that cannot start', async (test) => {
    const { pidfile, run, runs } = await scene(test);
    const first = run();
    await runs();
    const parent = run('--daemon');
    assert.equal(await parent.ended, 75);
    assert.equal(parent.out(), '');
    assert.match(parent.err(), new RegExp(`^stompctl: .*already running as pid ${first.pid}`));
    assert.equal(await readFile(pidfile, 'latin1'), `${first.pid}\n`);
  });
});
