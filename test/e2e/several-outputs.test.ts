import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { statusPath } from '../../src/daemon/status-file.js';
import { eventually } from '../support/eventually.js';
import { Random, testSeed } from '../support/random.js';
import { elementPaths, produce } from '../support/sample-messages.js';
import { ascending, DESTINATION, numbered, Scene, upTo } from '../support/scene.js';

const DOCUMENT = readFileSync('docs/outputs.md', 'utf8');

/** A configuration of docs/outputs.md, with the paths of the test and its broker; the file that it is in. */
function documented(scene: Scene, name: string): string {
  const [, text] = new RegExp(`^\`\`\`\\w+\n(# ${name}:[\\s\\S]*?)^\`\`\`$`, 'm').exec(DOCUMENT) ?? [];
  assert.ok(text !== undefined, name);
  const file = scene.path(name);
  const here = text
    .replaceAll('/var/spool', scene.folder)
    .replaceAll('stomp://broker.example.org:61613', scene.broker.uri);
  writeFileSync(file, here);
  return file;
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort(ascending);
}

const QUICK = ['--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'];

describe('the configurations of docs/outputs.md', { concurrency: 2 }, () => {
  it('fallback.conf: to the broker, and into the queue while it is away', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'fallback.conf');
    scene.fill('app', 20);
    const pidfile = scene.path('pid');
    const run = scene.start(['--config', file, '--pidfile', pidfile, ...QUICK]);
    await eventually(() => scene.broker.depth(DESTINATION).ready === 20);
    await scene.broker.stop();
    const status = () => JSON.parse(readFileSync(statusPath(pidfile), 'utf8'));
    const phases = () => status().ends[1].members.map(({ phase }: { phase: string }) => phase === 'open');
    await eventually(() => String(phases()) === 'false,true', { what: 'the status has a row for each' });
    assert.deepEqual(
      status().ends[1].members.map(({ name }: { name: string }) => name),
      [`main (broker ${scene.broker.uri})`, `local (queue ${scene.path('app-local')})`],
    );
    produce(scene.path('app'), numbered(20, { destination: DESTINATION }, 20));
    await eventually(() => elementPaths(scene.path('app-local')).length === 20);
    assert.notEqual(status().state, 'stuck');
    await eventually(
      () => String(status().ends[1].members.map((row: { messages: number }) => row.messages)) === '20,20',
    );
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.deepEqual(
      scene.stored('app-local'),
      upTo(20).map((at) => at + 20),
    );
  });

  it('audit.yaml: to the broker, and into the audit queue', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'audit.yaml');
    scene.fill('app', 20);
    const run = scene.start(['--config', file, ...QUICK]);
    await eventually(() => elementPaths(scene.path('app')).length === 0);
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.deepEqual([scene.arrived(), scene.stored('app-audit')], [upTo(20), upTo(20)]);
  });

  it('route.yaml: where the rule says, shown by a dry run first', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'route.yaml');
    scene.fill('app', 1, { audit: '1' });
    produce(scene.path('app'), numbered(1, {}, 1));
    const shown = await scene.run(['--config', file, '--dry-run', '--no-loop', '--log-level', 'warn']);
    assert.match(shown.stdout, /: unchanged, to audit\n[\s\S]*: unchanged\n/);
    const run = scene.start(['--config', file, ...QUICK]);
    await eventually(() => elementPaths(scene.path('app')).length === 0);
    assert.equal((await run.stop()).code, 0, run.stderr);
    assert.deepEqual([scene.stored('app-audit'), scene.stored('app-main')], [[0], [1]]);
  });
});

it('a command of many messages is run again for all of them, also as the first output', async (test) => {
  const scene = await Scene.set(test);
  scene.fill('in', 30);
  const command = scene.path('command');
  const text = `#!/bin/sh\ncd '${scene.folder}'\n[ -e up ] || exit 75\necho "$STOMPCTL_MESSAGES" >>runs\n`;
  writeFileSync(command, text, { mode: 0o755 });
  const outgoing = [
    { command: { all: { command, coalesce: 1 } } },
    { broker: { other: { uri: 'stomp://127.0.0.1:1' } } },
  ];
  const from = { 'incoming-queue': { path: scene.path('in') }, remove: true, loop: true, deliver: 'first' };
  writeFileSync(scene.path('x.yaml'), JSON.stringify({ ...from, outgoing }));
  const run = scene.start(['--config', scene.path('x.yaml'), ...QUICK]);
  await eventually(() => run.log('open-retry').filter(({ code }) => code === 'COMMAND_TRY_AGAIN').length > 3);
  writeFileSync(scene.path('up'), '');
  await eventually(() => elementPaths(scene.path('in')).length === 0);
  assert.equal((await run.stop()).code, 0, run.stderr);
  assert.deepEqual(run.log('probe'), []);
  assert.equal(readFileSync(scene.path('runs'), 'utf8').trim(), '30');
});

it('a command among outputs does not see the password of a broker among them', async (test) => {
  const scene = await Scene.set(test);
  scene.fill('in', 1);
  const command = scene.path('command');
  writeFileSync(command, `#!/bin/sh\nenv >'${scene.path('env')}'\n`, { mode: 0o755 });
  const auth = { scheme: 'plain', name: 'me', 'pass-env': 'LC_SECRET' };
  const outgoing = [{ broker: { main: { uri: scene.broker.uri, auth } } }, { command: { each: { command } } }];
  const from = { 'incoming-queue': { path: scene.path('in') }, remove: true, deliver: 'every' };
  writeFileSync(scene.path('x.yaml'), JSON.stringify({ ...from, outgoing }));
  const env = { LC_SECRET: 'hush', LC_OTHER: 'heard' };
  const { code, stderr } = await scene.run(['--config', scene.path('x.yaml')], { env });
  assert.equal(code, 0, stderr);
  const seen = readFileSync(scene.path('env'), 'utf8');
  assert.match(seen, /LC_OTHER=heard/);
  assert.doesNotMatch(seen, /hush/);
});

describe('a run with several outputs that is killed', { concurrency: 2 }, () => {
  for (const deliver of ['every', 'first'] as const) {
    it(`again and again with deliver = ${deliver} loses nothing`, async (test) => {
      const count = 400;
      const random = new Random(testSeed());
      const scene = await Scene.set(test);
      scene.fill('in', count);
      const file = scene.path('x.yaml');
      const outgoing = [
        { broker: { main: { uri: scene.broker.uri } } },
        { queue: { local: { path: scene.path('out') } } },
      ];
      const from = { 'incoming-queue': { path: scene.path('in') }, loop: true, remove: true, window: 50 };
      writeFileSync(file, JSON.stringify({ ...from, outgoing, deliver }));
      const sent = () => scene.broker.received(DESTINATION).received + elementPaths(scene.path('out')).length;
      for (let kills = 0; kills < 4; kills += 1) {
        const due = sent() + 20 + Math.floor(random.fraction() * 60);
        const run = scene.start(['--config', file, ...QUICK]);
        await eventually(() => sent() >= due, { everyMs: 1 });
        if (kills === 1) await scene.broker.restart();
        assert.equal((await run.stop('SIGKILL')).signal, 'SIGKILL');
      }
      const last = scene.start(['--config', file, ...QUICK]);
      await eventually(() => elementPaths(scene.path('in')).length === 0);
      assert.equal((await last.stop()).code, 0, last.stderr);
      const [arrived, stored] = [scene.arrived(), scene.stored('out')];
      if (deliver === 'every') assert.deepEqual([unique(arrived), unique(stored)], [upTo(count), upTo(count)]);
      else assert.deepEqual(unique([...arrived, ...stored]), upTo(count));
    });
  }
});
