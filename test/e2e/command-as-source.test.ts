import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { consume } from '../support/sample-messages.js';
import { ascending, DESTINATION, Scene, upTo } from '../support/scene.js';

const SAMPLES = join(import.meta.dirname, '../../../etc');

/** Writes a script of sh, `$D` being the folder, and gives its path. */
function script(scene: Scene, text: string, name = 'command'): string {
  const path = scene.path(name);
  writeFileSync(path, `#!/bin/sh\nD='${scene.folder}'\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** From a command to the queue `out`; what is not sent goes to `failed`. */
function configured(scene: Scene, command: object, more: object = {}): string[] {
  const path = scene.path('c.yaml');
  const options = {
    'incoming-command': command,
    'outgoing-queue': { path: scene.path('out') },
    'failure-queue': { path: scene.path('failed') },
    'reconnect-delay': 0.02,
    'reconnect-max-delay': 0.1,
    ...more,
  };
  writeFileSync(path, JSON.stringify(options), { mode: 0o600 });
  return ['--config', path];
}

const LINES = `i=$1; while [ $i -lt $2 ]; do echo '{"header":{"x-number":"'$i'"},"body":"b"}'; i=$((i+1)); done`;
const RESULT = (stderr: string) => stderr.slice(-2000);

function isGone(pidFile: string): boolean {
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('incoming-command', () => {
  it('sends each line as a message, and ends with the command', async (test) => {
    const scene = await Scene.set(test);
    const command = `${script(scene, LINES)} 0 500`;
    const { code, stderr } = await scene.run(configured(scene, { command }));
    assert.equal(code, 0, RESULT(stderr));
    assert.deepEqual(scene.stored('out'), upTo(500));
  });

  it('sends what came before an end that is none, and then fails with its exit code in the text', async (test) => {
    const scene = await Scene.set(test);
    const command = `${script(scene, `${LINES}; echo why >&2; exit 3`)} 0 5`;
    const { code, stderr } = await scene.run(configured(scene, { command }));
    assert.equal(code, 75, RESULT(stderr));
    assert.match(stderr, /command.*why/);
    assert.match(stderr, /exit code 3; what it was to write may not be all here/);
    assert.deepEqual(scene.stored('out'), upTo(5));
  });

  it('starts it again with loop, and ends it at TERM with what it started', async (test) => {
    const scene = await Scene.set(test);
    const count = 'n=$(cat "$D/runs" 2>/dev/null || echo 0); echo $((n+1)) >"$D/runs"';
    const last = 'sleep 1000 & echo $! >"$D/child"; wait';
    const command = script(scene, `${count}; echo '{"header":{"x-number":"'$n'"}}'; [ $n -lt 3 ] && exit $n; ${last}`);
    const run = scene.start(configured(scene, { command }, { loop: true }));
    await eventually(() => existsSync(scene.path('child')) && scene.stored('out').length === 4);
    assert.deepEqual(scene.stored('out'), upTo(4));
    const { code, stderr } = await run.stop();
    assert.equal(code, 0, RESULT(stderr));
    assert.match(stderr, /exit code 2; it is started again/);
    await eventually(() => isGone(scene.path('child')));
  });

  it('is idle while it has nothing to write, ends well, and is started again', async (test) => {
    const scene = await Scene.set(test);
    const runs = () => (existsSync(scene.path('runs')) ? readFileSync(scene.path('runs'), 'utf8').length : 0);
    const command = script(
      scene,
      `printf x >>"$D/runs"; [ -e "$D/more" ] && echo '{"header":{"x-number":"0"}}'; exit 0`,
    );
    const run = scene.start(configured(scene, { command }, { loop: true, 'reconnect-delay': 0.05 }));
    await eventually(() => runs() > 3);
    writeFileSync(scene.path('more'), '');
    await eventually(() => scene.stored('out').length > 0);
    const { code, stderr } = await run.stop();
    assert.equal(code, 0, RESULT(stderr));
    assert.doesNotMatch(stderr, /"level":"(?:warn|error)"/);
  });

  it('rejects lines that are no messages, and goes on', async (test) => {
    const scene = await Scene.set(test);
    const long = `head -c 100000 /dev/zero | tr '\\0' x; echo; printf '{"body":"'; head -c 9000 /dev/zero | tr '\\0' x; echo '"}'`;
    const text = `echo '{"header":{"x-number":"0"}}'; echo garbage; echo; ${long}; printf '{"header":{"x-number":"1"}}'`;
    const { code, stderr } = await scene.run(
      configured(scene, { command: script(scene, text) }, { 'max-message-size': 4096, 'window-bytes': 65_536 }),
    );
    assert.equal(code, 1, RESULT(stderr));
    assert.deepEqual(scene.stored('out'), [0, 1]);
    assert.match(stderr, /command:2\b.*not|decode\(.*:2\)/);
    const failed = [...consume(scene.path('failed'))].map(({ body }) => body.toString().slice(0, 9));
    assert.deepEqual(failed, ['garbage', '{"body":"']);
    assert.match(stderr, /longer than any message/);
    assert.ok(
      stderr.includes(JSON.stringify('a line is a message: {"header":{...},"body":"..."}').slice(1, -1)),
      stderr,
    );
  });

  it('the sample feed-spool says so when there is no folder', () => {
    const command = join(SAMPLES, 'commands', 'feed-spool');
    const { status, stdout, stderr } = spawnSync(command, ['/nowhere/spool', '/queue/a'], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [66, '']);
    assert.match(
      stderr,
      /^\/nowhere\/spool: there is no such folder, or it may not be read and written by \S+: make it$/m,
    );
  });

  it('puts what is not sent in the end into the failure queue, all of it', async (test) => {
    const scene = await Scene.set(test);
    // the queue is full: nothing more can be sent
    const full = { 'outgoing-queue': { path: scene.path('out'), 'max-elements': 1 }, 'timeout-linger': 0.2 };
    const command = `${script(scene, `${LINES}; touch "$D/written"; exec sleep 1000`)} 0 50`;
    const run = scene.start(configured(scene, { command }, { ...full, loop: true, window: 5 }));
    await eventually(() => existsSync(scene.path('written')) && scene.stored('out').length === 1);
    await run.stop();
    assert.deepEqual([...scene.stored('out'), ...scene.stored('failed')], upTo(50));
    const codes = new Set([...consume(scene.path('failed'))].map(({ header }) => header['x-stompctl-code']));
    assert.deepEqual([...codes], ['COMMAND_GIVEN_BACK']);
  });

  it('stops reading when the window is full: a command that writes without end costs no memory', async (test) => {
    const scene = await Scene.set(test);
    const endless = `yes '{"body":"0123456789"}' & echo $! >"$D/child"; wait`;
    const full = { 'outgoing-queue': { path: scene.path('out'), 'max-elements': 1 }, 'timeout-linger': 0.1 };
    const run = scene.start(
      configured(scene, { command: script(scene, endless) }, { ...full, loop: true, window: 10 }),
    );
    await eventually(() => /waiting for room/.test(run.stderr));
    const status = readFileSync(`/proc/${run.pid}/status`, 'utf8');
    const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    assert.ok(megabytes < 250, `${megabytes} MiB`);
    await run.stop();
    await eventually(() => isGone(scene.path('child')));
  });

  it('tells the command which lines are safe, which makes nothing lost by kills of stompctl', async (test) => {
    const scene = await Scene.set(test);
    // writes what is not in the file of those that are safe, then waits until all of that run are
    const node = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const done = process.argv[2];
const safe = new Set(existsSync(done) ? readFileSync(done, 'utf8').split('\\n').filter(Boolean).map(Number) : []);
const left = Array.from({ length: 300 }, (_, n) => n).filter((n) => !safe.has(n));
let open = left.length;
if (open === 0) process.exit(0);
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  appendFileSync(done, left[Number(line) - 1] + '\\n');
  open -= 1;
  if (open === 0) process.exit(0);
}).on('close', () => process.exit(1));
for (const n of left) process.stdout.write(JSON.stringify({ header: { 'x-number': String(n) } }) + '\\n');
`;
    writeFileSync(scene.path('feed.cjs'), node);
    const command = `${process.execPath} ${scene.path('feed.cjs')} ${scene.path('done')}`;
    const args = configured(scene, { command, ack: 'stdin' }, { 'failure-queue': undefined, window: 10 });
    const safe = () =>
      existsSync(scene.path('done')) ? readFileSync(scene.path('done'), 'utf8').split('\n').length : 0;
    for (const point of [40, 120, 200]) {
      const run = scene.start(args);
      await eventually(() => safe() >= point || !run.running, { everyMs: 1 });
      await run.stop('SIGKILL');
    }
    const { code, stderr } = await scene.run(args);
    assert.equal(code, 0, RESULT(stderr));
    assert.deepEqual([...new Set(scene.stored('out'))].sort(ascending), upTo(300));
  });

  it('need not read which lines are safe, and may close its input', async (test) => {
    const scene = await Scene.set(test);
    const command = `${script(scene, `exec 0<&-; ${LINES}`)} 0 200`;
    const { code, stderr } = await scene.run(configured(scene, { command, ack: 'stdin' }));
    assert.equal(code, 0, RESULT(stderr));
    assert.deepEqual(scene.stored('out'), upTo(200));
  });

  it('does not wait for what the command has left behind', async (test) => {
    const scene = await Scene.set(test);
    const command = script(scene, `sleep 1000 & echo $! >"$D/child"; echo '{"header":{"x-number":"0"}}'`);
    const { code, stderr } = await scene.run(configured(scene, { command }));
    assert.equal(code, 0, RESULT(stderr));
    assert.match(stderr, /left a process behind that holds its output/);
    assert.deepEqual(scene.stored('out'), [0]);
    process.kill(Number(readFileSync(scene.path('child'), 'utf8')), 'SIGKILL');
  });

  it('ends a command that ignores TERM, and hears what it wrote before', async (test) => {
    const scene = await Scene.set(test);
    const deaf = `trap '' TERM; echo $$ >"$D/child"; echo '{"header":{"x-number":"0"}}'; while :; do sleep 0.05; done`;
    const run = scene.start(configured(scene, { command: script(scene, deaf) }, { loop: true }));
    await eventually(() => scene.stored('out').length === 1);
    assert.equal((await run.stop()).code, 0);
    await eventually(() => isGone(scene.path('child')));
  });

  it('cannot be a command that is missing, is not executable, or has an interpreter that is missing', async (test) => {
    const scene = await Scene.set(test);
    const plain = script(scene, 'true', 'plain');
    chmodSync(plain, 0o644);
    const odd = scene.path('odd');
    writeFileSync(odd, '#!/none/at/all\n', { mode: 0o755 });
    const once = { 'reconnect-attempts': 2 };
    for (const [command, code, said] of [
      ['/none/at/all', 69, /there is no such file/],
      [plain, 69, /is not executable/],
      [odd, 75, /ENOENT/],
    ] as const) {
      const ended = await scene.run(configured(scene, { command }, once));
      assert.equal(ended.code, code, RESULT(ended.stderr));
      assert.match(ended.stderr, said);
    }
  });

  it('has neither passwords nor headers in its environment', async (test) => {
    const scene = await Scene.set(test);
    const command = script(scene, `env >"$D/env"`);
    const broker = {
      'outgoing-queue': undefined,
      'outgoing-broker': { uri: scene.broker.uri, auth: 'plain name=a pass-env=LANG' },
    };
    await scene.run(configured(scene, { command }, broker), { env: { ...process.env, LANG: 'secret', OTHER: 'x' } });
    const names = readFileSync(scene.path('env'), 'utf8')
      .split('\n')
      .map((line) => line.split('=')[0]);
    assert.deepEqual([names.includes('LANG'), names.includes('OTHER'), names.includes('PATH')], [false, false, true]);
  });

  it('is looked at by check --connect, and not run by --dry-run', async (test) => {
    const scene = await Scene.set(test);
    const command = script(scene, 'touch "$D/ran"');
    const [, file = ''] = configured(scene, { command });
    const check = await scene.run(['check', '--connect', file]);
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /reads messages that .*command writes, once/);
    assert.match(check.stdout, /command: can be run/);
    const dry = await scene.run(['--config', file, '--dry-run']);
    assert.equal(dry.code, 64, dry.stderr);
    assert.equal(existsSync(scene.path('ran')), false);
  });

  it('goes to a broker', async (test) => {
    const scene = await Scene.set(test);
    const line = `echo '{"header":{"destination":"${DESTINATION}","x-number":"0"},"body":"b"}'`;
    const to = { 'outgoing-queue': undefined, 'outgoing-broker-uri': scene.broker.uri };
    const { code, stderr } = await scene.run(configured(scene, { command: script(scene, line) }, to));
    assert.equal(code, 0, RESULT(stderr));
    assert.deepEqual(scene.arrived(), [0]);
  });

  it('carries lines of files to a broker with etc/feed.conf, though it is killed', async (test) => {
    const scene = await Scene.set(test, { users: { feed: 'secret' } });
    mkdirSync(scene.path('spool'));
    for (const file of upTo(20)) {
      const lines = upTo(10).map((line) => `line "${file}-${line}" \\ \tžluť\n`);
      writeFileSync(scene.path(`spool/${file}.log`), lines.join(''));
    }
    const text = readFileSync(join(SAMPLES, 'feed.conf'), 'utf8')
      .replaceAll('/etc/stompctl/commands', join(SAMPLES, 'commands'))
      .replaceAll('/var/spool/stompctl/feed ', `${scene.path('spool')} `)
      .replaceAll('/var/spool/stompctl', scene.folder)
      .replaceAll('/etc/stompctl', scene.folder)
      .replaceAll('/run/stompctl', scene.folder)
      .replaceAll('stomp://broker.example.com:61613', scene.broker.uri);
    writeFileSync(scene.path('feed.conf'), text, { mode: 0o600 });
    writeFileSync(scene.path('feed.pass'), 'secret', { mode: 0o600 });
    for (const left of [14, 7]) {
      const run = scene.start(['--config', scene.path('feed.conf')]);
      await eventually(() => readdirSync(scene.path('spool')).length <= left, { everyMs: 1 });
      await run.stop('SIGKILL');
    }
    const run = scene.start(['--config', scene.path('feed.conf')]);
    await eventually(() => readdirSync(scene.path('spool')).length === 0);
    assert.equal((await run.stop()).code, 0, RESULT(run.stderr));
    const bodies = new Set(scene.broker.drain('/queue/example.lines').map(({ body }) => body.toString()));
    const expected = upTo(20).flatMap((file) => upTo(10).map((line) => `line "${file}-${line}" \\ \tžluť`));
    assert.deepEqual([...bodies].sort(), expected.sort());
  });
});
