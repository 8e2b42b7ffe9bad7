import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';
import { BootedMachine, cannotBoot } from './booted-machine.js';

const ROOT = join(import.meta.dirname, '../../..');
const PASSWORD = 'pass word';
const CONFIG = '/etc/stompctl/sender.conf';
const PIDFILE = '/run/stompctl/sender.pid';

/** The commands of docs/running.md: what stands as code in a sentence, and the lines of blocks. */
function commands(): string[] {
  const text = readFileSync(join(ROOT, 'docs/running.md'), 'utf8');
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...new Set([...blocks, ...spans].filter((each) => /^(stompctl|systemctl|journalctl)( |$)/.test(each)))];
}

/** Each as it is written, with what stands in for its capitals, and what it says with exit code 0. */
const RUN: Readonly<Record<string, { readonly as?: readonly string[]; readonly says: RegExp }>> = {
  'stompctl status CONFIG…': {
    as: [`stompctl status ${CONFIG}`, `stompctl status ${CONFIG} ${CONFIG}`],
    says: /was active on .*\n(moving|idle): /,
  },
  'stompctl status --pidfile PATH': { as: [`stompctl status --pidfile ${PIDFILE}`], says: /\n(moving|idle): / },
  'stompctl --status --pidfile PATH': {
    as: [`stompctl --status --pidfile ${PIDFILE}`],
    says: /^stompctl \(pid \d+\) was active on [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\n$/,
  },
  'stompctl top [PLACE…]': {
    as: ['stompctl top', 'stompctl top /run/stompctl', `stompctl top ${PIDFILE}`],
    says: /^INSTANCE .*\nsender +\d+ +(moving|idle) /,
  },
  'stompctl probe CONFIG': { as: [`stompctl probe ${CONFIG}`], says: /^STOMPCTL OK - (moving|idle): .* \| backlog=0;/ },
  'stompctl probe --max-backlog 10000 --max-age 15m --max-failures 0 --warn backlog=1000 /etc/stompctl/sender.yaml': {
    says: /^STOMPCTL OK - .* \| backlog=0;1000;10000;0 age=0s;;900;0 failures=0;;0;0 /,
  },
  'stompctl reload CONFIG': { as: [`stompctl reload ${CONFIG}`], says: /has reloaded: nothing has changed\n$/ },
  'journalctl -p warning -u stompctl@sender': { says: /"level":"warn"/ },
};

/** What is not run here as it stands, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  stompctl: 'the name of the program, in a sentence',
  'stompctl status': 'the name of a command, in a sentence; it is run with what it needs above',
  'stompctl reload': 'the same',
  'stompctl top': 'the same',
  'stompctl run DIR': 'what stompctl.service starts, which package.test.ts holds',
  'systemctl start': 'the same: the service under test was started by it',
  'systemctl status': 'the same: a sentence about STATUS=, which package.test.ts and broker-away.test.ts hold',
  'stompctl (pid N) started': 'what --daemon prints: held below',
  'stompctl quit CONFIG': 'ends a run: run below, on one of its own, by its pidfile',
};

describe('what docs/running.md says, as it is written', { skip: cannotBoot() ?? false }, () => {
  const cleaning: (() => Promise<void>)[] = [];
  const suite: Cleaning = { after: (run) => void cleaning.push(run) };
  let machine: BootedMachine;
  let broker: InProcessBroker;
  const bash = (text: string) => machine.run('bash', '--norc', '-c', text);

  before(async () => {
    const made = execFileSync(join(ROOT, 'packaging/build-deb'), { encoding: 'utf8' }).trim();
    broker = await startedBroker(suite, { users: { sender: PASSWORD, cron: PASSWORD } });
    machine = await BootedMachine.boot(suite);
    copyFileSync(join(ROOT, made), machine.path(`/root/${basename(made)}`));
    await machine.must('dpkg', '--install', `/root/${basename(made)}`);
    const args = ['--direction', 'sender', '--uri', broker.uri, '--user', 'sender', '--destination', '/queue/q'];
    // the same twice, as the documents name it
    for (const file of ['/etc/stompctl/sender.conf', '/etc/stompctl/sender.yaml']) {
      const init = await machine.give(`${PASSWORD}\n`, 'stompctl', 'init', ...args, '--offline', '--force', file);
      assert.equal(init.code, 0, init.text);
    }
    await machine.must('systemctl', 'enable', '--now', 'stompctl@sender');
    // something to be warned of
    broker.killConnections();
    await eventually(async () => /"event":"open-retry"/.test((await bash('journalctl -u stompctl@sender')).text));
    await eventually(async () => (await machine.run('stompctl', 'status', CONFIG)).code === 0);
    // what waits in the queue is counted a moment after the start
    await eventually(async () => / backlog=0;/.test((await bash(`stompctl probe ${CONFIG}`)).text));
  });

  after(async () => {
    for (const run of cleaning) await run();
  });

  it('has no command that is neither run here nor named with the reason why not', () => {
    assert.deepEqual(commands().sort(), [...Object.keys(RUN), ...Object.keys(NOT_RUN)].sort());
  });

  for (const [written, { as = [written], says }] of Object.entries(RUN)) {
    it(written, async () => {
      for (const each of as) {
        const { code, text } = await bash(each);
        assert.equal(code, 0, `${each}\n${text}`);
        assert.match(text, says);
      }
    });
  }

  it('--daemon, and quit: prints the process, and the lines of the document', async () => {
    const text = readFileSync(machine.path(CONFIG), 'utf8').replaceAll('sender.pid', 'by-hand.pid');
    writeFileSync(machine.path('/etc/stompctl/by-hand.conf'), text);
    await machine.must('systemctl', 'stop', 'stompctl@sender');
    const user = 'runuser -u stompctl -- ';
    await machine.must('chgrp', 'stompctl', '/etc/stompctl/by-hand.conf');
    const started = await bash(`${user}stompctl --config /etc/stompctl/by-hand.conf --daemon`);
    assert.match(started.text, /^stompctl \(pid \d+\) started\n$/);
    assert.equal(started.code, 0);
    const quit = await bash(`${user}stompctl quit --pidfile /run/stompctl/by-hand.pid`);
    const lines = [
      /^stompctl \(pid \d+\) is being told to quit\.\.\.$/,
      /^stompctl does not seem to be running anymore$/,
    ];
    assert.equal(quit.code, 0, quit.text);
    for (const [index, line] of quit.text.trimEnd().split('\n').entries()) assert.match(line, lines[index] ?? /never/);
    await machine.must('systemctl', 'start', 'stompctl@sender');
  });

  // no cron is needed for it: its fields are looked at, and its command is run as cron runs it, crontab(5)
  for (const [where, file, ending] of [
    ['docs/install.md', 'docs/install.md', 'conf'],
    ['etc/cron.conf', 'etc/cron.conf', 'conf'],
    ['etc/cron.yaml', 'etc/cron.yaml', 'yaml'],
  ] as const) {
    it(`the line of /etc/cron.d/stompctl in ${where}: nothing is printed, and the queue is emptied`, async () => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const [line = ''] = /^(?:#\s+)?\*\/5 [^\n(]+/m.exec(text) ?? [];
      const [, user = '', command = ''] = /^(?:#\s+)?\*\/5 \* \* \* \*\s+(\S+)\s+(\S.*?)\s*$/.exec(line) ?? [];
      assert.deepEqual([user, command], ['stompctl', `stompctl --config /etc/stompctl/cron.${ending}`]);
      const { host } = new URL(broker.uri.replace('stomp:', 'http:'));
      const sample = readFileSync(join(ROOT, `etc/cron.${ending}`), 'utf8');
      writeFileSync(machine.path(`/etc/stompctl/cron.${ending}`), sample.replaceAll('broker.example.com:61613', host));
      writeFileSync(machine.path('/root/cron-password'), `${PASSWORD}\n`, { mode: 0o600 });
      const prepared = await bash(
        `install -m 400 -o stompctl /root/cron-password /etc/stompctl/cron.pass && chgrp stompctl /etc/stompctl/cron.${ending} &&` +
          ' install -d -m 2770 -o stompctl -g stompctl /var/spool/stompctl/cron' +
          ' && echo one | runuser -u stompctl -- stompctl queue add /var/spool/stompctl/cron',
      );
      assert.equal(prepared.code, 0, prepared.text);
      const before = broker.depth('/queue/example.data').ready;
      const asCron = ['env', '-i', 'SHELL=/bin/sh', 'PATH=/usr/bin:/bin', `LOGNAME=${user}`, 'HOME=/nonexistent'];
      const done = await machine.run('runuser', '-u', user, '--', ...asCron, '/bin/sh', '-c', command);
      assert.deepEqual(done, { code: 0, text: '' });
      assert.equal(broker.depth('/queue/example.data').ready, before + 1);
    });
  }
});
