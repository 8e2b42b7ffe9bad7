import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { consume, produce } from '../support/sample-messages.js';
import { DESTINATION, numbered, Scene, upTo } from '../support/scene.js';

const WHY = { 'x-stompctl-code': 'X', 'x-stompctl-reason': 'r', 'x-stompctl-attempts': '1', 'x-stompctl-time': 't' };

/** What a failure queue keeps of `count` messages from `source`. */
function failed(scene: Scene, count: number, source: string, first = 0): void {
  const header = { destination: DESTINATION, 'x-own': 'kept', ...WHY, 'x-stompctl-source': source };
  produce(scene.path('failures'), numbered(count, header, first));
}

describe('queue retry', () => {
  it('puts each message back into the queue it came from, without what the failure queue has added', async (test) => {
    const scene = await Scene.set(test);
    for (const name of ['a', 'b b']) mkdirSync(scene.path(name));
    failed(scene, 3, `queue ${scene.path('a')} 00000000/00000000000001`);
    failed(scene, 2, `queue ${scene.path('b b')} 00000000/00000000000001`, 3);
    const { code, stdout, stderr } = await scene.run(['queue', 'retry', scene.path('failures')]);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.equal(stdout, `3 messages put back to ${scene.path('a')}\n2 messages put back to ${scene.path('b b')}\n`);
    assert.deepEqual([scene.stored('a'), scene.stored('b b'), scene.stored('failures')], [[0, 1, 2], [3, 4], []]);
    for (const { header } of consume(scene.path('a'))) {
      assert.equal(header['x-own'], 'kept');
      assert.deepEqual(
        Object.keys(header).filter((name) => name.startsWith('x-stompctl-')),
        [],
      );
    }
  });

  it('takes up what a run has rejected, and puts it back for the next one', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const failures = ['--failure-queue', `path=${scene.path('failures')}`];
    const reject = ['--callback-code', 'throw new Error("no")', '--callback-language', 'javascript'];
    assert.equal((await scene.run(scene.mover(...failures, ...reject))).code, 1);
    assert.deepEqual(scene.stored('failures'), [0, 1, 2]);
    assert.equal((await scene.run(['queue', 'retry', scene.path('failures')])).code, 0);
    assert.equal((await scene.run(scene.mover())).code, 0);
    assert.deepEqual(scene.stored('out'), [0, 1, 2]);
  });

  const unknown: readonly (readonly [what: string, source: string, said: RegExp])[] = [
    ['a broker', 'broker stomp://h:61613 17', /it came from broker stomp:\/\/h:61613 17, which is no queue/],
    ['a queue that is gone', 'queue /none/at/all 1/2', /it came from the queue \/none\/at\/all, which is not there/],
    ['something else', 'x', /it came from x, which is no queue/],
  ];
  for (const [what, source, said] of unknown) {
    it(`leaves what came from ${what}, and says what to do`, async (test) => {
      const scene = await Scene.set(test);
      failed(scene, 1, source);
      const { code, stdout, stderr } = await scene.run(['queue', 'retry', scene.path('failures')]);
      assert.match(stderr, said);
      assert.match(stderr, /--to QUEUE.*--through CONFIG/);
      assert.deepEqual([code, stdout], [1, 'no message was put back\n']);
      assert.deepEqual(scene.stored('failures'), [0]);
    });
  }

  for (const [what, ...to] of [['where they came from'], ['a queue', '--to', 'other']] as const) {
    it(`tries no more messages than --count says, also when they have to stay: ${what}`, async (test) => {
      const scene = await Scene.set(test);
      const missing = { 'x-stompctl-body-bytes': '9' };
      produce(scene.path('failures'), numbered(5, { destination: DESTINATION, ...WHY, ...missing }));
      const args = to.map((each) => (each.startsWith('-') ? each : scene.path(each)));
      const { code, stderr } = await scene.run(['queue', 'retry', scene.path('failures'), '--count', '2', ...args]);
      assert.equal(code, 1);
      assert.equal(stderr.match(/was over max-message-size/g)?.length, 2, stderr);
      assert.equal(scene.stored('failures').length, 5);
    });
  }

  it('tries as many messages as --count says of those that are meant, whatever stands before them', async (test) => {
    const scene = await Scene.set(test);
    mkdirSync(scene.path('a'));
    failed(scene, 3, 'x');
    failed(scene, 2, `queue ${scene.path('a')} 1/2`, 3);
    const args = ['--count', '1', '--match', 'x-stompctl-source=^queue'];
    assert.equal((await scene.run(['queue', 'retry', scene.path('failures'), ...args])).code, 0);
    assert.deepEqual([scene.stored('a'), scene.stored('failures')], [[3], [0, 1, 2, 4]]);
  });

  it('leaves what came from the failure queue itself', async (test) => {
    const scene = await Scene.set(test);
    failed(scene, 1, `queue ${scene.path('failures')} 1/2`);
    const { code, stderr } = await scene.run(['queue', 'retry', scene.path('failures')]);
    assert.match(stderr, /from this very queue/);
    assert.equal(code, 1);
    assert.deepEqual(scene.stored('failures'), [0]);
  });
});

/** A configuration that sends to the broker of the scene, through `code`. */
function sender(scene: Scene, code: string): string {
  const config = scene.path('sender.conf');
  writeFileSync(
    config,
    `incoming-queue = path=${scene.path('in')}\nremove = true\nloop = true\noutgoing-broker-uri = ${scene.broker.uri}\n` +
      `callback-language = javascript\ncallback-code = <<EOF\n${code}\nEOF\n`,
  );
  return config;
}

describe('queue retry --through', () => {
  it('sends messages through callback and destination of a configuration', async (test) => {
    const scene = await Scene.set(test);
    failed(scene, 4, 'broker stomp://h:61613 17');
    const code = "if (msg.header['x-number'] === '1') return 'not wanted'; msg.header.by = 'callback'; return msg;";
    const { code: exit, stdout } = await scene.run([
      'queue',
      'retry',
      scene.path('failures'),
      '--through',
      sender(scene, code),
      '--match',
      'x-number=[0-2]',
    ]);
    assert.equal(exit, 0);
    assert.match(stdout, /^2 messages sent to broker stomp:.*$/m);
    assert.match(stdout, /^1 message dropped by the callback$/m);
    const arrived = scene.broker.drain(DESTINATION);
    assert.deepEqual(
      arrived.map(({ header }) => [header['x-number'], header.by, header['x-stompctl-code']]),
      [
        ['0', 'callback', undefined],
        ['2', 'callback', undefined],
      ],
    );
    assert.deepEqual(scene.stored('failures'), [3]);
  });

  it('leaves what the callback rejects again', async (test) => {
    const scene = await Scene.set(test);
    failed(scene, 3, 'x');
    const code = "if (msg.header['x-number'] === '1') throw new Error('still no'); return msg;";
    const args = ['queue', 'retry', scene.path('failures'), '--through', sender(scene, code)];
    const { code: exit, stderr } = await scene.run(args);
    assert.equal(exit, 1);
    assert.match(stderr, /still no/);
    assert.deepEqual([scene.arrived(), scene.stored('failures')], [[0, 2], [1]]);
  });

  it('loses nothing when it is killed at any time, and the next one goes on', async (test) => {
    const scene = await Scene.set(test);
    const count = 1500;
    failed(scene, count, 'x');
    const args = ['queue', 'retry', scene.path('failures'), '--through', sender(scene, 'return msg;')];
    const arrived: number[] = [];
    for (const least of [1, 400]) {
      const run = scene.start(args);
      const before = scene.broker.received(DESTINATION).received;
      await eventually(() => !run.running || scene.broker.received(DESTINATION).received >= before + least);
      await run.stop('SIGKILL');
      arrived.push(...scene.arrived());
    }
    assert.equal((await scene.run(args)).code, 0);
    arrived.push(...scene.arrived());
    assert.deepEqual(
      [...new Set(arrived)].sort((a, b) => a - b),
      upTo(count),
    );
    assert.deepEqual(scene.stored('failures'), []);
  });

  it('says why it cannot: a broker that is away, a configuration that is wrong, both ways at once', async (test) => {
    const scene = await Scene.set(test);
    failed(scene, 1, 'x');
    const config = sender(scene, 'return msg;');
    await scene.broker.kill();
    writeFileSync(config, 'reconnect-attempts = 1\n', { flag: 'a' });
    const away = await scene.run(['queue', 'retry', scene.path('failures'), '--through', config]);
    assert.deepEqual([away.code, scene.stored('failures')], [75, [0]]);
    writeFileSync(config, 'windou = 1\n', { flag: 'a' });
    assert.equal((await scene.run(['queue', 'retry', scene.path('failures'), '--through', config])).code, 78);
    const both = await scene.run(['queue', 'retry', scene.path('failures'), '--through', config, '--to', 'x']);
    assert.match(both.stderr, /--through.*excludes --to/);
    assert.equal(both.code, 64);
  });
});
