import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { brokerRefusesLogin, brokerRefusesMessage } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, numbered, Scene } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';

const CANARY = 'Xyzzy4711';
const BODY = 'the-text-of-a-body';

/** Each option that may hold a secret, holding it. */
const SECRETS = [
  `outgoing-broker-auth = plain name=me pass=${CANARY}`,
  `outgoing-broker-connect = api-key=${CANARY} x-token=${CANARY}`,
  `callback-data = db_password=${CANARY}`,
];

function configure(scene: Scene, ...lines: readonly string[]): string {
  const path = scene.path('x.conf');
  const all = [`incoming-queue = path=${scene.path('in')}`, 'remove = true', 'loop = true', ...lines, ...SECRETS];
  writeFileSync(path, `${all.join('\n')}\n`, { mode: 0o600 });
  const header = { destination: DESTINATION, password: CANARY };
  const samples = [...numbered(3, header)].map((sample) => ({ ...sample, body: Buffer.from(BODY) }));
  produce(scene.path('in'), samples);
  return path;
}

/** The arguments and the environment of a process and of its children, as everybody, or its user, sees them. */
function processesOf(pid: number): string {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter(
      (name) =>
        read(`/proc/${name}/stat`)
          .replace(/^.*\) /, '')
          .split(' ')[1] === String(pid),
    );
  return [String(pid), ...children].map((name) => read(`/proc/${name}/cmdline`) + read(`/proc/${name}/environ`)).join();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

async function stopped(run: StompctlProcess): Promise<string> {
  run.signal('SIGUSR1');
  const shown = processesOf(run.pid);
  const { stdout, stderr } = await run.stop();
  return `${shown}${stdout}${stderr}`;
}

function assertNoSecret(text: string): void {
  for (const secret of [CANARY, BODY]) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `${secret}: …${text.slice(Math.max(0, at - 200), at + 100)}`);
  }
}

const LOUD = [
  '-d',
  '-d',
  '-d',
  '--outgoing-broker-stomp-debug',
  'all',
  '--reconnect-delay',
  '0.02',
  '--reconnect-max-delay',
  '0.1',
];
const WAIT = { deadlineMs: 120_000 };

describe('a secret and a body are in no log, output, argument or environment', { concurrency: 2 }, () => {
  for (const format of ['json', 'pretty', 'logfmt', 'syslog'] as const) {
    it(`of a run whose login fails with a broker that repeats the password, log format ${format}`, async (test) => {
      const message = `Access refused for me with ${CANARY}`;
      const scene = await Scene.set(test, { faults: [brokerRefusesLogin({ message })] });
      const config = configure(scene, `outgoing-broker-uri = ${scene.broker.uri}`);
      const run = scene.start(['--config', config, '--log-format', format, ...LOUD]);
      await eventually(() => scene.broker.connectionsMade > 1, WAIT);
      const shown = await stopped(run);
      if (format !== 'syslog') assert.match(shown, /Access refused for me with \*+/);
      assertNoSecret(shown);
    });
  }

  it('of a run whose TLS fails', async (test) => {
    const scene = await Scene.set(test);
    const tls = `outgoing-broker-sockopts = SSL_passwd=${CANARY}`;
    const config = configure(scene, `outgoing-broker-uri = ${scene.broker.uri.replace('stomp:', 'stomp+ssl:')}`, tls);
    const run = scene.start(['--config', config, ...LOUD]);
    await eventually(() => run.log('open-retry').length > 0, WAIT);
    assertNoSecret(await stopped(run));
  });

  it('of a run whose messages are refused, by the callback and by a broker that repeats them', async (test) => {
    const when = () => true;
    const scene = await Scene.set(test, { users: { me: CANARY }, faults: [brokerRefusesMessage({ when, times: 3 })] });
    const code = 'callback-code = if (hdr["x-number"] === "1") JSON.parse(bdy.slice(0, 0) + "{")';
    const config = configure(scene, `outgoing-broker-uri = ${scene.broker.uri}`, code);
    const run = scene.start(['--config', config, '--max-attempts', '2', ...LOUD]);
    await eventually(() => run.log('rejected').length > 0 && scene.broker.depth(DESTINATION).ready > 0, WAIT);
    assertNoSecret(await stopped(run));
  });

  for (const args of [
    ['check'],
    ['check', '--json'],
    ['check', '--json', '--all'],
    ['check', '--raw'],
    ['check', '--connect'],
  ]) {
    it(`of ${args.join(' ')}`, async (test) => {
      const scene = await Scene.set(test, { faults: [brokerRefusesLogin({ message: `no ${CANARY}` })] });
      const ended = await scene.run([...args, configure(scene, `outgoing-broker-uri = ${scene.broker.uri}`)]);
      assert.ok(ended.stdout.includes('***'), ended.stdout + ended.stderr);
      assertNoSecret(ended.stdout + ended.stderr);
    });
  }

  it('of a run that dies of a fault of its own', async (test) => {
    const scene = await Scene.set(test, { users: { me: CANARY } });
    const config = configure(scene, `outgoing-broker-uri = ${scene.broker.uri}`);
    const preload = scene.path('fault.mjs');
    writeFileSync(
      preload,
      `process.on('SIGUSR2', () => { throw new Error('fault with pass=${CANARY}\\u001b[2J') });\n`,
    );
    const run = scene.start(['--config', config, ...LOUD], { env: { NODE_OPTIONS: `--import=${preload}` } });
    await eventually(() => run.log('start').length > 0);
    run.signal('SIGUSR2');
    const ended = await run.ended();
    assert.equal(ended.code, 70, ended.stderr);
    assert.match(ended.stderr, /internal error: Error: fault with pass=\*\*\*/);
    assert.ok(!ended.stderr.includes('\u001b'), 'nothing for the terminal');
    assertNoSecret(ended.stdout + ended.stderr);
  });
});
