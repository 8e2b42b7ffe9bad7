import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, testSeed } from '../support/random.js';
import { checkOutcomes, choices, type Effort, problems } from './check-outcomes.js';
import { DiskModel } from './disk-model.js';
import { type RecordedRun, recordedRun } from './recorded-run.js';

const EFFORT: Effort = { singles: 4, random: 4 };
const RUN = { from: 'DQS', to: 'DQS', unread: true } as const;

/** How many elements got their name in the other queue by a link to the file that they were. */
function linked({ trace }: RecordedRun): number {
  return trace.filter((event) => event.operation === 'link' && /^in\/.*out\//.test(`${event.from} ${event.to}`)).length;
}

describe('a power loss while elements that nobody looks into are moved', { concurrency: 2 }, () => {
  for (const sync of ['batch', 'message'] as const) {
    it(`sync ${sync}: loses and spoils nothing`, async (test) => {
      const seed = testSeed();
      const run = await recordedRun(test, { ...RUN, sync });
      assert.equal(linked(run), run.expected.messages.size - 1, 'all but the first');
      const { outcomes, wrong } = checkOutcomes(run.model, run.expected, new Random(seed), EFFORT);
      test.diagnostic(`seed ${seed}: ${run.model.events} events, ${outcomes} outcomes`);
      assert.deepEqual(wrong, []);
    });
  }

  it('finds each whole that has its name there, though whoever wrote it never synced it', async (test) => {
    const seed = testSeed();
    test.diagnostic(`seed ${seed}`);
    const random = new Random(seed);
    const run = await recordedRun(test, { ...RUN, sync: 'batch' });
    const model = new DiskModel(run.before, run.folders, run.trace, true);
    const found = new Set<string>();
    for (let end = 0; end <= model.events; end += 1) {
      for (const left of choices(model.pending(end), random, EFFORT)) {
        const texts = problems(model.after(end, left), run.expected, end);
        // in the first queue its producer has left it to chance
        for (const text of texts) if (end === model.events || text.startsWith('out ')) found.add(text);
      }
    }
    assert.deepEqual([...found], []);
  });

  it('loses something when nothing is synced: the check can fail', async (test) => {
    const { model, expected } = await recordedRun(test, { ...RUN, sync: 'none' });
    const { wrong } = checkOutcomes(model, expected, new Random(1), EFFORT);
    assert.ok(wrong.some((text) => text.includes('is lost')));
  });
});
