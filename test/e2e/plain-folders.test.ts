import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const SAMPLES = join(import.meta.dirname, '../../../etc');
const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };

function configured(scene: Scene, name: string, options: object): string[] {
  writeFileSync(scene.path(name), JSON.stringify(options), { mode: 0o600 });
  return ['--config', scene.path(name)];
}

function visible(path: string): string[] {
  return readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

describe('plain folders', () => {
  it('carry files over a broker into another folder, though both ends are killed again and again', async (test) => {
    const scene = await Scene.set(test, { server: 'RabbitMQ/3.10.8' });
    const [from, to] = [scene.path('from'), scene.path('to')];
    mkdirSync(from);
    const count = 300;
    for (const number of upTo(count)) {
      writeFileSync(join(from, `f${number}.json`), JSON.stringify({ n: number }));
      writeFileSync(join(from, `f${number}`), `body ${number}`);
    }
    const sender = configured(scene, 'sender.yaml', {
      'incoming-folder': { path: from, stable: 0, sidecar: 'json' },
      'folder-headers': { destination: DESTINATION, file: '%{file}' },
      'outgoing-broker-uri': scene.broker.uri,
      loop: true,
      window: 20,
      ...QUICK,
    });
    const receiver = configured(scene, 'receiver.yaml', {
      'incoming-broker-uri': scene.broker.uri,
      subscribe: { destination: DESTINATION },
      'outgoing-folder': { path: to, name: '%{file}', sidecar: 'json' },
      window: 20,
      ...QUICK,
    });
    mkdirSync(to);
    const arrived = () => new Set(visible(to).flatMap((name) => /^f\d+(?!.*\.json$)/.exec(name)?.[0] ?? []));
    for (const point of [30, 100, 200]) {
      const [one, other] = [scene.start(sender), scene.start(receiver)];
      await eventually(() => arrived().size >= point, { everyMs: 1 });
      await Promise.all([one.stop('SIGKILL'), other.stop('SIGKILL')]);
    }
    const [one, other] = [scene.start(sender), scene.start(receiver)];
    await eventually(() => arrived().size === count && visible(from).length === 0);
    await eventually(
      () => scene.broker.depth(DESTINATION).ready + scene.broker.depth(DESTINATION).unacknowledged === 0,
    );
    assert.equal((await one.stop()).code, 0, one.stderr);
    assert.equal((await other.stop()).code, 0, other.stderr);
    assert.deepEqual(readdirSync(from), []);
    // a kill between the two names of a message leaves that of its header, and it comes again beside it
    const names = new Map(
      visible(to).flatMap((name) => (name.endsWith('.json') ? [] : [[/^f\d+/.exec(name)?.[0], name]])),
    );
    for (const number of upTo(count)) {
      const name = names.get(`f${number}`) ?? 'missing';
      assert.equal(readFileSync(join(to, name), 'utf8'), `body ${number}`);
      assert.equal(JSON.parse(readFileSync(join(to, `${name}.json`), 'utf8')).n, String(number));
    }
  });

  it('are shown by --dry-run and check, which touch nothing', async (test) => {
    const scene = await Scene.set(test);
    const [from, to] = [scene.path('from'), scene.path('to')];
    mkdirSync(from);
    writeFileSync(join(from, 'a.txt'), 'content');
    writeFileSync(join(from, 'large.txt'), 'x'.repeat(200));
    const args = configured(scene, 'c.yaml', {
      'incoming-folder': { path: from, stable: 0, body: 'text' },
      'folder-headers': { destination: '/queue/%{base}' },
      'outgoing-folder': { path: to },
      'max-message-size': 100,
    });
    const dry = await scene.run(['run', ...args, '--dry-run']);
    assert.match(dry.stdout, /a\.txt/);
    assert.match(dry.stdout, /large\.txt.*200 bytes/s);
    const checked = await scene.run(['check', '--connect', scene.path('c.yaml')]);
    assert.equal(checked.code, 0, checked.stdout);
    assert.match(checked.stdout, /takes files from the folder .*, once, and writes them into the folder /);
    assert.match(checked.stdout, new RegExp(`folder ${from}: can be used`));
    assert.deepEqual(readdirSync(from), ['a.txt', 'large.txt']);
    assert.equal(readdirSync(scene.folder).includes('to'), false);
    const ended = await scene.run(args);
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(visible(from), ['large.txt']);
    assert.deepEqual(
      visible(to).map((name) => readFileSync(join(to, name), 'utf8')),
      ['content'],
    );
  });

  it('are left alone by a run whose folder is missing', async (test) => {
    const scene = await Scene.set(test);
    const args = configured(scene, 'c.yaml', {
      'incoming-folder': { path: scene.path('nothing') },
      'outgoing-folder': { path: scene.path('to') },
    });
    const ended = await scene.run(args);
    assert.equal(ended.code, 66, ended.stderr);
    assert.match(ended.stderr, /QUEUE_MISSING/);
  });

  it('of the sample in etc/ go to the broker and are removed', async (test) => {
    const scene = await Scene.set(test, { users: { folder: 'p' } });
    const from = scene.path('from');
    mkdirSync(from);
    writeFileSync(scene.path('folder.pass'), 'p\n', { mode: 0o600 });
    const sample = readFileSync(join(SAMPLES, 'folder.yaml'), 'utf8')
      .replace('stomp://broker.example.com:61613', scene.broker.uri)
      .replace('/etc/stompctl/folder.pass', scene.path('folder.pass'))
      .replace('/var/spool/stompctl/folder\n', `${from}\n`)
      .replace('/var/spool/stompctl/folder-failures', scene.path('failed'))
      .replace('/run/stompctl/folder.pid', scene.path('folder.pid'))
      .replace('stable: 5 s', 'stable: 0');
    writeFileSync(scene.path('folder.yaml'), sample);
    const run = scene.start(['--config', scene.path('folder.yaml')]);
    for (const name of ['a.xml', '.b.xml', 'c.xml.tmp', 'd.txt']) {
      // as a producer does: nobody sees it half-written
      writeFileSync(scene.path('whole'), '<x/>');
      renameSync(scene.path('whole'), join(from, name));
    }
    await eventually(() => scene.broker.depth('/queue/example.files').ready === 1 && !visible(from).includes('a.xml'));
    assert.equal((await run.stop()).code, 0, run.stderr);
    const [message] = scene.broker.drain('/queue/example.files');
    assert.equal(message?.header.file, 'a.xml');
    assert.equal(message?.body.toString(), '<x/>');
    assert.deepEqual(readdirSync(from).sort(), ['.b.xml', 'c.xml.tmp', 'd.txt']);
  });
});
