import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { consume, elementPaths } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const SAMPLES = join(import.meta.dirname, '../../../etc');

/** Writes a script of sh, `$D` being the folder, and gives its path. */
function script(scene: Scene, text: string, name = 'command'): string {
  const path = scene.path(name);
  writeFileSync(path, `#!/bin/sh\nD='${scene.folder}'\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Writes a configuration and gives the arguments for it. */
function configured(scene: Scene, options: object, name = 'c.yaml'): string[] {
  const path = scene.path(name);
  writeFileSync(path, JSON.stringify(options), { mode: 0o600 });
  return ['--config', path];
}

function fromQueue(scene: Scene, command: object): object {
  const quick = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };
  return { 'incoming-queue': { path: scene.path('in') }, remove: true, 'outgoing-command': command, ...quick };
}

function fromBroker(scene: Scene, command: object): object {
  const from = { 'incoming-broker': { uri: scene.broker.uri }, subscribe: { destination: DESTINATION } };
  return { ...from, 'outgoing-command': command, 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };
}

/** The numbers in a file that a command appends them to, in order, none twice. */
function numbersIn(scene: Scene, name: string): number[] {
  if (!existsSync(scene.path(name))) return [];
  const lines = readFileSync(scene.path(name), 'utf8').trimEnd().split('\n');
  return [...new Set(lines.map(Number))].sort((a, b) => a - b);
}

describe('outgoing-command', () => {
  it('carries off a queue, and puts what fails into the failure queue with the reason', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 20);
    const command = script(scene, '[ "$1" = 13 ] && exit 4; echo "$1" >>"$D/done"');
    const options = {
      ...fromQueue(scene, { command: `${command} %{x-number}` }),
      'failure-queue': { path: scene.path('failed') },
    };
    const { code, stderr } = await scene.run(configured(scene, { ...options, 'max-attempts': 2 }));
    assert.equal(code, 1, stderr);
    assert.deepEqual(
      numbersIn(scene, 'done'),
      upTo(20).filter((number) => number !== 13),
    );
    assert.deepEqual(elementPaths(scene.path('in')), []);
    const [failed] = [...consume(scene.path('failed'))];
    assert.equal(failed?.header['x-number'], '13');
    assert.equal(failed?.header['x-stompctl-code'], 'COMMAND_FAILED');
    assert.equal(failed?.header['x-stompctl-attempts'], '2');
    assert.match(failed?.header['x-stompctl-reason'] ?? '', /exit code 4/);
  });

  it('tries again what ends with 75, and ends a run that ends by itself with 75 when it stays so', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    const command = script(scene, '[ -e "$D/up" ] || exit 75; echo "$STOMPCTL_HEADER_X_NUMBER" >>"$D/done"');
    const bounded = configured(scene, { ...fromQueue(scene, { command }), 'reconnect-attempts': 3 });
    const { code, stderr } = await scene.run(bounded);
    assert.equal(code, 75, stderr);
    assert.equal(elementPaths(scene.path('in')).length, 5);
    const run = scene.start(configured(scene, { ...fromQueue(scene, { command }), loop: true }));
    await eventually(() => run.log('open-retry').length > 2);
    writeFileSync(scene.path('up'), '');
    await eventually(() => elementPaths(scene.path('in')).length === 0);
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.deepEqual(numbersIn(scene, 'done'), upTo(5));
  });

  for (const [name, how, most] of [
    ['batch', { batch: 10 }, 6],
    ['coalesce', { coalesce: 1 }, 1],
  ] as const) {
    it(`runs again for all of them together what ends with 75, with ${name}`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('in', 30);
      const command = script(scene, '[ -e "$D/up" ] || exit 75; echo "$STOMPCTL_MESSAGES" >>"$D/runs"');
      const run = scene.start(configured(scene, { ...fromQueue(scene, { command, ...how }), loop: true }));
      await eventually(() => run.log('open-retry').length > 2);
      writeFileSync(scene.path('up'), '');
      await eventually(() => elementPaths(scene.path('in')).length === 0);
      assert.equal((await run.stop()).code, 0, run.stderr);
      assert.deepEqual(run.log('probe'), []);
      const runs = readFileSync(scene.path('runs'), 'utf8').trimEnd().split('\n');
      assert.ok(runs.length <= most, `runs with ${runs} messages`);
    });
  }

  it('ends with 69 when the command is missing; a run without end waits until it is there', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const command = scene.path('command');
    const { code, stderr } = await scene.run(configured(scene, fromQueue(scene, { command })));
    assert.equal(code, 69);
    assert.match(stderr, /COMMAND_UNUSABLE/);
    const run = scene.start(configured(scene, { ...fromQueue(scene, { command }), loop: true }));
    await eventually(() => run.log('open-retry').length > 1);
    script(scene, 'echo "$STOMPCTL_HEADER_X_NUMBER" >>"$D/done"');
    await eventually(() => elementPaths(scene.path('in')).length === 0);
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.deepEqual(numbersIn(scene, 'done'), upTo(3));
  });

  it('loses nothing when it is killed again and again, from a queue and from a broker', async (test) => {
    for (const [name, kind] of [
      ['queue', fromQueue],
      ['broker', fromBroker],
    ] as const) {
      const scene = await Scene.set(test);
      const count = 200;
      if (name === 'queue') scene.fill('in', count);
      else scene.publish(count);
      const text = 'sed -n "s/.*\\"x-number\\":\\"\\([0-9]*\\)\\".*/\\1/p" >>"$D/done"';
      const command = { command: script(scene, text), batch: 5, concurrency: 3 };
      const args = configured(scene, { ...kind(scene, command), ...(name === 'queue' && { loop: true }) });
      for (const point of [20, 60, 100, 150]) {
        const run = scene.start(args);
        await eventually(() => numbersIn(scene, 'done').length >= point, { everyMs: 1 });
        await run.stop('SIGKILL');
      }
      const last = scene.start(args);
      await eventually(() => numbersIn(scene, 'done').length === count);
      const left = () => {
        const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
        return name === 'queue' ? elementPaths(scene.path('in')).length : ready + unacknowledged;
      };
      await eventually(() => left() === 0);
      assert.equal((await last.stop()).code, 0, last.stderr);
      assert.deepEqual(numbersIn(scene, 'done'), upTo(count));
    }
  });

  it('answers requests: each reply goes to its reply-to, also when it is killed meanwhile', async (test) => {
    const scene = await Scene.set(test, { server: 'RabbitMQ/3.10.8' });
    const count = 60;
    for (const number of upTo(count)) {
      const header = { persistent: 'true', 'reply-to': '/queue/answers', 'correlation-id': `c${number}` };
      scene.broker.publish(DESTINATION, header, `question ${number}`);
    }
    const command = { command: script(scene, 'printf "answer to "; cat'), output: 'reply', concurrency: 4 };
    const args = configured(scene, fromBroker(scene, command));
    for (const point of [5, 25]) {
      const run = scene.start(args);
      await eventually(() => scene.broker.depth('/queue/answers').ready >= point, { everyMs: 1 });
      await run.stop('SIGKILL');
    }
    const run = scene.start(args);
    await eventually(() => {
      const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
      return ready + unacknowledged === 0;
    });
    assert.equal((await run.stop()).code, 0, run.stderr);
    const answers = new Map(
      scene.broker.drain('/queue/answers').map(({ header, body }) => [header['correlation-id'], body.toString()]),
    );
    assert.deepEqual(
      [...answers].sort(),
      upTo(count)
        .map((number) => [`c${number}`, `answer to question ${number}`])
        .sort(),
    );
  });

  it('gives the command no password of the configuration', async (test) => {
    const scene = await Scene.set(test, { users: { me: 'geheim' } });
    scene.publish(1);
    const command = {
      command: script(scene, 'tr "\\0" "\\n" </proc/$$/environ >"$D/env.new"; mv "$D/env.new" "$D/env"'),
    };
    const auth = { 'incoming-broker-auth': 'plain name=me pass-env=LC_SECRET' };
    const args = configured(scene, { ...fromBroker(scene, command), ...auth });
    const run = scene.start(args, { env: { LC_SECRET: 'geheim', OTHER_SECRET: 'geheim' } });
    await eventually(() => existsSync(scene.path('env')));
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.doesNotMatch(readFileSync(scene.path('env'), 'utf8'), /SECRET|geheim|NODE_|npm_/);
  });

  it('does not outlive a run that is told twice to stop, and nothing is lost', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    const command = script(scene, 'echo $$ >"$D/pid.new"; mv "$D/pid.new" "$D/pid"; exec sleep 600');
    const run = scene.start(configured(scene, { ...fromQueue(scene, { command }), loop: true }));
    const pid = await eventually(
      () => existsSync(scene.path('pid')) && Number(readFileSync(scene.path('pid'), 'utf8')),
    );
    run.signal('SIGTERM');
    await eventually(() => run.log('stopping').length > 0);
    await run.stop('SIGTERM');
    await eventually(() => !existsSync(`/proc/${pid}/cmdline`) || readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '');
    assert.equal(elementPaths(scene.path('in')).length, 1);
  });

  it('is found by check --connect, or not', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    const command = script(scene, 'exit 0');
    const [, good = ''] = configured(scene, fromQueue(scene, { command: `${command} --password=geheim` }));
    const ended = await scene.run(['check', '--connect', good]);
    assert.equal(ended.code, 0, ended.stdout);
    assert.match(ended.stdout, new RegExp(`command ${command}: can be run`));
    const [, bad = ''] = configured(scene, fromQueue(scene, { command: '/no/such/command' }), 'bad.yaml');
    const refused = await scene.run(['check', '--connect', bad]);
    assert.equal(refused.code, 69, refused.stdout);
    assert.match(refused.stdout, /command\(\/no\/such\/command\): there is no such file/);
  });

  it('regenerates a DHCP configuration when hosts change, as the sample in etc/ says', async (test) => {
    const scene = await Scene.set(test, { users: { dhcp: 'p' } });
    const hosts = scene.path('hosts.txt');
    const output = scene.path('hosts.conf');
    writeFileSync(scene.path('dhcp.pass'), 'p\n', { mode: 0o600 });
    const sample = readFileSync(join(SAMPLES, 'dhcp.yaml'), 'utf8')
      .replace('stomp://broker.example.com:61613', scene.broker.uri)
      .replace('/etc/stompctl/dhcp.pass', scene.path('dhcp.pass'))
      .replaceAll('/etc/stompctl/commands', join(SAMPLES, 'commands'))
      .replace('/var/lib/hosts/hosts.txt', hosts)
      .replace('/var/lib/dhcp-hosts/hosts.conf', `${output} ${script(scene, 'echo x >>"$D/reloads"', 'reload')}`)
      .replace('/var/spool/stompctl/dhcp-failures', scene.path('failed'))
      .replace('/run/stompctl/dhcp.pid', scene.path('dhcp.pid'))
      .replace('coalesce: 5 s', 'coalesce: 1 s');
    writeFileSync(scene.path('dhcp.yaml'), sample);
    writeFileSync(hosts, '# name address ip\na 00:11:22:33:44:55 10.0.0.1\n');
    const changed = (count: number) => {
      for (const _ of upTo(count)) scene.broker.publish('/queue/host.changed', { persistent: 'true' }, 'a host');
    };
    const settled = () => {
      const { ready, unacknowledged } = scene.broker.depth('/queue/host.changed');
      return ready + unacknowledged === 0;
    };
    changed(30);
    const run = scene.start(['--config', scene.path('dhcp.yaml')]);
    await eventually(() => existsSync(output) && settled());
    assert.equal(
      readFileSync(output, 'utf8'),
      'host a { hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.0.1; }\n',
    );
    writeFileSync(hosts, 'a 00:11:22:33:44:55 10.0.0.1\nb 00:11:22:33:44:66 10.0.0.2\n');
    changed(30);
    await eventually(() => readFileSync(output, 'utf8').includes('host b ') && settled());
    changed(1);
    await eventually(settled);
    assert.equal((await run.stop()).code, 0, run.stderr);
    const told = run.log('command-output').map(({ msg }) => String(msg));
    // sixty-one events, and a few runs
    assert.ok(told.length <= 10, told.join('\n'));
    assert.equal(told.at(-1), 'nothing has changed');
    assert.equal(readFileSync(scene.path('reloads'), 'utf8'), 'x\nx\n');
  });
});
