import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../src/broker/fault.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const COUNT = 300;
const HOLD_MS = 5;

/**
 * Keeps the RECEIPTs back until as many SENDs wait for one as the window allows (or all that will come), and a little
 * longer, for one SEND too many to show itself; counts the SENDs that have none.
 */
class CountingBroker {
  readonly fault: Fault;
  readonly #kept: (() => void)[] = [];
  #sent = 0;
  #unsettled = 0;
  most = 0;

  constructor(window: number, count: number) {
    this.fault = new Fault(
      'counting',
      { after: 0, times: 0 },
      {
        received: (_peer, frame) => {
          if (frame.command !== 'SEND') return false;
          this.#sent += 1;
          this.#unsettled += 1;
          this.most = Math.max(this.most, this.#unsettled);
          return false;
        },
        sending: (peer, frame) => {
          if (frame.command !== 'RECEIPT') return false;
          this.#kept.push(() => peer.send(frame));
          if (this.#kept.length >= window || this.#sent === count) setTimeout(() => this.#confirm(), HOLD_MS);
          return true;
        },
      },
    );
  }

  #confirm(): void {
    for (const send of this.#kept.splice(0)) {
      this.#unsettled -= 1;
      send();
    }
  }
}

describe('messages that a broker has not confirmed', { concurrency: 2 }, () => {
  for (const window of [1, 7, 50]) {
    it(`are ${window} with a window of ${window}, and never one more`, async (test) => {
      const counting = new CountingBroker(window, COUNT);
      const scene = await Scene.set(test, { faults: [counting.fault] });
      scene.fill('in', COUNT);
      const ended = await scene.run(scene.sender('--window', String(window)));
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(counting.most, window);
      assert.deepEqual(scene.arrived(DESTINATION), upTo(COUNT));
    });
  }
});
