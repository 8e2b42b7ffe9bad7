import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { consume } from '../support/sample-messages.js';
import { DESTINATION, Scene } from '../support/scene.js';

async function fill(path: string, bodies: readonly string[]): Promise<void> {
  const queue = new SimpleQueue({ path });
  for (const body of bodies) await queue.add(body);
}

async function bodiesOf(path: string): Promise<string[]> {
  const queue = new SimpleQueue({ path });
  const bodies: string[] = [];
  for await (const name of queue) {
    assert.ok(await queue.lock(name));
    bodies.push((await queue.get(name)).toString());
    await queue.unlock(name);
  }
  return bodies;
}

function configured(scene: Scene, options: object): string[] {
  const file = scene.path('run.yaml');
  writeFileSync(
    file,
    JSON.stringify({ 'incoming-queue': { path: scene.path('in'), format: 'raw' }, remove: true, ...options }),
  );
  return ['--config', file];
}

describe('queues whose elements are bodies, or are to be known by name', () => {
  it('go to a broker with the headers that are given, and come back as bodies', async (test) => {
    const scene = await Scene.set(test);
    await fill(scene.path('in'), ['{"not":"a message"}', '', 'three\n']);
    const out = configured(scene, {
      'queue-headers': { destination: DESTINATION, element: '%{element}' },
      'outgoing-broker-uri': scene.broker.uri,
    });
    assert.deepEqual((await scene.run(out)).code, 0);
    assert.deepEqual(await bodiesOf(scene.path('in')), []);
    const back = await scene.run(
      scene.receiver('--outgoing-queue', `path=${scene.path('raw')} format=raw`, '--count', '3'),
    );
    assert.deepEqual([back.code, await bodiesOf(scene.path('raw'))], [0, ['{"not":"a message"}', '', 'three\n']]);
    const told = back.stderr.split('\n').filter((line) => line.includes('headers are dropped'));
    assert.equal(told.length, 1, back.stderr);
  });

  it('have whole messages in their failure queue, which retry puts back by the configuration alone', async (test) => {
    const scene = await Scene.set(test);
    await fill(scene.path('in'), ['one', 'two']);
    const ends = {
      'queue-headers': { a: '%{size}' },
      'outgoing-queue': { path: scene.path('out'), format: 'raw' },
      'failure-queue': { path: scene.path('failures') },
    };
    const refusing = { 'callback-code': 'throw new Error("no")', 'callback-language': 'javascript' };
    assert.equal((await scene.run(configured(scene, { ...ends, ...refusing }))).code, 1);
    const failed = [...consume(scene.path('failures'))];
    assert.deepEqual(
      failed.map(({ header, body }) => [header.a, body.toString()]),
      [
        ['3', 'one'],
        ['3', 'two'],
      ],
    );
    const refused = await scene.run(['queue', 'retry', scene.path('failures')]);
    assert.match(refused.stderr, /holds no messages \(format=raw, or a schema\): .*--through CONFIG/);
    assert.deepEqual([refused.code, await bodiesOf(scene.path('in'))], [1, []]);
    const [, config = ''] = configured(scene, ends);
    const through = await scene.run(['queue', 'retry', scene.path('failures'), '--through', config]);
    assert.deepEqual([through.code, await bodiesOf(scene.path('out'))], [0, ['one', 'two']], through.stderr);
  });

  it('are shown by --dry-run', async (test) => {
    const scene = await Scene.set(test);
    await fill(scene.path('in'), ['one']);
    const run = configured(scene, { 'queue-headers': { a: 'b' }, 'outgoing-queue': { path: scene.path('out') } });
    const { code, stdout } = await scene.run([...run, '--dry-run']);
    assert.equal(code, 0);
    assert.match(stdout, /a: ?"?b|"a":"b"/);
    assert.deepEqual(await bodiesOf(scene.path('in')), ['one']);
  });

  it('of messages have the names of elements for rules and callbacks', async (test) => {
    const scene = await Scene.set(test);
    const queue = new SimpleQueue({ path: scene.path('in') });
    const names = [await queue.add('{"body":"one"}'), await queue.add('{"body":"two","header":{"element":"own"}}')];
    const run = configured(scene, {
      'incoming-queue': { path: scene.path('in') },
      'queue-headers': { element: '%{element}' },
      rewrite: [{ set: { rule: 'saw {element}' } }],
      'callback-code': 'hdr.callback = hdr.element; delete hdr.element;',
      'callback-language': 'javascript',
      'outgoing-queue': { path: scene.path('out') },
    });
    const { code, stderr } = await scene.run(run);
    assert.equal(code, 0, stderr);
    const [first = ''] = names;
    assert.deepEqual(
      [...consume(scene.path('out'))].map(({ header, body }) => [body.toString(), header.rule, header.callback]),
      [
        ['one', `saw ${first}`, first],
        ['two', 'saw own', 'own'],
      ],
    );
  });
});
