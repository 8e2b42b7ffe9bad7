import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const VERSION = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;

describe('help is on standard output, with exit code 0', () => {
  for (const args of [['--help'], ['-h'], ['-?'], ['help'], ['run', '--help'], ['--window', '5', '--help']]) {
    it(`stompctl ${args.join(' ')}`, async () => {
      const { code, out, err } = await runMain(args);
      assert.equal(code, 0);
      assert.equal(err, '');
      assert.match(out, /^Usage: stompctl \[run\] \[options\]\n/);
      for (const row of OPTION_TABLE.filter((each) => !each.fileOnly))
        assert.ok(out.includes(`--${row.name}`), row.name);
      for (const name of Object.keys(COMMANDS)) assert.match(out, new RegExp(`^ {2}${name} +[A-Z]`, 'm'));
      assert.ok(Math.max(...out.split('\n').map((line) => line.length)) <= 81);
    });
  }

  it('of a command', async () => {
    const { code, out } = await runMain(['check', '--help']);
    assert.equal(code, 0);
    assert.match(out, /^Usage: stompctl check \[options\] \[FILE\.\.\.\]\n/);
    assert.match(out, /--raw +print the parsed tree as JSON/);
  });

  for (const args of [['--version'], ['-version'], ['run', '--version']]) {
    it(`stompctl ${args.join(' ')}`, async () => {
      assert.deepEqual(await runMain(args), { code: 0, out: `stompctl ${VERSION}\n`, err: '' });
    });
  }

  for (const args of [['--list'], ['-l']]) {
    it(`stompctl ${args.join(' ')}`, async () => {
      const { code, out } = await runMain(args);
      assert.equal(code, 0);
      const [title, ...lines] = out.trimEnd().split('\n');
      assert.equal(title, 'Here are the supported command line options:');
      assert.equal(lines.length, OPTION_TABLE.filter((each) => !each.fileOnly).length);
      assert.ok(lines.includes('  --count, -c N (without end)'));
      assert.ok(lines.includes('  --window N (1000)'));
      assert.deepEqual(lines, [...lines].sort());
    });
  }

  for (const args of [['--manual'], ['-m']]) {
    it(`stompctl ${args.join(' ')}`, async () => {
      const { code, out } = await runMain(args);
      assert.equal(code, 0);
      for (const row of OPTION_TABLE.filter((each) => !each.fileOnly)) assert.ok(out.includes(row.name), row.name);
    });
  }
});

describe('a wrong command line is told on standard error, with exit code 64', () => {
  const CASES: readonly [args: readonly string[], err: string][] = [
    [
      ['--windo', '5'],
      `stompctl: option(--windo): there is no such option: did you mean --window?; see "stompctl --help"\n`,
    ],
    [['statu'], 'stompctl: command(statu): there is no such command: did you mean "status"?; see "stompctl --help"\n'],
    [
      ['/etc/x.conf'],
      'stompctl: command(/etc/x.conf): there is no such command; a configuration is given as "stompctl --config /etc/x.conf"\n',
    ],
    [['--status', '--quit'], 'stompctl: command(run): --status and --quit exclude each other\n'],
    [['status', '--quit'], 'stompctl: command(status): --status and --quit exclude each other\n'],
    [['--status'], 'stompctl: command(status): needs a pidfile: give --pidfile, or --config with one in it\n'],
    [['quit'], 'stompctl: command(quit): needs a pidfile: give --pidfile, or --config with one in it\n'],
    [['check'], 'stompctl: command(check): name the files to check\n'],
    [['--loop=maybe'], 'stompctl: option(--loop): must be one of true, false, 1, 0, not "maybe"\n'],
    [
      [],
      'stompctl: command(): say what to move: stompctl --config FILE, or --incoming-queue path=FOLDER and --outgoing-broker-uri URI\nstompctl: "stompctl --help" lists options and commands, "stompctl demo" shows it at work\n',
    ],
    [
      ['--incoming-queue', 'path=/in', '--outgoing-queue', 'path=/out', '--subscribe', 'destination=/a'],
      'stompctl: configuration(command line): subscribe needs an incoming broker\n',
    ],
  ];
  for (const [args, err] of CASES) {
    it(`stompctl ${args.join(' ')}`, async () => {
      assert.deepEqual(await runMain(args), { code: 64, out: '', err });
    });
  }
});

describe('a command finds its process by the pidfile', () => {
  for (const args of [['--status'], ['status'], ['run', '-status']]) {
    it(`stompctl ${args.join(' ')}: not running`, async () => {
      const { code, out } = await runMain([...args, '--pidfile', '/nowhere/x.pid']);
      assert.equal(code, 3);
      assert.equal(out, 'stompctl does not seem to be running (no pid file)\n');
    });
  }

  it('stompctl quit CONFIG: the pidfile is in the file', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    writeFileSync(file, 'pidfile = /nowhere/x.pid\n');
    assert.equal((await runMain(['quit', file])).code, 0);
  });

  it('stompctl quit: nothing to do', async () => {
    assert.equal((await runMain(['quit', '--pidfile', '/nowhere/x.pid'])).code, 0);
  });
});

describe('a missing configuration', () => {
  it('is no input', async () => {
    assert.deepEqual(await runMain(['--config', '/nowhere/x.conf']), {
      code: 66,
      out: '',
      err: 'stompctl: configuration(/nowhere/x.conf): there is no such file\n',
    });
  });
});
