import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { Random, testSeed } from '../support/random.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';
import { choices, problems } from './check-outcomes.js';
import type { Outcome } from './disk-model.js';
import { type RecordedRun, recordedRun, snapshot } from './recorded-run.js';

const LOSSES = process.env.STOMPCTL_TEST_POWER_LOSS === 'long' ? 50 : 3;

function lay(outcome: Outcome, root: string): void {
  for (const [path, bytes] of outcome) {
    const target = join(root, path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(target, bytes);
  }
}

/** A disk as a power loss at a random moment may leave it. */
function someOutcome({ model }: RecordedRun, random: Random): { end: number; outcome: Outcome } {
  const end = random.between(1, model.events);
  const all = [...choices(model.pending(end), random, { singles: 2, random: 4 })];
  return { end, outcome: model.after(end, random.pick(all)) };
}

describe('the run after a power loss', { concurrency: 2 }, () => {
  for (const type of ['DQS', 'DQN'] as const) {
    it(`from ${type} to ${type} reads what is left on the disk, and has every message whole in the end`, async (test) => {
      const seed = testSeed();
      test.diagnostic(`seed ${seed}`);
      const random = new Random(seed);
      const run = await recordedRun(test, { from: type, to: type, sync: 'batch' });
      for (let loss = 0; loss < LOSSES; loss += 1) {
        const { end, outcome } = someOutcome(run, random);
        const root = await tempFolder(test);
        lay(outcome, root);
        mkdirSync(join(root, 'in'), { recursive: true });
        const ended = await runStompctl([
          ...['--incoming-queue', `path=${join(root, 'in')} type=${type}`, '--remove'],
          ...['--outgoing-queue', `path=${join(root, 'out')} type=${type}`],
        ]);
        const where = `power lost before event ${end}\n${ended.stderr}`;
        assert.equal(ended.code, 0, where);
        // nobody but the queues has them any more
        assert.deepEqual(problems(snapshot(root), run.expected, run.model.events), [], where);
      }
    });
  }
});
