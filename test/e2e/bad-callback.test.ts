import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { consume, filesOf, produce, type Sample } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

/** What a message can make the callback do, and the code of the error that it is rejected with. */
const DEEDS: readonly (readonly [deed: string, javascript: string, code: string])[] = [
  ['throw', 'throw new Error("on purpose")', 'CALLBACK_THREW'],
  ['throw-nothing', 'throw undefined', 'CALLBACK_THREW'],
  ['loop', 'for (;;) {}', 'CALLBACK_TIMEOUT'],
  ['loop-in-native-code', '[].indexOf.call({length: 2**53 - 1}, 1)', 'CALLBACK_TIMEOUT'],
  ['recurse', '(function again() { again() })()', 'CALLBACK_THREW'],
  ['eat', 'const all = []; for (;;) all.push(new Uint8Array(1 << 20))', 'CALLBACK_MEMORY'],
  ['return-number', 'return 5', 'CALLBACK_BAD_RESULT'],
  ['return-nothing', 'return null', 'CALLBACK_BAD_RESULT'],
  ['return-empty-reason', 'return ""', 'CALLBACK_BAD_RESULT'],
  ['return-promise', 'return Promise.resolve(msg)', 'CALLBACK_BAD_RESULT'],
  ['bad-header', 'hdr.thing = {}; return msg', 'CALLBACK_BAD_RESULT'],
];
const CODE = `function check(msg) {
  const hdr = msg.header;
  switch (hdr["x-deed"]) {
${DEEDS.map(([deed, javascript]) => `    case "${deed}": { ${javascript}; break; }`).join('\n')}
  }
  hdr["x-checked"] = "yes";
  return msg;
}
`;
const LIMITS = ['--callback-timeout', '0.3', '--callback-memory', '16MiB'];
const FAILING = ['--callback-code', 'throw new Error("on purpose")', '--callback-language', 'javascript'];

/** Each bad message between two good ones. */
function* mixed(): Generator<Sample> {
  for (const [index, [deed]] of DEEDS.entries()) {
    for (const [offset, header] of [{}, { 'x-deed': deed }].entries()) {
      const number = 2 * index + offset;
      const all = { destination: DESTINATION, 'x-number': String(number), ...header };
      yield { number, header: all, body: Buffer.from(`body ${number}`), text: false };
    }
  }
}

function withCode(scene: Scene, code: string): string[] {
  writeFileSync(scene.path('callback.js'), code);
  return ['--callback-path', scene.path('callback.js')];
}

describe('a bad callback', { concurrency: 2 }, () => {
  it('costs the message it fails on, no other one, and no heart-beat', async (test) => {
    const scene = await Scene.set(test);
    produce(scene.path('in'), mixed());
    const failures = scene.path('failures');
    const heartBeats = ['--timeout-client', '0.2', '--timeout-server', '0.2'];
    const args = [...withCode(scene, CODE), ...LIMITS, ...heartBeats, '--failure-queue', `path=${failures}`];
    const ended = await scene.run(scene.sender(...args));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(
      scene.arrived(),
      DEEDS.map((_, index) => 2 * index),
    );
    const kept = [...consume(failures)].map(({ header }) => [header['x-deed'], header['x-stompctl-code']]);
    assert.deepEqual(
      new Map(kept as [string, string][]),
      new Map(DEEDS.map(([deed, , code]) => [deed, code])),
      ended.stderr,
    );
    assert.equal(kept.length, DEEDS.length);
    assert.equal(scene.broker.connectionsMade, 1, 'the session lived on');
    assert.deepEqual(filesOf(scene.path('in')), []);
    for (const { code } of logLines(ended.stderr, 'rejected')) assert.match(String(code), /^CALLBACK_/);
  });

  it('keeps a receiver from losing messages: without a failure queue they stay at the broker', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(20);
    const code = 'if (Number(hdr["x-number"]) % 5 === 0) throw new Error("on purpose")';
    const run = scene.start(scene.receiver('--callback-code', code));
    await eventually(() => scene.stored('out').length === 16 && run.log('parked').length === 4);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    await eventually(() => scene.broker.depth(DESTINATION).consumers === 0);
    assert.deepEqual(scene.arrived(), [0, 5, 10, 15]);
  });

  it('that fails on everything stops a receiver without a failure queue: exit 1', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(100);
    const args = [...FAILING, '--max-parked', '7'];
    const ended = await scene.run(scene.receiver(...args));
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /"event":"failed".*set failure-queue/);
    assert.match(ended.stderr, /no failure-queue: rejected messages stay at the incoming broker/, 'said at the start');
    await eventually(() => scene.broker.depth(DESTINATION).ready === 100);
  });

  it('that fails on everything does not stop a receiver with a failure queue', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(300);
    const args = [...FAILING, '--max-parked', '7', '--count', '300'];
    const ended = await scene.run(scene.receiver(...args, '--failure-queue', `path=${scene.path('failures')}`));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual([scene.stored('failures'), scene.stored('out')], [upTo(300), []]);
    await eventually(() => scene.broker.depth(DESTINATION).consumers === 0);
    assert.deepEqual(scene.arrived(), []);
  });

  for (const [what, code] of [
    ['throws', 'function start() { throw new Error("on purpose") } function check(msg) { return msg }'],
    ['never ends', 'function start() { for (;;) {} } function check(msg) { return msg }'],
    ['does not exist, as check', 'function chekc(msg) { return msg } const check = 5;'],
  ] as const) {
    it(`whose start ${what} ends the run before anything moves: exit 78`, async (test) => {
      const scene = await Scene.set(test);
      scene.fill('in', 3);
      const ended = await scene.run(scene.mover(...withCode(scene, code), ...LIMITS));
      assert.equal(ended.code, 78, ended.stderr);
      assert.match(ended.stderr, /"code":"CALLBACK_(START|SYNTAX)"/);
      assert.deepEqual(scene.stored('in'), upTo(3));
    });
  }
});
