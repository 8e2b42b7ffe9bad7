import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Frame } from '../../src/stomp/codec/frame.js';
import { eventually } from './eventually.js';
import { consume, filesOf, produce, type Sample } from './sample-messages.js';
import { ascending, DESTINATION, numbered, Scene, upTo } from './scene.js';
import { logLines } from './stompctl-process.js';

/** One kind of message that can never be delivered, between others that can. */
export interface Poison {
  readonly name: string;
  /** what is wrong with message `number`, which is otherwise as all the others */
  readonly spoil?: (healthy: Sample) => Sample;
  /** or what its element is spoilt with, by its path */
  readonly spoilFile?: (path: string) => void;
  readonly broker?: () => BrokerOptions;
  readonly args?: readonly string[];
  /** of the error that it is rejected with */
  readonly code: string;
  /** how often it was tried; undefined: `max-attempts`, or more often where an ERROR names no message */
  readonly attempts?: number;
}

const COUNT = 60;
const NUMBERS = [20, 21, 40];
const GOOD = upTo(COUNT).filter((number) => !NUMBERS.includes(number));
const MAX_ATTEMPTS = 3;

/** The frames that the broker refuses in a test of poison are those with this header. */
export function isSpoilt({ header }: Frame): boolean {
  return header['x-poison'] !== undefined;
}

/** Says by a header that the broker of the test is to refuse it. */
export function marked(healthy: Sample): Sample {
  return { ...healthy, header: { ...healthy.header, 'x-poison': 'yes' } };
}

function fill(scene: Scene, { spoil = (healthy) => healthy, spoilFile }: Poison): void {
  const samples = [...numbered(COUNT, { destination: DESTINATION })];
  produce(
    scene.path('in'),
    samples.map((sample) => (NUMBERS.includes(sample.number) ? spoil(sample) : sample)),
  );
  for (const number of spoilFile === undefined ? [] : NUMBERS) spoilFile?.(elementOf(scene, number));
}

/** The path that `produce` gives to a number. */
function elementOf(scene: Scene, number: number): string {
  return scene.path(`in/5f000000/5f000000${number.toString(16).padStart(5, '0')}0`);
}

/** The tests that every poison must pass. */
export function testPoison(poisons: readonly Poison[]): void {
  for (const poison of poisons) {
    describe(`poison: ${poison.name}`, { concurrency: 2 }, () => {
      it('with a failure queue it is there, with the attempts it had, and the others arrive: exit 1', async (test) => {
        const scene = await Scene.set(test, poison.broker?.() ?? {});
        fill(scene, poison);
        const failures = ['--failure-queue', `path=${scene.path('failed')}`, '--max-attempts', String(MAX_ATTEMPTS)];
        const ended = await scene.run(scene.sender(...failures, ...(poison.args ?? [])));
        assert.equal(ended.code, 1, ended.stderr);
        assert.deepEqual([...new Set(scene.arrived())].sort(ascending), GOOD);
        assert.deepEqual(filesOf(scene.path('in')), [], 'neither element, lock nor journal is left');
        if (poison.spoilFile === undefined) checkFailures(scene, poison);
        else assert.equal(filesOf(scene.path('failed')).length, NUMBERS.length, 'as they were, byte for byte');
        assert.equal(logLines(ended.stderr, 'rejected').length, NUMBERS.length, 'each is logged once');
      });

      it('without one it stays, unlocked and logged once, and the others arrive: exit 1', async (test) => {
        const scene = await Scene.set(test, poison.broker?.() ?? {});
        fill(scene, poison);
        const args = ['--max-attempts', String(MAX_ATTEMPTS), ...(poison.args ?? [])];
        const ended = await scene.run(scene.sender(...args));
        assert.equal(ended.code, 1, ended.stderr);
        assert.deepEqual([...new Set(scene.arrived())].sort(ascending), GOOD);
        const left = NUMBERS.map((number) => elementOf(scene, number));
        assert.deepEqual(filesOf(scene.path('in')), left);
        assert.equal(logLines(ended.stderr, 'rejected').length, NUMBERS.length);
      });

      it('without one an endless run skips it, and moves what comes after', async (test) => {
        const scene = await Scene.set(test, poison.broker?.() ?? {});
        fill(scene, poison);
        const args = ['--loop', '--max-attempts', String(MAX_ATTEMPTS), ...(poison.args ?? [])];
        const run = scene.start(scene.sender(...args));
        const arrived = new Set<number>();
        const have = (count: number) => {
          for (const number of scene.arrived()) arrived.add(number);
          return arrived.size === count && run.log('rejected').length === NUMBERS.length;
        };
        await eventually(() => have(GOOD.length), { deadlineMs: 120_000 });
        produce(scene.path('in'), numbered(20, { destination: DESTINATION }, COUNT));
        await eventually(() => have(GOOD.length + 20), { deadlineMs: 120_000 });
        const ended = await run.stop();
        assert.equal(ended.code, 0, ended.stderr);
        const told = logLines(ended.stderr, 'rejected');
        assert.equal(told.length, NUMBERS.length, `once, however often it is tried: ${JSON.stringify(told)}`);
        assert.deepEqual(
          filesOf(scene.path('in')),
          NUMBERS.map((number) => elementOf(scene, number)),
        );
      });
    });
  }
}

function checkFailures(scene: Scene, poison: Poison): void {
  const kept = [...consume(scene.path('failed'))];
  const numbers = kept.map(({ header }) => Number(header['x-number'])).sort(ascending);
  assert.deepEqual(numbers, NUMBERS);
  for (const { header } of kept) {
    assert.equal(header['x-stompctl-code'], poison.code);
    const attempts = Number(header['x-stompctl-attempts']);
    if (poison.attempts !== undefined) assert.equal(attempts, poison.attempts);
    else assert.ok(attempts >= MAX_ATTEMPTS, `${attempts} attempts`);
  }
}
