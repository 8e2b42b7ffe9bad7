import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Processor } from '../../src/flow/processor.js';
import { Message } from '../../src/message/message.js';
import { TransferReport } from '../../src/transfer/report.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { Transfer } from '../../src/transfer/transfer.js';
import { FakeSink, FakeSource, textMessage } from '../support/fake-ends.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const WINDOW_BYTES = 1_000_000;
const LARGE = Buffer.alloc(100_000, 'x');

function transferWith(processor: Processor, sink: FakeSink, count: number): Transfer {
  const source = new FakeSource(Array.from({ length: count }, (_, number) => textMessage(`m${number}`)));
  const clock = new ManualClock();
  const limits = { window: 1000, windowBytes: WINDOW_BYTES, lingerMs: 60_000, closeMs: 1000 };
  const none = { count: undefined, durationMs: undefined, inactivityMs: undefined };
  const parts = { source, sink, processor, lazy: false, clock };
  const report = new TransferReport({ statistics: new Statistics(clock), logger: new MemoryLogger(), maxParked: 3 });
  return new Transfer({ ...parts, report, limits: { ...limits, ...none } });
}

it('outcomes that come in parts are all carried out, and not more than half a window of what was added is in flight', async () => {
  let made = 0;
  const sink = new FakeSink();
  let most = 0;
  const processor: Processor = {
    async process(messages) {
      most = Math.max(most, made - sink.safe.length);
      const part = messages.slice(0, 2);
      made += part.length;
      return part.map(({ header, body }) => ({
        kind: 'pass',
        message: new Message(header, Buffer.concat([body, LARGE]), true),
      }));
    },
    idle: async () => undefined,
    close: async () => undefined,
  };
  const outcome = await transferWith(processor, sink, 250).run();
  assert.equal(outcome.reason, 'end');
  assert.deepEqual(
    sink.safe.map((text) => text.slice(0, text.indexOf('x'))),
    Array.from({ length: 250 }, (_, number) => `m${number}`),
  );
  assert.ok(most <= WINDOW_BYTES / 2 / LARGE.length + 2, `${most} large messages in flight`);
});
