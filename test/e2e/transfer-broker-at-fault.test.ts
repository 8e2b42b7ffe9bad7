import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { brokerRefusesMessage } from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { consume, produce } from '../support/sample-messages.js';
import { ascending, DESTINATION, numbered, Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

const POISON = 7;
const MAX_ATTEMPTS = 4;
/** refusals that a broker at fault gives before it is well: several times max-attempts for each message */
const MANY = 20;
const PATIENT = { deadlineMs: 60_000 };

interface Plan {
  readonly count: number;
  /** the ERROR names the message */
  readonly receiptId: boolean;
  readonly poison: readonly number[];
  readonly window: number;
}

/** An endless sender, and a broker that refuses poison always, and everything while it is ill. */
async function stage(test: TestContext, { count, receiptId, poison, window }: Plan) {
  const state = { ill: false, refusals: 0 };
  const refuses = ({ header }: { header: Readonly<Record<string, string>> }) => {
    if (!state.ill && !poison.includes(Number(header['x-number']))) return false;
    state.refusals += 1;
    return true;
  };
  const scene = await Scene.set(test, { faults: [brokerRefusesMessage({ when: refuses, message: 'no', receiptId })] });
  scene.fill('in', count);
  const failures = ['--failure-queue', `path=${scene.path('failures')}`, '--max-attempts', String(MAX_ATTEMPTS)];
  const start = () => scene.start(scene.sender('--loop', '--window', String(window), ...failures));
  const arrived = new Set<number>();
  const look = () => {
    for (const number of scene.arrived()) arrived.add(number);
    return [...arrived].sort(ascending);
  };
  return { scene, state, start, look };
}

for (const receiptId of [true, false]) {
  const named = receiptId ? 'ERROR names the message' : 'ERROR names no message';

  describe(`whose fault a refusal is, when ${named}`, { concurrency: 2 }, () => {
    it('a broker that takes nothing for a while, full or without rights: nothing is rejected, all arrive', async (test) => {
      const { scene, state, start, look } = await stage(test, { count: 24, receiptId, poison: [], window: 24 });
      state.ill = true;
      const run = start();
      await eventually(() => state.refusals >= MANY, PATIENT);
      state.ill = false;
      await eventually(() => look().length === 24, PATIENT);
      const ended = await run.stop();
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual([look(), scene.stored('failures'), scene.stored('in')], [upTo(24), [], []]);
      assert.equal(logLines(ended.stderr, 'rejected').length, 0);
    });

    it('one poison among good: it alone is rejected, after max-attempts, with the true count', async (test) => {
      const { scene, state, start, look } = await stage(test, { count: 24, receiptId, poison: [POISON], window: 10 });
      const run = start();
      await eventually(() => run.log('rejected').length === 1 && look().length === 23, PATIENT);
      await run.stop();
      assert.deepEqual(
        look(),
        upTo(24).filter((number) => number !== POISON),
      );
      const [kept, ...others] = [...consume(scene.path('failures'))];
      assert.equal(others.length, 0);
      assert.equal(kept?.header['x-number'], String(POISON));
      const attempts = Number(kept?.header['x-stompctl-attempts']);
      assert.ok(attempts >= MAX_ATTEMPTS, String(attempts));
      // without a name the first refusal is of everything in flight
      assert.equal(state.refusals, receiptId ? attempts : attempts + 1);
    });

    it('poison while the broker restarts again and again: it alone is rejected', async (test) => {
      const { scene, start, look } = await stage(test, { count: 60, receiptId, poison: [POISON], window: 10 });
      const run = start();
      for (let restart = 1; restart <= 5; restart += 1) {
        await eventually(() => look().length >= restart * 10, PATIENT);
        await scene.broker.restart();
        produce(scene.path('in'), [...numbered(20, { destination: DESTINATION }, 40 + restart * 20)]);
      }
      await eventually(() => run.log('rejected').length === 1 && look().length === 159, PATIENT);
      await run.stop();
      assert.deepEqual(scene.stored('failures'), [POISON]);
    });

    it('two faults at once, poison and a broker that takes nothing for a while: the poison alone is rejected', async (test) => {
      const { scene, state, start, look } = await stage(test, { count: 24, receiptId, poison: [POISON], window: 24 });
      const run = start();
      await eventually(() => state.refusals >= 2, PATIENT);
      state.ill = true;
      produce(scene.path('in'), [...numbered(20, { destination: DESTINATION }, 100)]);
      const before = state.refusals;
      await eventually(() => state.refusals >= before + MANY, PATIENT);
      state.ill = false;
      // what helps to tell: more good messages
      produce(scene.path('in'), [...numbered(20, { destination: DESTINATION }, 200)]);
      await eventually(() => run.log('rejected').length === 1 && look().length === 63, PATIENT);
      await run.stop();
      assert.deepEqual(scene.stored('failures'), [POISON]);
    });

    it('a lone message: it stays until others are accepted, which tells', async (test) => {
      const { scene, state, start, look } = await stage(test, { count: 0, receiptId, poison: [POISON], window: 10 });
      produce(scene.path('in'), [...numbered(1, { destination: DESTINATION }, POISON)]);
      const run = start();
      await eventually(() => state.refusals >= 3 * MAX_ATTEMPTS, PATIENT);
      assert.equal(run.log('rejected').length, 0);
      produce(scene.path('in'), [...numbered(10, { destination: DESTINATION }, 100)]);
      await eventually(() => run.log('rejected').length === 1 && look().length === 10, PATIENT);
      await run.stop();
      assert.deepEqual([scene.stored('failures'), scene.stored('in')], [[POISON], []]);
    });
  });
}
