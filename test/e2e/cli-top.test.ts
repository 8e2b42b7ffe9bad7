import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { processExists } from '../../src/base/liveness.js';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { parseArguments } from '../../src/cli/command-line/option-command.js';
import { instanceTable } from '../../src/cli/instances/instance-table.js';
import { top } from '../../src/cli/instances/top-command.js';
import { installSignals } from '../../src/daemon/signals.js';
import { statusPath } from '../../src/daemon/status-file.js';
import { eventually } from '../support/eventually.js';
import { HurriedClock } from '../support/hurried-clock.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { DEAF, runMain } from '../support/run-main.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { atEnd, tempFolder } from '../support/temp-folder.js';

const LIVING = process.ppid;
const ERROR = { code: 'CONNECT_FAILED', message: 'connect(b): refused \u001b[2J', agoMs: 4000 };

function instance(folder: string, name: string, facts: object | undefined, pid = LIVING): void {
  const pidfile = join(folder, `${name}.pid`);
  writeFileSync(pidfile, `${pid}\n`);
  const head = { version: 1, pid, sequence: 1, at: new Date().toISOString() };
  if (facts !== undefined) writeFileSync(statusPath(pidfile), JSON.stringify({ ...head, ...facts }));
}

const MOVING = {
  state: 'moving',
  reason: '3 messages in flight',
  inFlight: 3,
  rate: { received: 12, sent: 11.96 },
  backlog: { elements: 45, oldestMs: 61_400 },
  failures: { elements: 2 },
  ends: [{ role: 'sink', name: 'broker b', phase: 'open', lastError: ERROR }],
};
const STUCK = { state: 'stuck', reason: 'sink broker b is away for 9 s', inFlight: 20, ends: [] };

async function instances(test: TestContext): Promise<string> {
  const folder = await tempFolder(test);
  instance(folder, 'a-moves', MOVING);
  instance(folder, 'b-stuck', STUCK);
  instance(folder, 'c-dead', MOVING, DEAD_PID);
  instance(folder, 'd-silent', undefined);
  writeFileSync(join(folder, 'e-garbage.pid'), 'hello\n');
  writeFileSync(join(folder, 'other.txt'), '1\n');
  return folder;
}

describe('stompctl top, once', () => {
  it('has a line for each instance, what needs somebody first', async (test) => {
    const folder = await instances(test);
    const { code, out } = await runMain(['top', folder]);
    assert.equal(code, 0);
    const [titles, ...rows] = out.trimEnd().split('\n');
    assert.match(String(titles), /^INSTANCE +PID +STATE +SENT\/S +BACKLOG +OLDEST +FLIGHT +FAILED +WHY$/);
    const expected = [
      new RegExp(`^b-stuck +${LIVING} +stuck +- +- +- +20 +- +sink broker b is away for 9 s$`),
      /^e-garbage +- +invalid +- .*this is not a pid file/,
      /^c-dead +- +not running +- +- +- +- +-$/,
      new RegExp(`^d-silent +${LIVING} +unknown +- .*d-silent\\.pid\\.status is not there`),
      new RegExp(`^a-moves +${LIVING} +moving +12\\.0 +45 +61 s +3 +2 +4 s ago: connect\\(b\\): refused  \\[2J$`),
    ];
    for (const [index, pattern] of expected.entries()) assert.match(String(rows[index]), pattern);
    assert.equal(rows.length, expected.length);
  });

  it('prints an object a line with --json', async (test) => {
    const { code, out } = await runMain(['top', '--json', await instances(test)]);
    assert.equal(code, 0);
    const told = out
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    assert.deepEqual(
      told.map(({ state, running }) => [state, running]),
      [
        ['moving', true],
        ['stuck', true],
        ['not-running', false],
        ['unknown', true],
        ['invalid', false],
      ],
    );
  });

  it('takes single pidfiles, and each once', async (test) => {
    const folder = await instances(test);
    const one = join(folder, 'a-moves.pid');
    const { out } = await runMain(['top', '--json', '--pidfile', one, join(folder, 'b-stuck.pid'), one]);
    assert.equal(out.trimEnd().split('\n').length, 2);
  });

  for (const [what, place] of [
    ['a path where nothing is', ['nowhere']],
    ['a pidfile in a folder that is not there', ['nowhere', 'a.pid']],
    ['a file that is not there and is named as no pidfile is', ['a']],
  ] as const) {
    it(`refuses ${what}: there is no instance to be told of`, async (test) => {
      const path = join(await tempFolder(test), ...place);
      for (const args of [[path], ['--json', path], ['--pidfile', path]]) {
        assert.deepEqual(await runMain(['top', ...args]), {
          code: 66,
          out: '',
          err: `stompctl: look at(${path}): there is no such folder or pidfile: name the folder of the pidfiles, or one of them (PATH.pid)\n`,
        });
      }
      await assert.rejects(watchedOn(new Terminal(() => undefined), path), { code: 'INPUT_UNREADABLE' });
    });
  }

  it('tells of a pidfile that went with its process as not running, and exits with 1 when there is no other', async (test) => {
    const folder = await instances(test);
    const gone = join(folder, 'gone.pid');
    const { code, out } = await runMain(['top', '--json', gone]);
    assert.deepEqual([code, JSON.parse(out).state], [1, 'not-running']);
    assert.equal((await runMain(['top', gone, folder])).code, 0);
  });

  it('says where it looked when there is none, and exits with 1', async (test) => {
    const folder = await tempFolder(test);
    const none = await runMain(['top', folder]);
    assert.deepEqual([none.code, none.out.startsWith(`no instance has a pidfile at ${folder}: name`)], [1, true]);
    assert.deepEqual(await runMain(['top', '--json', folder]), { code: 1, out: '', err: '' });
  });
});

/** A terminal that goes after so many pictures. */
class Terminal {
  columns = 100;
  rows = 24;
  writable = true;
  readonly pictures: string[] = [];
  written = '';
  readonly #meanwhile: (picture: number, terminal: Terminal) => void;

  constructor(meanwhile: (picture: number, terminal: Terminal) => void) {
    this.#meanwhile = meanwhile;
  }

  write(text: string | Uint8Array): boolean {
    this.written += String(text);
    if (!String(text).startsWith('\u001b[H')) return true;
    this.pictures.push(String(text));
    this.#meanwhile(this.pictures.length, this);
    return true;
  }
}

async function watchedOn(terminal: Terminal, folder: string): Promise<number> {
  const io = { out: terminal, err: terminal, columns: terminal.columns, signals: installSignals(DEAF) };
  return top(parseArguments(COMMANDS.top, [folder]), io, new HurriedClock());
}

function pidOf(shown: string): number {
  return Number(/pid=(\d+)\./.exec(shown)?.[1] ?? 0);
}

function plainLines(picture: string): string[] {
  return ['H', 'K', 'J'].reduce((text, code) => text.replaceAll(`\u001b[${code}`, ''), picture).split('\r\n');
}

describe('stompctl top, on a terminal', () => {
  it('shows what comes and goes, fits the terminal as it is, and ends when that goes', async (test) => {
    const folder = await tempFolder(test);
    instance(folder, 'a', MOVING);
    const seen = { b: false, gone: false, narrow: false };
    const terminal = new Terminal((picture, screen) => {
      const lines = plainLines(screen.pictures.at(-1) ?? '');
      assert.ok(lines.length <= screen.rows);
      for (const line of lines) assert.ok(line.length <= screen.columns, line);
      if (lines.some((line) => line.startsWith('a ') && line.includes(' moving '))) {
        if (!seen.b) instance(folder, 'b', STUCK);
      }
      if (!seen.b && lines.some((line) => line.startsWith('b ') && line.includes(' stuck '))) {
        seen.b = true;
        rmSync(join(folder, 'a.pid'));
      } else if (seen.b && !seen.gone && !lines.some((line) => line.startsWith('a '))) {
        seen.gone = true;
        [screen.columns, screen.rows] = [30, 4];
        for (const name of ['c', 'd', 'e', 'f']) instance(folder, name, MOVING);
      } else if (seen.gone && !seen.narrow && lines.some((line) => /^… and 5 more/.test(line))) {
        seen.narrow = true;
        rmSync(folder, { recursive: true });
      } else if (seen.narrow && lines.some((line) => line.startsWith('no instance'))) {
        screen.writable = false;
      }
      if (picture > 5000) screen.writable = false;
    });
    assert.equal(await watchedOn(terminal, folder), 0);
    assert.deepEqual(seen, { b: true, gone: true, narrow: true });
    assert.ok(terminal.written.startsWith('\u001b[?1049h\u001b[?25l'));
    mkdirSync(folder);
  });

  it('ends with its terminal, and leaves the screen as it was when it is stopped', async (test) => {
    const folder = await instances(test);
    for (const how of ['hang up', 'stop'] as const) {
      // a terminal of its own, from bsdutils
      const command = `echo "pid=$$."; exec '${process.execPath}' '${STOMPCTL}' top '${folder}'`;
      const script = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null']);
      const ended = once(script, 'close');
      let shown = '';
      atEnd(test, async () => {
        script.kill('SIGKILL');
        if (pidOf(shown) > 1 && processExists(pidOf(shown))) process.kill(pidOf(shown), 'SIGKILL');
      });
      script.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
      });
      await eventually(() => /b-stuck .* stuck /.test(shown));
      const pid = pidOf(shown);
      assert.ok(pid > 1 && processExists(pid), JSON.stringify({ pid, shown: shown.slice(0, 500) }));
      if (how === 'hang up') script.kill('SIGKILL');
      else process.kill(pid, 'SIGINT');
      await ended;
      await eventually(() => !processExists(pid));
      if (how === 'stop') assert.ok(shown.includes('\u001b[?25h\u001b[?1049l'));
    }
  });
});

describe('the table of instances', () => {
  it('is cut to the room there is', () => {
    const rows = ['a', 'b', 'c', 'd'].map((name) => ({
      pidfile: `/run/${name}.pid`,
      status: undefined,
      fault: undefined,
    }));
    assert.equal(instanceTable(rows, 200, 5).length, 5);
    assert.deepEqual(instanceTable(rows, 200, 4).at(-1), '… and 2 more');
    for (const line of instanceTable(rows, 10, 10)) assert.ok(line.length <= 10);
  });
});
