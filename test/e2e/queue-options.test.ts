import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { brokerClosesAfterFrames } from '../../src/broker/faults.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { eventually } from '../support/eventually.js';
import { remains } from '../support/queue-types.js';
import { consume, elementPaths } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';

function queues(scene: Scene, incoming: string, outgoing: string): string[] {
  const [from, to] = [`path=${scene.path('in')} ${incoming}`, `path=${scene.path('out')} ${outgoing}`];
  return ['--incoming-queue', from, '--outgoing-queue', to, '--remove'];
}

async function bodiesOf(path: string): Promise<string[]> {
  const queue = new NormalQueue({ path });
  const bodies: string[] = [];
  for await (const name of queue) {
    assert.ok(await queue.lock(name));
    bodies.push((await queue.getMessage(name)).body.toString());
    await queue.unlock(name);
  }
  return bodies;
}

describe('queues of type DQN and NULL', { concurrency: 2 }, () => {
  it('from DQS into DQN, maxelts in a folder, and back', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 25);
    const there = await scene.run(queues(scene, '', 'type=DQN maxelts=10'));
    assert.equal(there.code, 0, there.stderr);
    assert.deepEqual(readdirSync(scene.path('out')).sort(), [
      '00000000',
      '00000001',
      '00000002',
      'obsolete',
      'temporary',
    ]);
    assert.equal(readdirSync(scene.path('out/00000000')).length, 10);
    assert.deepEqual(
      await bodiesOf(scene.path('out')),
      upTo(25).map((number) => `body ${number}`),
    );
    assert.deepEqual(scene.stored('in'), []);

    const back = [
      '--incoming-queue',
      `path=${scene.path('out')} type=DQN`,
      '--outgoing-queue',
      `path=${scene.path('in')}`,
    ];
    const ended = await scene.run([...back, '--remove']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('in'), upTo(25));
    assert.deepEqual(remains(scene.path('out')), []);
    assert.equal(await new NormalQueue({ path: scene.path('out') }).count(), 0);
  });

  it('through a broker', async (test) => {
    const scene = await Scene.set(test);
    const queue = new NormalQueue({ path: scene.path('in') });
    for (const number of upTo(20)) {
      const header = newHeader({ destination: '/queue/q', 'x-number': String(number) });
      await queue.addMessage(new Message(header, Buffer.from(`body ${number}`)));
    }
    const ends = ['--incoming-queue', `path=${scene.path('in')} type=DQN`, '--outgoing-broker-uri', scene.broker.uri];
    const sent = await scene.run([...ends, '--remove']);
    assert.equal(sent.code, 0, sent.stderr);
    assert.equal(await queue.count(), 0);
    const args = scene.receiver('--count', '20').map((arg) => (arg.endsWith('/out') ? `${arg} type=DQN` : arg));
    const received = await scene.run(args);
    assert.equal(received.code, 0, received.stderr);
    assert.deepEqual(
      await bodiesOf(scene.path('out')),
      upTo(20).map((number) => `body ${number}`),
    );
  });

  it('NULL swallows, and needs no path', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 10);
    const from = ['--incoming-queue', `path=${scene.path('in')}`];
    const ended = await scene.run([...from, '--outgoing-queue', 'type=NULL', '--remove', '--statistics']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^processed 10 messages/);
    assert.deepEqual([scene.stored('in'), readdirSync(scene.folder)], [[], ['in']]);
  });

  it('NULL is empty', async (test) => {
    const scene = await Scene.set(test);
    const to = ['--outgoing-queue', `path=${scene.path('out')}`];
    const ended = await scene.run(['--incoming-queue', 'type=NULL', ...to, '--statistics']);
    assert.deepEqual([ended.code, ended.stdout], [0, 'processed no messages\n'], ended.stderr);
  });
});

describe('what an outgoing queue can be given', { concurrency: 2 }, () => {
  it('compression=zlib: bodies that get smaller are compressed', async (test) => {
    const scene = await Scene.set(test);
    mkdirSync(scene.path('in/00000000'), { recursive: true });
    const large = 'again and '.repeat(100);
    writeFileSync(scene.path('in/00000000/00000000000000'), JSON.stringify({ body: large, text: true }));
    writeFileSync(scene.path('in/00000000/00000000000010'), JSON.stringify({ body: 'small', text: true }));
    const ended = await scene.run(queues(scene, '', 'compression=zlib'));
    assert.equal(ended.code, 0, ended.stderr);
    const [first, second] = elementPaths(scene.path('out')).map((path) => JSON.parse(readFileSync(path, 'utf8')));
    assert.equal(first.encoding, 'base64+zlib');
    assert.equal(inflateSync(Buffer.from(first.body, 'base64')).toString(), large);
    assert.deepEqual(second, { body: 'small', text: true });
  });

  it('max-elements: a full queue makes the run wait, say so, and go on', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 30);
    const run = scene.start(queues(scene, '', 'max-elements=10').concat('--sync', 'message'));
    await eventually(() => run.log('queue-full').length === 1);
    assert.match(String(run.log('queue-full')[0]?.reason), /^it has 10 elements, of at most 10$/);
    assert.equal(elementPaths(scene.path('out')).length, 10);
    run.signal('SIGUSR1');
    await eventually(() => run.log('state').length === 1);
    assert.deepEqual(run.log('state')[0]?.waiting, [`queue ${scene.path('out')}: it has 10 elements, of at most 10`]);
    const args = ['--incoming-queue', `path=${scene.path('out')}`, '--outgoing-queue', `path=${scene.path('taken')}`];
    while (run.running) assert.equal((await scene.run([...args, '--remove'])).code, 0);
    assert.equal((await run.ended()).code, 0);
    assert.ok(run.log('queue-room').length > 0);
    assert.deepEqual(
      [...scene.stored('taken'), ...scene.stored('out')].sort((a, b) => a - b),
      upTo(30),
    );
  });

  it('min-free: with the disk too full nothing is taken from the broker but the window, and nothing lost', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(20);
    const args = scene.receiver('--window', '5').map((arg) => (arg.endsWith('/out') ? `${arg} min-free=99.999%` : arg));
    const run = scene.start([...args, '--timeout-linger', '0.1']);
    await eventually(() => run.log('queue-full').length === 1);
    assert.match(String(run.log('queue-full')[0]?.reason), /^its file system has \d+ bytes free, of at least \d+$/);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), []);
    await eventually(() => scene.broker.depth('/queue/q').ready === 20);
  });
});

describe('queues beside the outgoing one', { concurrency: 2 }, () => {
  it('tap-queue has a copy of what passed the callback', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 10);
    const code = 'if (hdr["x-number"] === "3") return "not this one"; hdr.seen = "yes"; return msg;';
    const tap = ['--tap-queue', `path=${scene.path('tap')}`];
    const ended = await scene.run(scene.sender(...tap, '--callback-code', code, '--callback-language', 'javascript'));
    assert.equal(ended.code, 0, ended.stderr);
    const passed = upTo(10).filter((number) => number !== 3);
    assert.deepEqual(scene.stored('tap'), passed);
    assert.deepEqual(scene.arrived(), passed);
    assert.ok([...consume(scene.path('tap'))].every(({ header }) => header.seen === 'yes'));
  });

  it('tap-queue has one copy of each, also when the broker was lost in between', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerClosesAfterFrames({ frames: 60, times: 2 })] });
    scene.fill('in', 200);
    const ended = await scene.run(scene.sender('--tap-queue', `path=${scene.path('tap')} type=DQN`));
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      (await bodiesOf(scene.path('tap'))).sort(),
      upTo(200)
        .map((number) => `body ${number}`)
        .sort(),
    );
    assert.deepEqual(
      [...new Set(scene.arrived())].sort((a, b) => a - b),
      upTo(200),
    );
  });

  it('a tap-queue that is full makes the run wait: nothing counts as sent without its copy', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 5);
    const tap = [
      '--tap-queue',
      `path=${scene.path('tap')} max-elements=2`,
      '--timeout-linger',
      '0.1',
      '--sync',
      'message',
    ];
    const run = scene.start(scene.mover(...tap));
    await eventually(() => run.log('queue-full').length === 1);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(scene.stored('in').length, 3);
    assert.deepEqual(scene.stored('tap'), [0, 1]);
    assert.deepEqual(
      [...new Set([...scene.stored('out'), ...scene.stored('in')])].sort((a, b) => a - b),
      upTo(5),
    );
  });

  it('failure-queue has undecodable elements byte for byte', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x0a]);
    const [first = ''] = readdirSync(scene.path('in'));
    writeFileSync(join(scene.path('in'), first, '5f000000fffff0'), bytes);
    const ended = await scene.run(scene.mover('--failure-queue', `path=${scene.path('failures')}`));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(3));
    assert.deepEqual(elementPaths(scene.path('in')), []);
    const [stored = '', ...others] = elementPaths(scene.path('failures'));
    assert.deepEqual(readFileSync(stored), bytes);
    assert.deepEqual(others, []);
  });
});
