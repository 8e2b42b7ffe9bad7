import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pulse } from '../../src/daemon/pulse.js';
import { ManualClock } from '../support/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const told: string[] = [];
  let count = 0;
  let state = 'well';
  const pulse = new Pulse({
    clock,
    look: () => {
      count += 1;
      return { state, count };
    },
    stateOf: (look) => look.state,
    tell: [
      (look) => told.push(`file ${look.state} ${look.count}`),
      (look) => told.push(`manager ${look.state} ${look.count}`),
    ],
  });
  return {
    clock,
    pulse,
    /** what was told since it was asked last */
    news: () => told.splice(0),
    is: (next: string) => {
      state = next;
    },
  };
}

describe('the pulse of a run', () => {
  it('tells everybody of one and the same look, in order, at once and each period', () => {
    const { clock, pulse, news, is } = setUp();
    pulse.start(1000);
    assert.deepEqual(news(), ['file well 1', 'manager well 1']);
    is('stuck');
    clock.skip(2000);
    assert.deepEqual(news(), ['file stuck 2', 'manager stuck 2', 'file stuck 3', 'manager stuck 3']);
  });

  it('tells everybody of a state before who asks hears of it, and not again of one that they know', () => {
    const { pulse, news, is } = setUp();
    pulse.start(1000);
    news();
    is('stuck');
    assert.equal(pulse.now().state, 'stuck');
    assert.deepEqual(news(), ['file stuck 2', 'manager stuck 2']);
    assert.equal(pulse.now().count, 3);
    assert.deepEqual(news(), []);
  });

  it('tells nobody anything once it is stopped', () => {
    const { clock, pulse, news, is } = setUp();
    pulse.start(1000);
    news();
    pulse.stop();
    is('stuck');
    assert.equal(pulse.now().state, 'stuck');
    clock.skip(5000);
    assert.deepEqual([news(), clock.pending], [[], 0]);
  });
});
