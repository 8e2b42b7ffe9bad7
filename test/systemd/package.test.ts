import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';
import { BootedMachine, cannotBoot } from './booted-machine.js';

const ROOT = join(import.meta.dirname, '../../..');
const PASSWORD = 'pass word';
const skip = cannotBoot() ?? false;
// in CI its absence is a failure of the set-up
const noLintian = process.env.CI === undefined && spawnSync('lintian', ['--version']).error !== undefined;

/** `node:test` gives suites no context: what is to be done at their end. */
const cleaning: (() => Promise<void>)[] = [];
const suite: Cleaning = { after: (run) => void cleaning.push(run) };

describe('the package, under a systemd of its own', { skip }, () => {
  let machine: BootedMachine;
  let broker: InProcessBroker;
  let packages: string[] = [];
  const must = (command: string, ...args: string[]) => machine.must(command, ...args);
  const property = async (name: string) =>
    (await must('systemctl', 'show', '--value', '--property', name, 'stompctl@sender')).trim();
  const status = () => machine.run('stompctl', 'status', '/etc/stompctl/sender.conf');
  const add = async (text: string, queue = 'sender') => {
    const done = await machine.give(
      text,
      'runuser',
      '-u',
      'stompctl',
      '--',
      'stompctl',
      'queue',
      'add',
      `/var/spool/stompctl/${queue}`,
    );
    assert.equal(done.code, 0, done.text);
  };
  const ready = () => broker.depth('/queue/q').ready;

  before(async () => {
    packages = ['0.1.0-1', '0.1.0-2'].map((version) =>
      join(ROOT, execFileSync(join(ROOT, 'packaging/build-deb'), [version], { encoding: 'utf8' }).trim()),
    );
    broker = await startedBroker(suite, { users: { sender: PASSWORD } });
    machine = await BootedMachine.boot(suite);
    for (const each of packages) copyFileSync(each, machine.path(`/root/${basename(each)}`));
  });

  after(async () => {
    for (const run of cleaning) await run();
  });

  it('has no error that lintian knows of', { skip: noLintian }, () => {
    const { stdout, status, error } = spawnSync('lintian', ['--fail-on', 'error', ...packages], { encoding: 'utf8' });
    assert.equal(error, undefined);
    assert.equal(status, 0, stdout);
  });

  it('installs, with user, folders, units, man page and completions', async () => {
    await must('dpkg', '--install', '/root/stompctl_0.1.0-1_all.deb');
    assert.match(await must('stompctl', '--version'), /^stompctl 0\.1\.0/);
    assert.match(await must('id', 'stompctl'), /uid=\d+\(stompctl\) gid=\d+\(stompctl\)/);
    assert.match(await must('stat', '--format=%a %U:%G', '/etc/stompctl'), /^750 root:stompctl/);
    assert.match(await must('stat', '--format=%a %U:%G', '/var/spool/stompctl'), /^2770 stompctl:stompctl/);
    for (const path of [
      '/usr/share/man/man1/stompctl.1.gz',
      '/usr/share/bash-completion/completions/stompctl',
      '/usr/share/zsh/vendor-completions/_stompctl',
      '/usr/share/fish/vendor_completions.d/stompctl.fish',
      '/usr/share/doc/stompctl/examples/sender.conf',
    ]) {
      assert.ok(lstatSync(machine.path(path)).size > 100, path);
    }
    await must('bash', '-n', '/usr/share/bash-completion/completions/stompctl');
    assert.match(await must('systemctl', 'cat', 'stompctl@x', 'stompctl-once@x.timer'), /Type=notify/);
  });

  it('runs what init made, as a service that is active once it is connected', async () => {
    const args = ['--direction', 'sender', '--uri', broker.uri, '--user', 'sender', '--destination', '/queue/q'];
    const made = await machine.give(`${PASSWORD}\n`, 'stompctl', 'init', ...args);
    assert.equal(made.code, 0, made.text);
    assert.match(made.text, /\n {2}systemctl enable --now stompctl@sender\n/);
    assert.match(await must('stat', '--format=%a %U:%G', '/etc/stompctl/sender.pass'), /^600 stompctl:stompctl/);
    assert.match(await must('stat', '--format=%a %U:%G', '/etc/stompctl/sender.conf'), /^640 root:stompctl/);
    await must('systemctl', 'enable', '--now', 'stompctl@sender');
    assert.equal(await property('ActiveState'), 'active');
    assert.match(await property('StatusText'), /^(idle|moving): /);
    assert.equal((await status()).code, 0);
    await add('one');
    await eventually(() => ready() === 1);
  });

  it('says what is wrong while the broker is away, and that it is well again', async () => {
    await broker.kill();
    await eventually(async () => /^stuck: sink broker /.test(await property('StatusText')));
    // what systemd knows stands in the status file already, which is of the same look
    assert.equal((await status()).code, 2);
    await add('two');
    await broker.resumeAccepting();
    await eventually(async () => /^(idle|moving): /.test(await property('StatusText')));
    assert.equal((await status()).code, 0);
    await eventually(() => ready() === 2);
  });

  it('reloads', async () => {
    await must('systemctl', 'reload', 'stompctl@sender');
    assert.equal(await property('ActiveState'), 'active');
    appendFileSync(machine.path('/etc/stompctl/sender.conf'), 'pidfil = /x\n');
    assert.notEqual((await machine.run('systemctl', 'reload', 'stompctl@sender')).code, 0, 'refused');
    await must('sed', '--in-place', '$d', '/etc/stompctl/sender.conf');
    await eventually(async () => (await property('ActiveState')) === 'active');
    await eventually(async () =>
      /"event":"reload/.test(await must('journalctl', '--no-pager', '--unit', 'stompctl@sender')),
    );
  });

  it('gives the journal the priority of its lines', async () => {
    const warnings = await must(
      'journalctl',
      '--no-pager',
      '--output=cat',
      '--priority=warning',
      '--unit',
      'stompctl@sender',
    );
    assert.match(warnings, /^\{"level":"warn".*"event":"open-retry"/m);
    assert.doesNotMatch(warnings, /"level":"info"/);
  });

  it('is not started again with a configuration that is wrong', async () => {
    await machine.give('incoming-queu = path=/x\n', 'tee', '/etc/stompctl/wrong.conf');
    await must('chgrp', 'stompctl', '/etc/stompctl/wrong.conf');
    assert.notEqual((await machine.run('systemctl', 'start', 'stompctl@wrong')).code, 0);
    await eventually(async () => /^failed/.test((await machine.run('systemctl', 'is-active', 'stompctl@wrong')).text));
    assert.match(
      await must('systemctl', 'show', '--property=NRestarts,ExecMainStatus', 'stompctl@wrong'),
      /ExecMainStatus=78/,
    );
  });

  it('runs a folder of configurations in one process, though one of them is broken', async () => {
    const own =
      "sed -e /pidfile/d -e 's#/var/spool/stompctl/sender#/var/spool/stompctl/folder#' /etc/stompctl/sender.conf";
    await must('sh', '-c', `${own} >/etc/stompctl/conf.d/a.conf`);
    await machine.give('incoming-queu = path=/x\n', 'tee', '/etc/stompctl/conf.d/broken.conf');
    await must('systemctl', 'enable', '--now', 'stompctl');
    const folder = (name: string) => must('systemctl', 'show', '--value', '--property', name, 'stompctl');
    assert.match(await folder('ActiveState'), /^active/);
    await eventually(async () => /^stuck: 2 transfers: .*broken does not run: /.test(await folder('StatusText')));
    const before = ready();
    await add('four', 'folder');
    await eventually(() => ready() === before + 1);
    await must('rm', '/etc/stompctl/conf.d/broken.conf');
    await must('systemctl', 'reload', 'stompctl');
    await must('stompctl', 'status', '--pidfile', '/run/stompctl/stompctl.pid');
    await must('systemctl', 'stop', 'stompctl');
    assert.match(await folder('Result'), /^success/);
  });

  it('makes a single pass, and its timer is well', async () => {
    const args = ['--direction', 'cron', '--uri', broker.uri, '--user', 'sender', '--destination', '/queue/once'];
    const made = await machine.give(`${PASSWORD}\n`, 'stompctl', 'init', ...args);
    assert.equal(made.code, 0, made.text);
    await add('three', 'cron');
    await must('systemctl', 'enable', '--now', 'stompctl-once@cron.timer');
    await must('systemctl', 'start', 'stompctl-once@cron.service');
    assert.equal(broker.depth('/queue/once').ready, 1);
  });

  it('is upgraded: what runs is restarted, what was changed stays', async () => {
    const main = await property('MainPID');
    appendFileSync(machine.path('/etc/default/stompctl'), '# mine\n');
    await must('dpkg', '--install', '/root/stompctl_0.1.0-2_all.deb');
    assert.match(readFileSync(machine.path('/etc/default/stompctl'), 'utf8'), /# mine\n$/);
    await eventually(async () => (await property('ActiveState')) === 'active');
    assert.notEqual(await property('MainPID'), main);
    assert.equal(await property('UnitFileState'), 'enabled');
  });

  it('is removed: nothing runs, queues and configurations stay', async () => {
    await add('kept', 'kept');
    await must('dpkg', '--remove', 'stompctl');
    assert.equal(existsSync(machine.path('/usr/bin/stompctl')), false);
    assert.equal((await machine.run('pgrep', '-u', 'stompctl')).code, 1);
    assert.equal(existsSync(machine.path('/etc/default/stompctl')), true);
  });

  it('is purged: the queues keep their messages', async () => {
    const text = await must('dpkg', '--purge', 'stompctl');
    assert.match(text, /\/var\/spool\/stompctl is not empty and stays/);
    assert.equal(existsSync(machine.path('/etc/default/stompctl')), false);
    assert.equal(existsSync(machine.path('/usr/lib/stompctl')), false);
    assert.equal(
      existsSync(machine.path('/etc/systemd/system/multi-user.target.wants/stompctl@sender.service')),
      false,
    );
    const files = await must('find', '/var/spool/stompctl/kept', '-type', 'f', '-size', '+0');
    assert.match(files, /kept\/[0-9a-f]{8}\/[0-9a-f]{14}\n/);
    assert.equal(existsSync(machine.path('/etc/stompctl/sender.pass')), true);
  });
});
