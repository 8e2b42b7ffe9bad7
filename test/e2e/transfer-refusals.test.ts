import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerRefusesMessage, type ErrorOptions } from '../../src/broker/faults.js';
import { consume, filesOf, produce } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

const COUNT = 100;
const POISON = [30, 31, 77];
const GOOD = upTo(COUNT).filter((number) => !POISON.includes(number));

function poison(options: ErrorOptions) {
  const when = ({ header }: { header: Readonly<Record<string, string>> }) =>
    POISON.includes(Number(header['x-number']));
  return brokerRefusesMessage({ when, message: 'it tastes bad', ...options });
}

const KINDS: readonly { readonly name: string; readonly options: ErrorOptions }[] = [
  { name: 'ERROR that names the message, and closes', options: { receiptId: true, close: true } },
  { name: 'ERROR that names the message, and stays open', options: { receiptId: true, close: false } },
  { name: 'ERROR that names no message, and closes', options: { receiptId: false, close: true } },
  { name: 'ERROR that names no message, and stays open', options: { receiptId: false, close: false } },
];

describe('messages that the broker refuses', { concurrency: 3 }, () => {
  for (const { name, options } of KINDS) {
    it(`go to the failure queue, all others to the broker: ${name}`, async (test) => {
      const scene = await Scene.set(test, { faults: [poison(options)] });
      scene.fill('in', COUNT);
      const failures = scene.path('failures');
      const args = ['--failure-queue', `path=${failures}`, '--max-attempts', '2', '--reconnect-attempts', '50'];
      const ended = await scene.run(scene.sender('--window', '25', ...args));
      assert.equal(ended.code, 1, ended.stderr);
      assert.deepEqual(
        [...new Set(scene.arrived())].sort((a, b) => a - b),
        GOOD,
      );
      const kept = [...consume(failures)];
      assert.deepEqual(
        kept.map(({ header }) => Number(header['x-number'])).sort((a, b) => a - b),
        POISON,
      );
      for (const { header, body } of kept) {
        assert.equal(body.toString(), `body ${header['x-number']}`);
        assert.equal(header.destination, DESTINATION);
        assert.equal(header['x-stompctl-code'], 'MESSAGE_REFUSED');
        assert.match(header['x-stompctl-reason'] ?? '', /it tastes bad/);
        assert.match(header['x-stompctl-source'] ?? '', new RegExp(`^queue ${scene.path('in')} [0-9a-f]{8}/`));
        assert.match(header['x-stompctl-time'] ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);
        assert.ok(Number(header['x-stompctl-attempts']) >= 2, header['x-stompctl-attempts']);
      }
      assert.deepEqual(filesOf(scene.path('in')), []);
      assert.equal(logLines(ended.stderr, 'rejected').length, POISON.length, 'each is logged once');
    });
  }

  it('stay in the queue without a failure queue, each logged once: exit 1', async (test) => {
    const scene = await Scene.set(test, { faults: [poison({ receiptId: true })] });
    scene.fill('in', COUNT);
    const ended = await scene.run(scene.sender());
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(
      [...new Set(scene.arrived())].sort((a, b) => a - b),
      GOOD,
    );
    assert.deepEqual(scene.stored('in'), POISON);
    assert.equal(filesOf(scene.path('in')).length, POISON.length, 'no lock, no journal');
    assert.equal(logLines(ended.stderr, 'rejected').length, POISON.length);
  });

  it('do not end a run that gives up sooner than on them, though no ERROR names them', async (test) => {
    const scene = await Scene.set(test, { faults: [poison({ receiptId: false })] });
    scene.fill('in', COUNT);
    const args = ['--max-attempts', '5', '--reconnect-attempts', '3'];
    const ended = await scene.run(scene.sender('--failure-queue', `path=${scene.path('failures')}`, ...args));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(scene.stored('failures'), POISON);
    assert.deepEqual(filesOf(scene.path('in')), []);
  });

  it('stay where they are when every single one is refused: the broker is at fault, exit 69', async (test) => {
    const scene = await Scene.set(test, { faults: [brokerRefusesMessage({ when: () => true })] });
    scene.fill('in', 12);
    const ended = await scene.run(scene.sender('--failure-queue', `path=${scene.path('failures')}`));
    assert.equal(ended.code, 69, ended.stderr);
    assert.deepEqual([scene.stored('failures'), scene.arrived(), scene.stored('in')], [[], [], upTo(12)]);
    // ten refusals; one may be of a message that was refused before: which are under way when a session ends is the network’s affair
    assert.match(ended.stderr, /refused (?:9|10) different messages in a row, and accepts none/);
  });
});

describe('what is sent', { concurrency: 2 }, () => {
  it('without a destination are rejected, and the rest is sent over the same session', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 10);
    const bad = [
      { number: 100, header: { 'x-number': '100' }, body: Buffer.from('nowhere'), text: true },
      { number: 101, header: { destination: '', 'x-number': '101' }, body: Buffer.from('nowhere'), text: true },
    ];
    produce(scene.path('in'), bad);
    const ended = await scene.run(scene.sender('--failure-queue', `path=${scene.path('failures')}`));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual([scene.arrived(), scene.stored('failures')], [upTo(10), [100, 101]]);
    for (const { header } of consume(scene.path('failures'))) {
      assert.equal(header['x-stompctl-code'], 'MESSAGE_NO_DESTINATION');
      assert.match(
        header['x-stompctl-reason'] ?? '',
        /set it where the message is made, with a rewrite rule, or in a callback/,
      );
    }
    assert.equal(scene.broker.connectionsMade, 1);
    assert.deepEqual(filesOf(scene.path('in')), []);
  });

  it('persistent:true is added when nothing is said; persistent:false is kept, with one warning', async (test) => {
    const scene = await Scene.set(test, { rememberFrames: 100 });
    for (const [first, said] of [
      [0, {}],
      [10, { persistent: 'false' }],
      [20, { persistent: 'true' }],
    ] as const) {
      const header = { destination: DESTINATION, ...said };
      const samples = upTo(5).map((number) => ({ number: first + number, header, body: Buffer.alloc(0), text: false }));
      produce(scene.path('in'), samples);
    }
    const ended = await scene.run(scene.sender());
    assert.equal(ended.code, 0, ended.stderr);
    const sent = scene.broker.seen('SEND').map(({ header }) => header.persistent);
    assert.deepEqual(sent, [...Array(5).fill('true'), ...Array(5).fill('false'), ...Array(5).fill('true')]);
    assert.equal(logLines(ended.stderr, 'not-persistent').length, 1);
  });
});
