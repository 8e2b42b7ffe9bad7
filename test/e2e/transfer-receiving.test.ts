import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fault } from '../../src/broker/fault.js';
import {
  brokerClosesAfterFrames,
  brokerDeliversTwice,
  brokerFallsSilent,
  brokerIgnoresFrame,
  brokerSendsEndlessHeader,
  brokerSendsHalfFrame,
  brokerSendsMalformedFrame,
  brokerSendsOversizedFrame,
  brokerStopsHeartBeats,
} from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const COUNT = 60;
const WINDOW = 20;
/** what a broker that is known is asked to have unacknowledged at most: the window, and beside it what may be parked */
const PREFETCH = WINDOW + 1;

interface Case {
  readonly name: string;
  readonly fault: () => Fault;
  /** of the log line that tells why the session was given up; undefined: it is not */
  readonly says: RegExp | undefined;
  readonly args?: readonly string[];
  /** messages that the broker still thinks unacknowledged at the end; default none */
  readonly left?: number;
}

const CASES: readonly Case[] = [
  {
    name: 'closes after some frames, five times',
    fault: () => brokerClosesAfterFrames({ frames: 25, times: 5 }),
    says: /the broker closed the connection/,
  },
  {
    name: 'sends half a message and closes',
    fault: () => brokerSendsHalfFrame({ command: 'MESSAGE', after: 10, afterwards: 'close' }),
    says: /closed the connection within a frame/,
  },
  {
    name: 'sends half a message and says no more, so that its heart-beats are missed',
    fault: () => brokerSendsHalfFrame({ command: 'MESSAGE', after: 10, afterwards: 'silence' }),
    says: /heart-beat/,
    args: ['--timeout-server', '0.1'],
  },
  {
    name: 'falls silent, so that its heart-beats are missed',
    fault: () => brokerFallsSilent({ command: 'MESSAGE', after: 10 }),
    says: /heart-beat/,
    args: ['--timeout-server', '0.1'],
  },
  {
    name: 'leaves out its heart-beats',
    // enough of them that some are missing when the messages are through, on a slow machine as well
    fault: () => brokerStopsHeartBeats({ times: 40 }),
    says: /heart-beat/,
    args: ['--timeout-server', '0.1'],
  },
  {
    name: 'delivers one twice, and does not want it acknowledged twice',
    fault: () => brokerDeliversTwice({ after: 10 }),
    says: /Unexpected ACK/,
  },
  {
    name: 'forgets an acknowledgement',
    fault: () => brokerIgnoresFrame({ command: 'ACK', after: 5 }),
    says: undefined,
    left: 1,
  },
  ...(['unknown command', 'no colon', 'undefined escape', 'bad content-length'] as const).map((kind) => ({
    name: `sends a malformed frame: ${kind}`,
    fault: () => brokerSendsMalformedFrame({ kind, command: 'MESSAGE', after: 10 }),
    says: /"code":"FRAME_MALFORMED"/,
  })),
  {
    name: 'sends a body longer than its content-length',
    fault: () => brokerSendsMalformedFrame({ kind: 'body longer than content-length', command: 'MESSAGE', after: 10 }),
    says: /"code":"FRAME_MALFORMED"/,
  },
  {
    name: 'sends a frame larger than max-message-size',
    fault: () => brokerSendsOversizedFrame({ command: 'MESSAGE', after: 10 }),
    says: /"code":"FRAME_TOO_LARGE"/,
  },
  {
    name: 'sends a header without end',
    fault: () => brokerSendsEndlessHeader({ command: 'MESSAGE', after: COUNT - 1 }),
    says: /"code":"FRAME_TOO_LARGE"/,
  },
];

describe('a receiver loses nothing when the broker', { concurrency: 3 }, () => {
  for (const { name, fault, says, args = [], left = 0 } of CASES) {
    it(name, async (test) => {
      const made = fault();
      const scene = await Scene.set(test, { faults: [made], server: 'RabbitMQ/3.10.8' });
      scene.publish(COUNT);
      const run = scene.start(scene.receiver('--window', String(WINDOW), '--max-parked', '1', ...args));
      await eventually(() => new Set(scene.stored('out')).size === COUNT);
      await eventually(() => made.fired > 0 && (says === undefined || run.log('open-retry').length > 0));
      await eventually(() => {
        const { ready, unacknowledged } = scene.broker.depth(DESTINATION);
        return ready + unacknowledged === left;
      });
      const ended = await run.stop();
      assert.equal(ended.code, 0, ended.stderr);
      const stored = scene.stored('out');
      assert.deepEqual([...new Set(stored)], upTo(COUNT));
      const retries = run.log('open-retry');
      if (says === undefined) assert.deepEqual(retries, []);
      else assert.match(retries.map((line) => JSON.stringify(line)).join('\n'), says);
      assert.ok(stored.length - COUNT <= retries.length * PREFETCH, `${stored.length - COUNT} duplicates`);
      assert.equal(filesOf(scene.path('out')).length, elementPaths(scene.path('out')).length, 'only elements');
    });
  }
});
