import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { brokerWithholdsReceipt } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { consume } from '../support/sample-messages.js';
import { DESTINATION, Scene } from '../support/scene.js';
import { runStompctl, type StompctlProcess, WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';

const codeThatSays = (who: string) => `function check(msg) { msg.header.by = '${who}'; return msg; }`;

/** A receiver with a configuration, a file that this includes, a callback and a pidfile; all of them can be written anew. */
async function receiver(test: TestContext) {
  const scene = await Scene.set(test);
  const { broker } = scene;
  const paths = {
    config: scene.path('receiver.conf'),
    included: scene.path('more.conf'),
    code: scene.path('check.js'),
  };
  const pidfile = scene.path('pid');
  const configure = (extra = '') =>
    writeFileSync(
      paths.config,
      `incoming-broker-uri = ${broker.uri}\nsubscribe = destination=${DESTINATION}\npidfile = ${pidfile}\n` +
        `outgoing-queue = path=${scene.path('out')}\ncallback-path = ${paths.code}\ncallback-language = javascript\n` +
        `<<include ${paths.included}>>\n${extra}`,
    );
  writeFileSync(paths.included, '');
  writeFileSync(paths.code, codeThatSays('old'));
  configure();
  // the capabilities of root would read what nobody may
  const run = scene.start(['--config', paths.config], { under: WITHOUT_PRIVILEGES });
  await eventually(() => run.log('session-open').length === 1);
  return { scene, run, pidfile, configure, ...paths, ...acts(scene, run, paths.config) };
}

function acts(scene: Scene, run: StompctlProcess, config: string) {
  const by = () => [...consume(scene.path('out'))].map(({ header }) => header.by);
  return {
    /** sends one message and waits until it is stored; who has rewritten it */
    async send(): Promise<string | undefined> {
      const before = by().length;
      scene.broker.publish(DESTINATION, {}, 'x');
      await eventually(() => by().length === before + 1);
      return by().at(-1);
    },
    async hup(): Promise<string> {
      const before = run.log('reload').length;
      run.signal('SIGHUP');
      await eventually(() => run.log('reload').length > before);
      return String(run.log('reload').at(-1)?.msg);
    },
    sessions: () => run.log('session-open').length,
    reload: () => runStompctl(['reload', config]),
  };
}

it('HUP takes a changed callback over in place, and says so', async (test) => {
  const { run, code, send, hup, sessions } = await receiver(test);
  assert.equal(await send(), 'old');
  writeFileSync(code, codeThatSays('new'));
  assert.equal(await hup(), 'HUP: taken over: callback-path');
  assert.equal(await send(), 'new');
  assert.equal(await hup(), 'HUP: nothing has changed');
  assert.equal(sessions(), 1);
  assert.equal((await run.stop()).code, 0);
});

it('reload says what was taken over, which end was opened anew, and what waits for a restart', async (test) => {
  const { run, configure, send, reload, sessions } = await receiver(test);
  configure('window = 5\nprefetch = 7\ndaemon = true\n');
  const { code, stdout } = await reload();
  assert.equal(
    stdout,
    `stompctl (pid ${run.pid}) has reloaded: taken over: prefetch, window; the source is opened anew; waits for a restart: daemon\n`,
  );
  assert.equal(code, 0);
  assert.equal(await send(), 'old');
  assert.equal(sessions(), 2);
});

type Receiver = Awaited<ReturnType<typeof receiver>>;

function makePipe(path: string): void {
  rmSync(path);
  execFileSync('mkfifo', [path]);
}

/** What can be wrong with a configuration, and what is said of it. */
const WRONG: readonly (readonly [what: string, spoil: (of: Receiver) => void, said: RegExp])[] = [
  ['an unknown option', ({ configure }) => configure('windou = 5\n'), /there is no option "windou"/],
  ['a syntax error', ({ config }) => writeFileSync(config, '<a>\n'), /receiver\.conf/],
  ['a file that is gone', ({ config }) => rmSync(config), /receiver\.conf.*(?:no such file|ENOENT)/],
  ['a pipe that nobody writes to', ({ config }) => makePipe(config), /receiver\.conf.*is a pipe or a device/],
  ['a file that may not be read', ({ config }) => chmodSync(config, 0), /receiver\.conf.*(?:permission|EACCES)/],
  ['an included file that is gone', ({ included }) => rmSync(included), /more\.conf/],
  ['an included file that is wrong', ({ included }) => writeFileSync(included, 'window = x\n'), /more\.conf/],
  ['a callback that does not compile', ({ code }) => writeFileSync(code, 'function check(msg) { = }'), /SyntaxError/],
  ['a callback that is gone', ({ code }) => rmSync(code), /check\.js/],
  [
    'a password that cannot be read',
    (of) => of.configure('incoming-broker-auth = plain name=a pass-file=/none\n'),
    /\/none/,
  ],
  [
    'a failure queue that cannot be',
    ({ configure, code }) => configure(`failure-queue = path=${code}/failed\n`),
    /check\.js\/failed/,
  ],
];

for (const [what, spoil, said] of WRONG) {
  it(`a reload refuses ${what}: log, status and exit code say why, and the old one goes on`, async (test) => {
    const of = await receiver(test);
    const { run, send, pidfile, configure, scene } = of;
    assert.equal(await send(), 'old');
    spoil(of);
    const { code, stderr } = await runStompctl(['reload', '--pidfile', pidfile]);
    assert.match(stderr, /^stompctl: reload\(.*\): the old configuration goes on: /);
    assert.match(stderr, said);
    assert.equal(code, 78);
    assert.match(String(run.log('reload').at(-1)?.msg), said);
    const status = await runStompctl(['status', '--pidfile', pidfile]);
    assert.match(status.stdout, /the last reload was refused, the old configuration goes on: /);
    assert.equal(await send(), 'old');
    assert.equal(run.log('session-open').length, 1);
    // mended, it is taken, and nothing is said of the old trouble any more
    rmSync(of.config, { force: true });
    writeFileSync(of.included, '');
    writeFileSync(of.code, codeThatSays('new'));
    configure();
    assert.equal((await runStompctl(['reload', of.config])).code, 0);
    assert.equal(await send(), 'new');
    assert.doesNotMatch((await runStompctl(['status', '--json', '--pidfile', pidfile])).stdout, /reloadRefused/);
    assert.ok(scene.broker.connectionsMade <= 2);
  });
}

it('reload says what is wrong with a file that does not tell the pidfile, and that nothing was told', async (test) => {
  const { config, reload, run } = await receiver(test);
  writeFileSync(config, '<a>\n');
  const { code, stderr } = await reload();
  assert.match(stderr, /it was not told to reload: .*receiver\.conf/);
  assert.equal(code, 78);
  assert.equal(run.log('reload').length, 0);
});

it('reload of what does not run says so and exits 1', async (test) => {
  const { config, reload, run } = await receiver(test);
  await run.stop();
  const { code, stdout } = await reload();
  assert.deepEqual([code, stdout], [1, 'stompctl is not running\n']);
  const killed = await runStompctl(['reload', '--pidfile', join(config, '..', 'none')]);
  assert.deepEqual([killed.code, killed.stdout], [1, 'stompctl is not running\n']);
});

it('a changed password is a reason for a new session, an unchanged one is none', async (test) => {
  const scene = await Scene.set(test, { users: { me: 'old', you: 'new' } });
  const secret = scene.path('secret');
  writeFileSync(secret, 'old');
  const pidfile = scene.path('pid');
  const auth = ['--incoming-broker-auth', `plain name=me pass-file=${secret}`, '--pidfile', pidfile];
  // long delays: what comes back sooner does so because of the reload
  const run = scene.start(scene.receiver(...auth, '--reconnect-max-delay', '3600'));
  await eventually(() => run.log('session-open').length === 1);
  const reload = () => runStompctl(['reload', '--pidfile', pidfile]);
  assert.match((await reload()).stdout, /: nothing has changed\n$/);
  writeFileSync(secret, 'wrong');
  assert.match((await reload()).stdout, /: the source is opened anew, for its password or certificate has changed\n$/);
  await eventually(() => run.log('open-retry').some(({ code }) => code === 'LOGIN_REFUSED'));
  writeFileSync(secret, 'old');
  assert.match((await reload()).stdout, /: the source is opened anew/);
  await eventually(() => run.log('session-open').length === 2);
  scene.publish(1);
  await eventually(() => scene.stored('out').length === 1);
});

it('a burst of HUP comes to an end, the last one counts, and no session is lost', async (test) => {
  const { run, code, configure, send, sessions, pidfile } = await receiver(test);
  for (let round = 0; round < 20; round += 1) {
    configure(`window = ${round + 5}\n`);
    writeFileSync(code, codeThatSays(`round ${round}`));
    run.signal('SIGHUP');
  }
  assert.equal((await runStompctl(['reload', '--pidfile', pidfile])).code, 0);
  assert.equal(await send(), 'round 19');
  assert.equal(sessions(), 1);
  assert.ok(run.log('reload').length <= 22);
});

it('a run that is ending refuses, and ends', async (test) => {
  const scene = await Scene.set(test);
  scene.broker.addFault(brokerWithholdsReceipt({ times: 1000 }));
  scene.fill('in', 3);
  const run = scene.start(scene.sender('--loop', '--timeout-linger', '5'));
  await eventually(() => scene.broker.received(DESTINATION).received === 3);
  run.signal('SIGTERM');
  await eventually(() => run.log('stopping').length === 1);
  run.signal('SIGHUP');
  await eventually(() => run.log('reload').length === 1);
  assert.match(String(run.log('reload')[0]?.msg), /refused, .*the run is ending/);
  assert.equal((await run.ended()).code, 0);
  assert.equal(scene.stored('in').length, 3);
});

it('TERM ends a reload that drains', async (test) => {
  const scene = await Scene.set(test);
  scene.broker.addFault(brokerWithholdsReceipt({ times: 1000 }));
  scene.fill('in', 3);
  const config = scene.path('sender.conf');
  const configure = (more: string) =>
    writeFileSync(
      config,
      `incoming-queue = path=${scene.path('in')}\nloop = true\noutgoing-broker-uri = ${scene.broker.uri}\n${more}`,
    );
  configure('timeout-linger = 5\nremove = true\n');
  const run = scene.start(['--config', config]);
  await eventually(() => scene.broker.received(DESTINATION).received === 3);
  configure('timeout-linger = 5\nremove = false\n');
  run.signal('SIGHUP');
  await eventually(() => run.log('reload-begin').length === 1);
  run.signal('SIGTERM');
  assert.equal((await run.ended()).code, 0);
  assert.match(String(run.log('reload').at(-1)?.msg), /refused, .*the run (?:is ending|has ended)/);
  assert.equal(scene.stored('in').length, 3);
});
