import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { instanceStatus } from '../../src/cli/instances/instance-status.js';
import { statusPath } from '../../src/daemon/status-file.js';
import { HurriedClock } from '../support/hurried-clock.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const LIVING = process.ppid;

function record(changed: Readonly<Record<string, unknown>> = {}): string {
  const at = new Date().toISOString();
  return JSON.stringify({
    version: 1,
    pid: LIVING,
    sequence: 3,
    at,
    state: 'idle',
    reason: 'nothing to move',
    ...changed,
  });
}

async function instance(test: TestContext, pid: number | undefined, status?: string): Promise<string> {
  const pidfile = join(await tempFolder(test), 'run.pid');
  if (pid !== undefined) writeFileSync(pidfile, `${pid}\n`);
  if (status !== undefined) writeFileSync(statusPath(pidfile), status);
  return pidfile;
}

async function configuration(pidfile: string): Promise<string> {
  const config = `${pidfile}.yaml`;
  writeFileSync(config, `pidfile: ${pidfile}\n`);
  return config;
}

describe('stompctl status', () => {
  for (const [state, code] of [
    ['moving', 0],
    ['idle', 0],
    ['stopping', 0],
    ['stuck', 2],
  ] as const) {
    it(`${code}: ${state}`, async (test) => {
      const pidfile = await instance(test, LIVING, record({ state, reason: 'so it is' }));
      const told = await runMain(['status', '--pidfile', pidfile]);
      assert.equal(told.code, code);
      assert.match(
        told.out,
        new RegExp(`^stompctl \\(pid ${LIVING}\\) was active on [^\\n]*\\n${state}: so it is\\n$`),
      );
      const option = await runMain(['--status', '--pidfile', pidfile]);
      assert.deepEqual([option.code, option.out], [0, told.out.slice(0, told.out.indexOf('\n') + 1)]);
    });
  }

  it('1: the process is dead, whatever its status file says', async (test) => {
    const pid = DEAD_PID;
    const pidfile = await instance(test, pid, record({ pid, state: 'moving' }));
    const told = await runMain(['status', '--pidfile', pidfile]);
    assert.deepEqual([told.code, told.out], [1, `stompctl (pid ${pid}) does not seem to be running anymore\n`]);
  });

  // made when the test runs: after ten seconds a status file is old
  for (const [what, status, reason] of [
    ['is not there', () => undefined, /is not there, or not of this version$/],
    ['is of another pid', () => record({ pid: 1 }), /is of pid 1$/],
    ['is garbage', () => 'hello', /is not there, or not of this version$/],
    ['has a state that is none', () => record({ state: 'sad' }), /is not of this version$/],
  ] as const) {
    it(`knows only the pidfile when the status file ${what}`, async (test) => {
      const pidfile = await instance(test, LIVING, status());
      const plain = await runMain(['status', '--pidfile', pidfile]);
      assert.match(plain.out, /^stompctl \(pid \d+\) was active on [^\n]*\n$/);
      assert.equal(plain.code, 0);
      const told = JSON.parse((await runMain(['status', '--json', '--pidfile', pidfile])).out);
      assert.deepEqual([told.state, told.running, told.code], ['unknown', true, 0]);
      assert.match(told.reason, reason);
    });
  }

  it('keeps the codes of --status for a pidfile alone, and has 1 for a configuration', async (test) => {
    const pidfile = await instance(test, undefined);
    assert.equal((await runMain(['status', '--pidfile', pidfile])).code, 3);
    assert.equal((await runMain(['status', await configuration(pidfile)])).code, 1);
  });

  it('tells of several configurations, the worst code last', async (test) => {
    const stuck = await configuration(await instance(test, LIVING, record({ state: 'stuck', reason: 'the broker' })));
    const idle = await configuration(await instance(test, LIVING, record()));
    const both = await runMain(['status', stuck, idle]);
    assert.equal(both.code, 2);
    const heads = both.out.split('\n').filter((line) => line.endsWith('.yaml'));
    assert.deepEqual(heads, [stuck, idle]);
    const lines = (await runMain(['status', '--json', stuck, idle])).out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).state),
      ['stuck', 'idle'],
    );
  });

  for (const [what, offsetMs] of [
    ['an hour old', -3_600_000],
    ['an hour ahead', 3_600_000],
  ] as const) {
    it(`is not misled by a clock that was stepped: a file ${what} that goes on is fresh`, async (test) => {
      const at = new Date(Date.now() + offsetMs).toISOString();
      const pidfile = await instance(test, LIVING, record({ at }));
      const writing = setTimeout(() => writeFileSync(statusPath(pidfile), record({ at, sequence: 4 })), 10);
      const told = await runMain(['status', '--pidfile', pidfile]);
      clearTimeout(writing);
      assert.deepEqual([told.code, told.out.split('\n')[1]], [0, 'idle: nothing to move']);
    });

    it(`a file ${what} that does not go on is a process that is stuck`, async (test) => {
      const at = new Date(Date.now() + offsetMs).toISOString();
      const pidfile = await instance(test, LIVING, record({ at }));
      const { code, verdict } = await instanceStatus(pidfile, 0, new HurriedClock());
      assert.equal(code, 2);
      assert.match(String(verdict?.reason), /^it has published nothing for \d/);
    });
  }

  it('shows no control characters of what a broker said', async (test) => {
    const pidfile = await instance(test, LIVING, record({ state: 'stuck', reason: 'said \u001b[2J\nroot: idle' }));
    const told = await runMain(['status', '--pidfile', pidfile]);
    assert.equal(told.out.split('\n')[1], 'stuck: said  [2J root: idle');
  });

  it('refuses a configuration beside --config', async () => {
    const told = await runMain(['status', 'a.yaml', '--config', 'b.yaml']);
    assert.equal(told.code, 64);
    assert.match(told.err, /CONFIG excludes --config and --pidfile/);
  });
});
