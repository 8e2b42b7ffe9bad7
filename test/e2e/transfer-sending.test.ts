import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fault } from '../../src/broker/fault.js';
import {
  brokerAnswersError,
  brokerAnswersWrongVersion,
  brokerClosesAfterFrames,
  brokerClosesOnReading,
  brokerDelaysReceipts,
  brokerFallsSilent,
  brokerReordersReceipts,
  brokerSendsEndlessHeader,
  brokerSendsHalfFrame,
  brokerSendsMalformedFrame,
  brokerSendsOversizedFrame,
  brokerStopsReading,
  brokerWithholdsReceipt,
} from '../../src/broker/faults.js';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { logLines } from '../support/stompctl-process.js';

const COUNT = 60;
const WINDOW = 20;

interface Case {
  readonly name: string;
  readonly fault: () => Fault;
  /** of the log line that tells why a session was given up; undefined: none is */
  readonly says: RegExp | undefined;
  readonly args?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'withholds a receipt',
    fault: () => brokerWithholdsReceipt({ after: 30 }),
    says: /no receipt within 0\.3 s \(timeout-broker\)/,
    args: ['--timeout-broker', '0.3'],
  },
  {
    name: 'withholds every receipt of a session',
    fault: () => brokerWithholdsReceipt({ times: WINDOW }),
    says: /no receipt within 0\.3 s \(timeout-broker\)/,
    args: ['--timeout-broker', '0.3'],
  },
  { name: 'is slow with its receipts', fault: () => brokerDelaysReceipts({ delayMs: 30 }), says: undefined },
  { name: 'sends its receipts in another order', fault: () => brokerReordersReceipts({ batch: 7 }), says: undefined },
  {
    name: 'answers one ERROR that names no message',
    fault: () => brokerAnswersError({ after: 10, receiptId: false, message: 'just now' }),
    says: /the broker answered ERROR: just now/,
  },
  {
    name: 'closes after some frames, five times',
    fault: () => brokerClosesAfterFrames({ frames: 25, times: 5 }),
    says: /the broker closed the connection/,
  },
  {
    name: 'resets the connection at a SEND, which is lost',
    fault: () => brokerClosesOnReading({ command: 'SEND', after: 15, times: 3 }),
    says: /the connection broke|the broker closed the connection/,
  },
  {
    name: 'sends half a receipt and closes',
    fault: () => brokerSendsHalfFrame({ command: 'RECEIPT', after: 5, afterwards: 'close' }),
    says: /closed the connection within a frame/,
  },
  {
    name: 'sends half a receipt and says no more',
    fault: () => brokerSendsHalfFrame({ command: 'RECEIPT', after: 5, afterwards: 'silence' }),
    says: /no receipt within 0\.4 s|heart-beat/,
    args: ['--timeout-broker', '0.4'],
  },
  {
    name: 'says nothing after CONNECTED, so that its heart-beats are missed',
    fault: () => brokerFallsSilent({ command: 'RECEIPT' }),
    says: /heart-beat/,
    args: ['--timeout-server', '0.1'],
  },
  {
    name: 'stops reading',
    fault: () => brokerStopsReading({ command: 'SEND', after: 8 }),
    says: /no receipt within 0\.4 s|has read nothing for 0\.4 s/,
    args: ['--timeout-broker', '0.4'],
  },
  {
    name: 'answers with a version that was not offered',
    fault: () => brokerAnswersWrongVersion({ version: '9.9' }),
    says: /the broker chose STOMP 9\.9/,
  },
  ...(['unknown command', 'no colon', 'undefined escape', 'bad content-length'] as const).map((kind) => ({
    name: `sends a malformed frame: ${kind}`,
    fault: () => brokerSendsMalformedFrame({ kind, after: 10 }),
    says: /"code":"FRAME_MALFORMED"/,
  })),
  {
    name: 'sends a frame larger than max-message-size',
    fault: () => brokerSendsOversizedFrame({ after: 10 }),
    says: /"code":"FRAME_TOO_LARGE"/,
  },
  {
    name: 'sends a header without end',
    fault: () => brokerSendsEndlessHeader({ after: 10 }),
    says: /"code":"FRAME_TOO_LARGE"/,
    // no receipt of another message gets into the header
    args: ['--window', '1'],
  },
];

describe('a sender loses nothing when the broker', { concurrency: 3 }, () => {
  for (const { name, fault, says, args = [] } of CASES) {
    it(name, async (test) => {
      const made = fault();
      const scene = await Scene.set(test, { faults: [made] });
      scene.fill('in', COUNT);
      const limits = ['--window', String(WINDOW), '--reconnect-attempts', '20'];
      const ended = await scene.run(scene.sender(...limits, ...args));
      assert.equal(ended.code, 0, ended.stderr);
      assert.ok(made.fired > 0, 'the fault struck');
      const arrived = scene.arrived();
      assert.deepEqual(
        [...new Set(arrived)].sort((a, b) => a - b),
        upTo(COUNT),
      );
      const retries = logLines(ended.stderr, 'open-retry');
      if (says === undefined) assert.deepEqual([retries, arrived], [[], upTo(COUNT)]);
      else assert.match(retries.map((line) => JSON.stringify(line)).join('\n'), says);
      assert.ok(arrived.length - COUNT <= retries.length * WINDOW, `${arrived.length - COUNT} duplicates`);
      assert.deepEqual(filesOf(scene.path('in')), [], 'no element, lock or journal is left');
    });
  }
});
