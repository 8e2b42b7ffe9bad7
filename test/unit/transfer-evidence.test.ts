import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Evidence, newTrial } from '../../src/transfer/evidence.js';

describe('the evidence about refusals', () => {
  it('never condemns a message while nothing else is accepted', () => {
    const evidence = new Evidence(2);
    const lone = newTrial();
    for (let time = 0; time < 50; time += 1) assert.equal(evidence.refused(lone), 'unclear');
    assert.equal(evidence.isFinal(lone), false);
    assert.equal(lone.refusals, 50);
  });

  it('condemns a message after max-attempts refusals with others accepted between', () => {
    const evidence = new Evidence(3);
    const poison = newTrial();
    const verdicts = [1, 2, 3].map(() => {
      const verdict = [evidence.refused(poison), evidence.isFinal(poison)];
      evidence.accepted();
      return verdict;
    });
    assert.deepEqual(verdicts, [
      ['unclear', false],
      ['message', false],
      ['message', true],
    ]);
  });

  it('goes on counting when the condemned are all that is left', () => {
    const evidence = new Evidence(4);
    const [one, other] = [newTrial(), newTrial()];
    for (const trial of [one, other]) evidence.refused(trial);
    evidence.accepted();
    for (let round = 0; round < 3; round += 1) for (const trial of [one, other]) evidence.refused(trial);
    assert.deepEqual([evidence.isFinal(one), evidence.isFinal(other)], [true, true]);
  });

  it('counts nothing while messages that nothing speaks against are refused as well', () => {
    const evidence = new Evidence(3);
    const [poison, healthy] = [newTrial(), newTrial()];
    evidence.refused(poison);
    evidence.accepted();
    evidence.refused(poison);
    for (let time = 0; time < 10; time += 1) for (const trial of [healthy, poison]) evidence.refused(trial);
    assert.deepEqual([evidence.isFinal(poison), evidence.isFinal(healthy), evidence.refusedInARow], [false, false, 2]);
    evidence.forget(healthy);
    evidence.accepted();
    evidence.refused(poison);
    assert.equal(evidence.isFinal(poison), true);
  });

  it('needs more than one refusal even when one is all that is allowed', () => {
    const evidence = new Evidence(1);
    const trial = newTrial();
    evidence.refused(trial);
    assert.equal(evidence.isFinal(trial), false);
    evidence.accepted();
    evidence.refused(trial);
    assert.equal(evidence.isFinal(trial), true);
  });
});
