import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';
import { BootedMachine, cannotBoot } from './booted-machine.js';

const ROOT = join(import.meta.dirname, '../../..');
const PASSWORD = 'pass word';
const ASKS = 'sudo stompctl init\n';
const SUDO = '#!/bin/bash\nif [[ $1 == -u ]]; then user=$2; shift 2; exec runuser -u "$user" -- "$@"; fi\nexec "$@"\n';

/** The commands of one section of docs/install.md. */
function blocks(section: string): string[] {
  const text = readFileSync(join(ROOT, 'docs/install.md'), 'utf8');
  const part = text.split(/^(?=## )/m).find((each) => each.startsWith(`## ${section}\n`)) ?? '';
  return [...part.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
}

describe('what docs/install.md says, as it is written', { skip: cannotBoot() ?? false }, () => {
  const cleaning: (() => Promise<void>)[] = [];
  const suite: Cleaning = { after: (run) => void cleaning.push(run) };
  let machine: BootedMachine;
  let broker: InProcessBroker;

  /** Runs a script in the folder of root, with the broker that there is in place of that of the documents. */
  const script = async (text: string) => {
    const { host } = new URL(broker.uri.replace('stomp:', 'http:'));
    const here = text.replaceAll('broker.example.com:61613', host);
    const done = await machine.give(`cd /root\nHERE=/usr/lib/node_modules/stompctl\n${here}`, 'bash', '-eux');
    assert.equal(done.code, 0, done.text);
    return done.text;
  };

  before(async () => {
    execFileSync(join(ROOT, 'packaging/build-deb'), { stdio: 'ignore' });
    broker = await startedBroker(suite, { users: { sender: PASSWORD } });
  });

  const boot = async () => {
    machine = await BootedMachine.boot(suite);
    writeFileSync(machine.path('/usr/local/bin/sudo'), SUDO, { mode: 0o755 });
    writeFileSync(machine.path('/root/sender-password'), `${PASSWORD}\n`, { mode: 0o600 });
  };

  after(async () => {
    for (const run of cleaning) await run();
  });

  const [, answered = ''] = blocks('As a service, without the package').filter((each) => /stompctl init/.test(each));

  it('the package: installed, configured, started', async () => {
    await boot();
    const [commands = ''] = blocks('On Debian');
    assert.match(commands, /^npm ci && npm run package:deb\n/);
    assert.ok(
      commands.includes(ASKS) && answered.includes('--direction sender'),
      'a script answers what a person would',
    );
    mkdirSync(machine.path('/root/dist'));
    cpSync(join(ROOT, 'dist/stompctl_0.1.0-1_all.deb'), machine.path('/root/dist/stompctl_0.1.0-1_all.deb'));
    const text = await script(
      commands
        .replace(/^npm ci .*\n/, '')
        .replace('apt-get install', 'apt-get install --yes')
        .replace(ASKS, answered),
    );
    assert.match(text, /\n(idle|moving): /);
  });

  it('without it: by hand, from a sample, and the timer', async () => {
    await boot();
    const home = machine.path('/usr/lib/node_modules/stompctl');
    for (const part of ['dist/stompctl', 'docs', 'etc', 'systemd']) {
      cpSync(join(ROOT, part), join(home, part), { recursive: true });
    }
    const samples = String.raw`s#broker\.example\.com:61613#broker.example.com:61613#`;
    await script(`ln -s $HERE/dist/stompctl/stompctl.js /usr/local/bin/stompctl; sed -i '${samples}' $HERE/etc/*.conf`);
    const commands = blocks('As a service, without the package');
    assert.ok(commands.length >= 4, commands.join('---\n'));
    for (const block of commands) {
      // what is said of a queue elsewhere opens an editor
      if (block === answered || block.includes('systemctl edit')) continue;
      await script(block.replace(ASKS, answered));
    }
    await eventually(async () => /^active/.test((await machine.run('systemctl', 'is-active', 'stompctl@sender')).text));
    for (const block of blocks('From cron, or a timer')) await script(block);
    assert.match((await machine.run('systemctl', 'is-active', 'stompctl-once@cron.timer')).text, /^active/);
  });
});
