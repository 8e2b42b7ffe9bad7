import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { consume, elementPaths, produce } from '../support/sample-messages.js';
import { numbered, Scene, upTo } from '../support/scene.js';

it('one command stores each message in the queue that its destination names', async (test) => {
  const scene = await Scene.set(test);
  const names = ['/queue/a', '/topic/b.c', 'd'];
  for (const [index, destination] of names.entries()) {
    produce(scene.path('in'), numbered(10, { destination }, index * 10));
  }
  produce(scene.path('in'), numbered(1, { destination: '/queue/../../escaped' }, 30));
  produce(scene.path('in'), numbered(1, {}, 31));
  const out = `path=${scene.path('out')}/%25{header:destination} max-open=2`;
  const args = ['--incoming-queue', `path=${scene.path('in')}`, '--remove', '--outgoing-queue', out];
  const shown = await scene.run([...args, '--dry-run']);
  assert.match(shown.stdout, /30 unchanged, 0 rewritten, 0 dropped, 2 rejected/);
  const ended = await scene.run([...args, '--failure-queue', `path=${scene.path('failed')}`]);
  assert.equal(ended.code, 1, ended.stderr);
  assert.deepEqual(readdirSync(scene.path('out')).sort(), ['%2Fqueue%2Fa', '%2Ftopic%2Fb.c', 'd']);
  assert.deepEqual(
    ['%2Fqueue%2Fa', '%2Ftopic%2Fb.c', 'd'].flatMap((name) => scene.stored(join('out', name))),
    upTo(30),
  );
  assert.deepEqual(scene.stored('failed'), [30, 31]);
  for (const { header } of consume(scene.path('failed'))) assert.equal(header['x-stompctl-code'], 'MESSAGE_BAD_HEADER');
  assert.deepEqual(elementPaths(scene.path('in')), []);
});

it('loses nothing when it is killed while it opens and closes queues', async (test) => {
  const scene = await Scene.set(test);
  const values = ['a', 'b', 'c', 'd', 'e'];
  for (const number of upTo(1000)) {
    produce(scene.path('in'), numbered(1, { app: values[number % values.length] ?? '' }, number));
  }
  const out = `path=${scene.path('out')}/%25{header:app} max-open=2`;
  const ends = ['--incoming-queue', `path=${scene.path('in')}`, '--outgoing-queue', out];
  const args = [...ends, '--remove', '--loop', '--window', '50'];
  const left = () => elementPaths(scene.path('in')).length;
  for (const most of [900, 600, 300]) {
    const run = scene.start(args);
    await eventually(() => left() <= most, { everyMs: 1 });
    await run.stop('SIGKILL');
  }
  const last = scene.start(args);
  await eventually(() => left() === 0);
  assert.equal((await last.stop()).code, 0);
  const stored = new Set(values.flatMap((value) => scene.stored(join('out', value))));
  assert.deepEqual(
    [...stored].sort((a, b) => a - b),
    upTo(1000),
  );
  for (const [index, value] of values.entries()) {
    const strangers = scene.stored(join('out', value)).filter((number) => number % values.length !== index);
    assert.deepEqual(strangers, []);
  }
});
