import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineCase } from '../support/config-case.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');
const page = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('the help of a command', () => {
  for (const [name, options] of [
    ['status', ['--json', '--pidfile', '--config', '--timeout-status', '--help']],
    ['quit', ['--pidfile', '--config', '--timeout-linger', '--timeout-flush', '--help']],
    ['demo', ['--help']],
    ['completion', ['--help']],
    ['check', ['--raw', '--json', '--connect', '--all', '--config-general', '--help']],
  ] as const) {
    it(`${name} shows its options alone`, async () => {
      const { out } = await runMain([name, '--help']);
      const shown = [...out.matchAll(/^ {2}(?:-\S, )?(--[\w-]+)/gm)].map(([, option = '']) => option);
      assert.deepEqual(shown.sort(), [...options].sort());
    });
  }

  for (const [name, text] of [
    ['peek', /--count <N> End after this many messages\. \(default: 10\)/],
    ['quit', /--timeout-linger <SECONDS>[^(]*\(default: 1\)/],
    ['rabbitmq', /--dry-run Show what would be changed, and change nothing\./],
    ['status', /--pidfile <PATH> Ask the process of this pidfile\./],
    ['run', /stompctl run \[options\] DIR .*--config <FILE> [^.]*\. Several are run in one process/],
  ] as const) {
    it(`${name} says what its options mean there`, async () => {
      assert.match((await runMain([name, '--help'])).out.replace(/\s+/g, ' '), text);
    });
  }

  it('queue fits 80 columns', async () => {
    const { out } = await runMain(['queue', '--help']);
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 80),
      [],
    );
  });

  it('check fits the columns of a terminal, but for values that are longer', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    writeFileSync(file, 'incoming-queue = path=/in\noutgoing-broker-uri = stomp://one.example.com:61613\n');
    const { code, out } = await runMain(['check', '--all', file], {}, 100);
    assert.equal(code, 0, out);
    const lines = out.split('\n');
    assert.ok(lines.some((line) => line.endsWith(`  ${file}:2`)));
    // of what is longer by itself, as the path of a temporary folder may be, nothing is left to take: no blank too many
    const unavoidable = (line: string) =>
      line === `${file}: valid` ||
      (line.endsWith(`  ${file}:2`) && /^ {2}outgoing-broker-uri +stomp:\S+ {2}\//.test(line));
    assert.deepEqual(
      lines.filter((line) => line.length > 100 && !unavoidable(line)),
      [],
    );
    assert.match(out, /^ {2}It reads messages from .*\n {2}\S/m);
    // elsewhere lines stay whole
    assert.match((await runMain(['check', file])).out, /^ {2}It reads messages from .*\n\n/m);
  });

  it('but a command takes the others too, as stompclt does', async () => {
    const { code } = await runMain(['--status', '--pidfile', '/nowhere/x.pid', '--window', '5']);
    assert.equal(code, 3);
  });
});

describe('what to do is said', () => {
  for (const [name, args, text] of [
    [
      'without arguments',
      [],
      /^stompctl: .*stompctl --config FILE.*\nstompctl: "stompctl --help" .*"stompctl demo".*\n$/,
    ],
    ['for a file without --config', ['sender.conf'], /a configuration is given as "stompctl --config sender.conf"/],
    [
      'for a block where one of its options is wanted',
      ['--outgoing-brokr', 'x'],
      /did you mean --outgoing-broker-uri\?/,
    ],
    ['for the version, by the name that was written', ['-V'], /option\(-V\): .*did you mean --version\?/],
    ['for an option that another command has', ['peek', '-n', '5'], /no such option; see "stompctl peek --help"/],
    [
      'for a misspelt option of a command',
      ['send', '--headr', 'a=b'],
      /did you mean --header\?; see "stompctl send --help"/,
    ],
    [
      'for the folder of several transfers',
      ['status', '/'],
      /\/ is a folder, .*give the pidfile of that with --pidfile/,
    ],
    ['for the same folder, to reload', ['reload', '/'], /give the pidfile of that with --pidfile/],
    [
      'for more than one instance',
      ['quit', 'a.conf', '--pidfile', 'x'],
      /takes one instance: CONFIG, --config or --pidfile/,
    ],
    ['for a file of run', ['run', 'sender.conf'], /a configuration is given as "--config FILE"/],
    [
      'for a command line with several faults, all of them',
      ['--window', '5'],
      /nothing says where messages come from: set incoming-queue.*; nothing says where messages go: set outgoing-queue/,
    ],
  ] as const) {
    it(name, async () => {
      const { code, out, err } = await runMain(args);
      assert.deepEqual([code, out], [64, '']);
      assert.match(err, text);
    });
  }

  it('for a block whose name is misspelt', async (t) => {
    const { texts } = await examineCase(t, { file: '<outgoing-brokr>\nuri = stomp://h\n</outgoing-brokr>\n' });
    assert.match(texts.join(), /no option "outgoing-brokr": did you mean "outgoing-broker"\?/);
  });
});

describe('the manual', () => {
  it('reads as text: no marks, lines of a terminal, every option, every key of a table', async () => {
    const { code, out } = await runMain(['--manual']);
    assert.equal(code, 0);
    const lines = out.split('\n');
    // code stands as it is
    const text = lines.filter((line) => !/^ {6}/.test(line));
    assert.deepEqual(
      text.filter((line) => line.length > 80 || /^#|^ *\||`|\*\*|\]\(|<!--/.test(line)),
      [],
    );
    assert.ok(lines.includes('ON THE COMMAND LINE'));
    assert.ok(lines.includes('      [outgoing.broker]'));
    for (const { name } of OPTION_TABLE)
      assert.ok(
        lines.some((line) => line.split(' ')[0] === name),
        name,
      );
    assert.match(out, /\n {2}maxlock\n {6}seconds after which a purge frees a lock\n {6}default: 600\n/);
  });
});

describe('a page for newcomers', () => {
  it('names every kind of address: the reference, the manual, the help, the page of brokers', async () => {
    const { out: help } = await runMain(['--help']);
    const words = ['stomp://', 'ssl://', 'ws://', 'wss://', 'failover:(', 'file:'];
    for (const text of [page('docs/configuration.md'), page('docs/stompctl.1'), help, page('docs/brokers.md')]) {
      for (const word of words) assert.ok(text.replaceAll('\\', '').includes(word), word);
    }
  });

  it('installs every unit', () => {
    for (const name of readdirSync(join(ROOT, 'systemd')))
      assert.ok(page('docs/install.md').includes(`systemd/${name}`), name);
  });

  it('has its manual installed, and no source maps in the package', () => {
    const { man, files } = JSON.parse(page('package.json')) as { man: unknown; files: string[] };
    assert.deepEqual(man, ['docs/stompctl.1']);
    assert.ok(files.includes('!dist/src/**/*.map'));
  });

  it('makes a cron job that is silent while all goes well, in folders that are made', () => {
    assert.match(page('etc/cron.conf'), /^log-level = warn$/m);
    assert.match(page('systemd/stompctl.tmpfiles'), /^d \/run\/stompctl /m);
  });
});
