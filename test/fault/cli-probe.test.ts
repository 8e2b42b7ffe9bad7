import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { statusPath } from '../../src/daemon/status-file.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const LIVING = process.ppid;
const FACTS = {
  state: 'moving',
  reason: '3 messages in flight',
  inFlight: 3,
  oldestUnsettledMs: 250,
  parked: 0,
  rejected: 2,
  backlog: { elements: 45, oldestMs: 61_400 },
  failures: { elements: 2, oldestMs: 5000 },
  rate: { received: 12, sent: 11.96 },
};

async function instance(test: TestContext, facts: object | undefined, pid = LIVING): Promise<string> {
  const pidfile = join(await tempFolder(test), 'run.pid');
  writeFileSync(pidfile, `${pid}\n`);
  const head = { version: 1, pid, sequence: 3, at: new Date().toISOString() };
  if (facts !== undefined) writeFileSync(statusPath(pidfile), JSON.stringify({ ...head, ...facts }));
  return pidfile;
}

const OK = 0;
const WARNING = 1;
const CRITICAL = 2;
const UNKNOWN = 3;

const JUDGED: readonly (readonly [args: string, code: number, text: RegExp])[] = [
  ['', OK, /^STOMPCTL OK - moving: 3 messages in flight \| backlog=45;;;0 age=61\.4s;;;0 /],
  ['--max-backlog 45 --max-age 62 --max-failures 2', OK, /backlog=45;;45;0 age=61\.4s;;62;0 failures=2;;2;0/],
  ['--max-backlog 44', CRITICAL, /^STOMPCTL CRITICAL - backlog is 45 \(range 44\); moving: /],
  ['--max-age 1m', CRITICAL, /CRITICAL - age is 61\.4 \(range 60\)/],
  ['--max-age 2m', OK, /age=61\.4s;;120;0/],
  ['--max-failures 1', CRITICAL, /failures is 2/],
  [
    '--warn backlog=10,rate=20: --crit backlog=100',
    WARNING,
    /^STOMPCTL WARNING - backlog is 45 \(range 10\); rate is 12 /,
  ],
  ['--warn backlog=10 --crit backlog=20', CRITICAL, /backlog=45;10;20;0/],
  ['--warn backlog=@40:50', WARNING, /range @40:50/],
  ['--warn backlog=~:50,parked=0:0', OK, /backlog=45;~:50;;0/],
  ['--warn in_flight=10:', WARNING, /in_flight is 3/],
  ['--crit unsettled=0.2', CRITICAL, /unsettled is 0\.25/],
];

describe('stompctl probe', () => {
  for (const [args, code, text] of JUDGED) {
    it(`${code}: ${args || 'no thresholds'}`, async (test) => {
      const pidfile = await instance(test, FACTS);
      const told = await runMain(['probe', '--pidfile', pidfile, ...args.split(' ').filter(Boolean)]);
      assert.equal(told.code, code, told.out);
      assert.match(told.out, text);
      assert.match(told.out, /^[^\n]+\n$/);
    });
  }

  it('2: stuck, whatever the thresholds', async (test) => {
    const pidfile = await instance(test, { ...FACTS, state: 'stuck', reason: 'said a|b\nc' });
    const told = await runMain(['probe', '--pidfile', pidfile, '--max-backlog', '1000']);
    assert.deepEqual([told.code, told.out.split(' | ')[0]], [CRITICAL, 'STOMPCTL CRITICAL - stuck: said a/b c']);
  });

  it('2: not running', async (test) => {
    const dead = await runMain(['probe', '--pidfile', await instance(test, FACTS, DEAD_PID)]);
    assert.deepEqual([dead.code, dead.out.startsWith('STOMPCTL CRITICAL - (pid ')], [CRITICAL, true]);
    const never = await runMain(['probe', '--pidfile', join(await tempFolder(test), 'none.pid')]);
    assert.deepEqual(
      [never.code, never.out],
      [CRITICAL, 'STOMPCTL CRITICAL - does not seem to be running (no pid file)\n'],
    );
  });

  it('3: it lives and publishes nothing', async (test) => {
    const told = await runMain(['probe', '--pidfile', await instance(test, undefined)]);
    assert.equal(told.code, UNKNOWN);
    assert.match(told.out, /^STOMPCTL UNKNOWN - it is not known how it goes: /);
  });

  it('3: what is to be judged is not known', async (test) => {
    const { backlog: _, ...facts } = FACTS;
    const told = await runMain(['probe', '--pidfile', await instance(test, facts), '--max-backlog', '5']);
    assert.equal(told.code, UNKNOWN);
    assert.match(told.out, /^STOMPCTL UNKNOWN - backlog is not known: /);
  });

  it('takes the pidfile of a configuration', async (test) => {
    const pidfile = await instance(test, FACTS);
    writeFileSync(`${pidfile}.yaml`, `pidfile: ${pidfile}\n`);
    assert.equal((await runMain(['probe', `${pidfile}.yaml`])).code, OK);
  });

  for (const [args, text] of [
    [['--max-backlog', 'many'], /UNKNOWN - option\(--max-backlog\): "many" is not a number/],
    [['--max-backlog', '5m'], /"5m" is not a number/],
    [['--max-age', 'long'], /"long" is not a time, such as 90, 5m or 2h/],
    [['--warn', 'depth=1'], /"depth=1" is not NAME=RANGE, with one of backlog, age/],
    [['--warn', 'backlog='], /"" is no range of Nagios/],
    [['--crit', 'backlog=20:10'], /"20:10" is no range/],
    [['--crit', 'age=1,age=2'], /age is given twice/],
    [['--crit', 'age=1', '--max-age', '2'], /--crit has a range for age too/],
    [
      ['--max-backlogs', '1'],
      /UNKNOWN - option\(--max-backlogs\): there is no such option: did you mean --max-backlog/,
    ],
    [['a.yaml', 'b.yaml'], /takes one instance/],
    [[], /UNKNOWN - command\(probe\): needs a pidfile/],
  ] as const) {
    it(`3, as for every plugin: ${args.join(' ') || 'no instance'}`, async () => {
      const told = await runMain(['probe', ...args]);
      assert.deepEqual([told.code, told.err], [UNKNOWN, '']);
      assert.match(told.out, text);
      assert.match(told.out, /^STOMPCTL UNKNOWN - [^\n|]+\n$/);
    });
  }
});
