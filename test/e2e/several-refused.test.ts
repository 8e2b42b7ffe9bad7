import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { logOf, SeveralScene } from '../support/several-scene.js';
import { runStompctl } from '../support/stompctl-process.js';

describe('several transfers that are in the way of each other', () => {
  it('with one pidfile: the second is refused, and the error names both files', async (test) => {
    const of = await SeveralScene.set(test);
    const own = (name: string, pidfile: string) => of.mover(name, `loop = true\npidfile = ${pidfile}\n`);
    own('a', of.scene.path('same.pid'));
    own('b', `${of.folder}/../same.pid`);
    own('c', of.pidfile);
    const run = of.start();
    await eventually(() => run.log('failed').length === 2 && logOf(run, 'a', 'start').length === 1);
    const said = (name: string) => String(logOf(run, name, 'failed')[0]?.msg);
    assert.match(said('b'), /configuration\(.*\/b\.conf\): pidfile .*same\.pid is that of .*\/a\.conf already/);
    assert.match(said('c'), /pidfile .*all\.pid is that of the process \(--pidfile\) already/);
    assert.equal((await run.stop()).code, 78);
  });

  it('with one name: the second file is refused, and goes by its whole name', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a');
    of.write('a.yaml', 'incoming-queue: { path: /nonexistent }\n');
    const run = of.start();
    await eventually(() => logOf(run, 'a', 'start').length === 1);
    assert.match(String(logOf(run, 'a.yaml', 'failed')[0]?.msg), /a transfer named a is there already, of .*a\.conf/);
    assert.equal((await run.stop()).code, 78);
  });

  it('with one outgoing queue: both run, nothing is lost, and a warning names both', async (test) => {
    const of = await SeveralScene.set(test);
    const { scene } = of;
    for (const name of ['a', 'b']) {
      mkdirSync(scene.path(`in-${name}`));
      const queues = `incoming-queue = path=${scene.path(`in-${name}`)}\noutgoing-queue = path=${scene.path('out')}\n`;
      of.write(`${name}.conf`, `${queues}remove = true\nloop = true\n`);
      scene.fill(`in-${name}`, 200);
    }
    const run = of.start();
    await eventually(() => scene.stored('out').length === 400);
    assert.match(String(run.log('configuration').at(-1)?.msg), /^a and b store messages in one queue, .*\/out: /);
    assert.equal((await run.stop()).code, 0);
  });

  it('with one incoming queue: each message is moved once', async (test) => {
    const of = await SeveralScene.set(test);
    const { scene } = of;
    scene.fill('in', 500);
    for (const name of ['a', 'b']) {
      const queues = `incoming-queue = path=${scene.path('in')}\noutgoing-queue = path=${scene.path(`out-${name}`)}\n`;
      of.write(`${name}.conf`, `${queues}remove = true\nloop = true\n`);
    }
    const run = of.start();
    const moved = () => ['a', 'b'].flatMap((name) => scene.stored(`out-${name}`));
    await eventually(() => moved().length >= 500);
    assert.equal((await run.stop()).code, 0);
    assert.equal(new Set(moved()).size, 500);
    assert.equal(moved().length, 500);
  });

  it('what belongs to the process is ignored in a file, and told', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a', 'log-level = error\nmetrics-listen = 127.0.0.1:1\ndaemon = true\n');
    const run = of.start();
    await eventually(() => logOf(run, 'a', 'start').length === 1);
    const told = logOf(run, 'a', 'configuration').map(({ msg }) => String(msg).replace(/^.*?: (\S+) .*$/, '$1'));
    assert.deepEqual(told.sort(), ['daemon', 'log-level', 'metrics-listen']);
    assert.equal((await run.stop()).code, 0);
  });

  it('a pipe in the folder is refused, and holds up nobody', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('b');
    execFileSync('mkfifo', [`${of.folder}/a.conf`]);
    const run = of.start();
    await eventually(() => logOf(run, 'b', 'start').length === 1);
    assert.match(String(logOf(run, 'a', 'failed')[0]?.msg), /is a pipe or a device/);
    assert.equal((await run.stop()).code, 66);
  });
});

describe('run DIR', () => {
  const refused: readonly (readonly [
    what: string,
    args: (of: SeveralScene) => string[],
    said: RegExp,
    code: number,
  ])[] = [
    ['nothing there', () => ['/nonexistent/conf.d'], /there is no such folder/, 66],
    ['a folder without configurations', (of) => [of.folder], /holds no configuration \(\*\.conf, /, 66],
    ['two folders', (of) => [of.folder, of.folder], /one folder is run at a time/, 64],
    ['a folder and a file', (of) => [of.folder, '--conf', 'x'], /a folder and --config exclude each other/, 64],
    ['a file', () => [process.execPath], /a configuration is given as "--config FILE"/, 64],
    ['a dry run', (of) => [of.folder, '--dry-run'], /shows what one configuration would do/, 64],
    ['an address that is none', (of) => [of.folder, '--metrics-listen', 'x'], /metrics-listen/, 64],
  ];
  for (const [what, args, said, code] of refused) {
    it(`refuses ${what}`, async (test) => {
      const of = await SeveralScene.set(test);
      const ended = await runStompctl(['run', ...args(of)]);
      assert.match(ended.stderr, said);
      assert.equal(ended.code, code);
    });
  }
});
