import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { statusPath } from '../../src/daemon/status-file.js';
import { eventually } from '../support/eventually.js';
import { Random, testSeed } from '../support/random.js';
import { consume, elementPaths, filesOf, produce } from '../support/sample-messages.js';
import { ascending, DESTINATION, numbered, Scene, upTo } from '../support/scene.js';

const DOCUMENT = readFileSync('docs/inputs.md', 'utf8');
const QUICK = ['--reconnect-delay', '0.02', '--reconnect-max-delay', '0.1'];

/** A configuration of docs/inputs.md, with the paths of the test and its broker; the file that it is in. */
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

/** Puts `count` numbers from `first` on into a queue, which is made. */
function put(scene: Scene, queue: string, count: number, first: number): void {
  mkdirSync(scene.path(queue), { recursive: true });
  produce(scene.path(queue), numbered(count, {}, first));
}

function publish(scene: Scene, count: number, first: number): void {
  for (const { header, body } of numbered(count, { persistent: 'true' }, first)) {
    scene.broker.publish(DESTINATION, header, body);
  }
}

describe('the configurations of docs/inputs.md', { concurrency: 2 }, () => {
  it('merge.conf: two queues and a broker, which is away for a while', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'merge.conf');
    put(scene, 'orders', 20, 0);
    put(scene, 'returns', 20, 20);
    publish(scene, 20, 40);
    const pidfile = scene.path('pid');
    const run = scene.start(['--config', file, '--pidfile', pidfile, ...QUICK]);
    await eventually(() => elementPaths(scene.path('merged')).length === 60);
    await eventually(() => scene.broker.depth(DESTINATION).unacknowledged === 0);
    await scene.broker.stop();
    const status = () => JSON.parse(readFileSync(statusPath(pidfile), 'utf8'));
    type Member = { readonly name: string; readonly phase: string; readonly messages: number };
    const members = () => status().ends[0].members as readonly Member[];
    await eventually(
      () =>
        members()
          .map(({ phase }) => phase === 'open')
          .join() === 'true,true,false',
    );
    assert.deepEqual(
      members().map(({ name }) => name),
      [
        `orders (queue ${scene.path('orders')})`,
        `returns (queue ${scene.path('returns')})`,
        `site (broker ${scene.broker.uri})`,
      ],
    );
    put(scene, 'orders', 20, 60);
    await eventually(() => elementPaths(scene.path('merged')).length === 80);
    assert.notEqual(status().state, 'stuck');
    await eventually(
      () =>
        members()
          .map(({ messages }) => messages)
          .join() === '40,20,20',
    );
    const shown = await scene.run(['status', '--pidfile', pidfile]);
    assert.match(shown.stdout, /2 of 3 members of source inputs orders, returns, site are up/);
    await scene.broker.resumeAccepting();
    publish(scene, 20, 80);
    await eventually(() => elementPaths(scene.path('merged')).length === 100);
    assert.equal((await run.stop()).code, 0, run.stderr);
    const kinds = [...consume(scene.path('merged'))].filter(({ header }) => header.kind === 'return');
    assert.deepEqual(
      kinds.map(({ header }) => Number(header['x-number'])).sort(ascending),
      upTo(20).map((at) => at + 20),
    );
    assert.deepEqual(scene.stored('merged'), upTo(100));
  });

  it('mixed.yaml: one pass, shown by a dry run first', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'mixed.yaml');
    mkdirSync(scene.path('drop'));
    for (const number of upTo(10)) writeFileSync(scene.path(`drop/${number}`), 'x');
    put(scene, 'orders', 10, 10);
    const dry = await scene.run(['--config', file, '--dry-run', '--log-level', 'warn']);
    assert.equal(dry.stdout.match(/: unchanged/g)?.length, 20, dry.stdout);
    const { code, stderr } = await scene.run(['--config', file]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(scene.stored('merged'), upTo(20));
  });
});

describe('stompctl with several inputs', { concurrency: 2 }, () => {
  it('checks each', async (test) => {
    const scene = await Scene.set(test);
    const file = documented(scene, 'merge.conf');
    mkdirSync(scene.path('orders'));
    const checked = await scene.run(['check', '--connect', file]);
    assert.equal(checked.code, 0, checked.stderr);
    for (const text of [
      'merges these inputs: orders reads messages from',
      'queue-headers (returns)',
      'subscribe (site)',
      `${scene.path('orders')}: can be used`,
      `${scene.path('returns')}: is not there yet`,
      'logged in at',
    ]) {
      assert.ok(checked.stdout.replace(/\s+/g, ' ').includes(text), `${text}: ${checked.stdout}`);
    }
  });

  it('exits as the one that failed would, though the other was moved', async (test) => {
    const scene = await Scene.set(test);
    put(scene, 'b', 10, 0);
    const incoming = [{ queue: { a: { path: scene.path('a') } } }, { queue: { b: { path: scene.path('b') } } }];
    writeFileSync(
      scene.path('x.yaml'),
      JSON.stringify({ incoming, remove: true, 'outgoing-queue': { path: scene.path('out') } }),
    );
    const run = scene.start(['--config', scene.path('x.yaml')]);
    assert.equal((await run.ended()).code, 66);
    assert.equal(run.log('input-failed').length, 1);
    assert.deepEqual(scene.stored('out'), upTo(10));
  });

  it('loses nothing when it is killed again and again', async (test) => {
    const count = 300;
    const random = new Random(testSeed());
    const scene = await Scene.set(test);
    put(scene, 'a', count, 0);
    put(scene, 'b', count, count);
    publish(scene, count, 2 * count);
    const incoming = [
      { queue: { a: { path: scene.path('a') } } },
      { broker: { site: { uri: scene.broker.uri, subscribe: { destination: DESTINATION } } } },
      { queue: { b: { path: scene.path('b'), type: 'DQS' } } },
    ];
    const to = { 'outgoing-queue': { path: scene.path('out') }, loop: true, remove: true, window: 60 };
    writeFileSync(scene.path('x.yaml'), JSON.stringify({ incoming, ...to }));
    const stored = () => elementPaths(scene.path('out')).length;
    for (let kills = 0; kills < 4; kills += 1) {
      const due = stored() + 20 + Math.floor(random.fraction() * 80);
      const run = scene.start(['--config', scene.path('x.yaml'), ...QUICK]);
      await eventually(() => stored() >= due, { everyMs: 1 });
      assert.equal((await run.stop('SIGKILL')).signal, 'SIGKILL');
    }
    const last = scene.start(['--config', scene.path('x.yaml'), ...QUICK]);
    const left = () =>
      elementPaths(scene.path('a')).length +
      elementPaths(scene.path('b')).length +
      scene.broker.depth(DESTINATION).ready +
      scene.broker.depth(DESTINATION).unacknowledged;
    await eventually(() => left() === 0);
    assert.equal((await last.stop()).code, 0, last.stderr);
    assert.deepEqual([...new Set(scene.stored('out'))].sort(ascending), upTo(3 * count));
    const locks = [...filesOf(scene.path('a')), ...filesOf(scene.path('b'))].filter((path) => path.endsWith('.lck'));
    assert.deepEqual(locks, []);
  });
});
