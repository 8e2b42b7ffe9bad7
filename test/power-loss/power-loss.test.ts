import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, testSeed } from '../support/random.js';
import { checkOutcomes, type Effort } from './check-outcomes.js';
import { type End, recordedRun } from './recorded-run.js';

/** STOMPCTL_TEST_POWER_LOSS=long looks at many more outcomes */
const EFFORT: Effort =
  process.env.STOMPCTL_TEST_POWER_LOSS === 'long' ? { singles: 60, random: 60 } : { singles: 2, random: 2 };

const RUNS: readonly { readonly from: End; readonly to: End }[] = [
  { from: 'DQS', to: 'DQS' },
  { from: 'DQN', to: 'DQN' },
  { from: 'broker', to: 'DQS' },
  { from: 'broker', to: 'DQN' },
  { from: 'DQS', to: 'broker' },
  { from: 'DQN', to: 'broker' },
];

describe('a power loss at any moment', { concurrency: 2 }, () => {
  for (const { from, to } of RUNS) {
    it(`from ${from} to ${to} loses and spoils nothing, whatever of the rest is on the disk`, async (test) => {
      const seed = testSeed();
      const { model, expected, real } = await recordedRun(test, { from, to, sync: 'batch' });
      const modelled = model.after(model.events, () => 'all');
      const files = [...modelled.keys()].filter((path) => !path.endsWith('/'));
      assert.deepEqual(files.sort(), [...real.keys()].sort(), 'the recorder has seen everything');
      for (const [path, bytes] of real) assert.deepEqual(modelled.get(path), bytes, path);
      const { outcomes, wrong } = checkOutcomes(model, expected, new Random(seed), EFFORT);
      test.diagnostic(`seed ${seed}: ${model.events} events, ${outcomes} outcomes`);
      assert.deepEqual(wrong, []);
    });
  }

  it('loses something when nothing is synced: the check can fail', async (test) => {
    const { model, expected } = await recordedRun(test, { from: 'DQS', to: 'DQS', sync: 'none' });
    const { wrong } = checkOutcomes(model, expected, new Random(1), EFFORT);
    assert.ok(wrong.some((text) => text.includes('is lost')));
    assert.ok(wrong.some((text) => text.includes('no whole message')));
  });
});
