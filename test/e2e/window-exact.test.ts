import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../src/broker/fault.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const COUNT = 300;
const HOLD_MS = 5;

/** Sends each RECEIPT a little later, and counts the SENDs that have none. */
class CountingBroker {
  readonly fault: Fault;
  #unsettled = 0;
  most = 0;

  constructor() {
    this.fault = new Fault(
      'counting',
      { after: 0, times: 0 },
      {
        received: (_peer, frame) => {
          if (frame.command !== 'SEND') return false;
          this.#unsettled += 1;
          this.most = Math.max(this.most, this.#unsettled);
          return false;
        },
        sending: (peer, frame) => {
          if (frame.command !== 'RECEIPT') return false;
          setTimeout(() => {
            this.#unsettled -= 1;
            peer.send(frame);
          }, HOLD_MS);
          return true;
        },
      },
    );
  }
}

describe('messages that a broker has not confirmed', { concurrency: 2 }, () => {
  for (const window of [1, 7, 50]) {
    it(`are ${window} with a window of ${window}, and never one more`, async (test) => {
      const counting = new CountingBroker();
      const scene = await Scene.set(test, { faults: [counting.fault] });
      scene.fill('in', COUNT);
      const ended = await scene.run(scene.sender('--window', String(window)));
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(counting.most, window);
      assert.deepEqual(scene.arrived(DESTINATION), upTo(COUNT));
    });
  }
});
