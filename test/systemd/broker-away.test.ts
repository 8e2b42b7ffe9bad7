import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/http-ask.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';
import { BootedMachine, cannotBoot } from './booted-machine.js';

const ROOT = join(import.meta.dirname, '../../..');
const PASSWORD = 'pass word';
const CONFIG = '/etc/stompctl/sender.conf';
const PIDFILE = '/run/stompctl/sender.pid';
/** what is promised */
const TOLD_MS = 5000;
const LOOK_MS = 100;

interface End {
  readonly role: string;
  readonly attempt: number;
  readonly nextTryMs?: number;
}

interface Published {
  readonly state: string;
  readonly at: string;
  readonly ends: readonly End[];
}

/**
 * Looks at what the service publishes until `is` says so, ten times a second. `heldUpMs`: by how much these looks came late in all,
 * so long the machine had no processor for whoever wanted one, the service included.
 */
async function watched(read: () => Published, is: (published: Published) => boolean) {
  let heldUpMs = 0;
  let dueMs = performance.now();
  const seen: Published[] = [];
  const published = await eventually(
    () => {
      const nowMs = performance.now();
      heldUpMs += Math.max(0, nowMs - dueMs);
      dueMs = nowMs + LOOK_MS;
      const look = read();
      seen.push(look);
      return is(look) && look;
    },
    { everyMs: LOOK_MS },
  );
  return { published, seen, heldUpMs };
}

describe('a service whose broker goes away', { skip: cannotBoot() ?? false }, () => {
  const cleaning: (() => Promise<void>)[] = [];
  const suite: Cleaning = { after: (run) => void cleaning.push(run) };
  let machine: BootedMachine;
  let broker: InProcessBroker;
  let page = '';
  const read = (): Published => JSON.parse(readFileSync(machine.path(`${PIDFILE}.status`), 'utf8'));
  const property = async (name: string) =>
    (await machine.must('systemctl', 'show', '--value', '--property', name, 'stompctl@sender')).trim();

  /** Everybody who can be asked, once: nobody may contradict what the service has published. */
  const allSay = async (is: 'well' | 'stuck') => {
    const well = is === 'well';
    const words = well ? '(moving|idle): ' : 'stuck: sink broker .* is away for \\d+ s: connect\\(';
    const [status, probe] = await Promise.all([
      machine.run('stompctl', 'status', CONFIG),
      machine.run('stompctl', 'probe', CONFIG),
    ]);
    assert.equal(status.code, well ? 0 : 2, status.text);
    assert.match(status.text, new RegExp(`\n${words}`));
    assert.equal(probe.code, well ? 0 : 2, probe.text);
    assert.match(probe.text, new RegExp(`^STOMPCTL ${well ? 'OK' : 'CRITICAL'} - ${words}`));
    const top = await machine.run('stompctl', 'top', '--json');
    const row = JSON.parse(top.text);
    assert.deepEqual([top.code, row.pidfile, row.code], [0, PIDFILE, well ? 0 : 2], top.text);
    assert.match(`${row.state}: ${row.reason}`, new RegExp(`^${words}`));
    const health = await ask(page, '/healthz');
    assert.equal(health.status, well ? 200 : 503);
    assert.match(health.body, new RegExp(`^${words}`));
    assert.equal((await ask(page, '/readyz')).status, well ? 200 : 503);
    const shown = JSON.parse((await ask(page, '/status')).body);
    assert.match(`${shown.state}: ${shown.reason}`, new RegExp(`^${words}`));
    // it is told by a process of its own, which the others are not waited for
    await eventually(async () => new RegExp(`^${words}`).test(await property('StatusText')));
  };

  before(async () => {
    const made = execFileSync(join(ROOT, 'packaging/build-deb'), { encoding: 'utf8' }).trim();
    broker = await startedBroker(suite, { users: { sender: PASSWORD } });
    machine = await BootedMachine.boot(suite);
    copyFileSync(join(ROOT, made), machine.path(`/root/${basename(made)}`));
    await machine.must('dpkg', '--install', `/root/${basename(made)}`);
    const args = ['--direction', 'sender', '--uri', broker.uri, '--user', 'sender', '--destination', '/queue/q'];
    const init = await machine.give(`${PASSWORD}\n`, 'stompctl', 'init', ...args);
    assert.equal(init.code, 0, init.text);
    appendFileSync(machine.path(CONFIG), 'metrics-listen = 127.0.0.1:0\n');
    await machine.must('systemctl', 'enable', '--now', 'stompctl@sender');
    const journal = await machine.must('journalctl', '--no-pager', '--output=cat', '--unit', 'stompctl@sender');
    page = /"event":"metrics-listen".*"address":"([^"]+)"/.exec(journal)?.[1] ?? '';
    assert.notEqual(page, '', journal);
  });

  after(async () => {
    for (const run of cleaning) await run();
  });

  it('is well, and everybody says so; the page is there', async () => {
    await watched(read, ({ state }) => state === 'idle');
    await allSay('well');
    const { status, body } = await ask(page, '/');
    assert.equal(status, 200);
    assert.match(body, /<title>/);
  });

  it('says what is wrong within five seconds of its death: status, probe, top, page, systemd', async () => {
    const killedMs = Date.now();
    await broker.kill();
    const { published, heldUpMs } = await watched(read, ({ state }) => state === 'stuck');
    const tookMs = Date.parse(published.at) - killedMs;
    assert.ok(tookMs <= TOLD_MS + heldUpMs, `after ${tookMs} ms, held up for ${heldUpMs} ms`);
    await allSay('stuck');
  });

  it('is well again within five seconds of its return, though the delays between attempts are longer by then', async () => {
    // the fifth attempt is up to sixteen seconds after the fourth
    const away = await watched(read, ({ ends }) => ends.some(({ role, attempt }) => role === 'sink' && attempt >= 5));
    const waits = away.seen.flatMap(({ ends }) => ends.flatMap(({ nextTryMs }) => nextTryMs ?? []));
    assert.ok(Math.max(...waits) <= 3000, `next try in ${Math.max(...waits)} ms`);
    await broker.resumeAccepting();
    const returnedMs = Date.now();
    const { published, heldUpMs } = await watched(read, ({ state }) => state !== 'stuck');
    const tookMs = Date.parse(published.at) - returnedMs;
    assert.ok(tookMs <= TOLD_MS + heldUpMs, `after ${tookMs} ms, held up for ${heldUpMs} ms`);
    await allSay('well');
  });
});
