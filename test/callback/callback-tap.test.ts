import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink } from '../../src/flow/sink.js';
import type { Message } from '../../src/message/message.js';
import { bytesMessage, summary, textMessage, withCallback } from '../support/callback-bench.js';

/** A queue in memory; `refuse` makes every send fail. */
function memoryQueue(refuse = false): { messages: Message[]; closed: () => boolean; open: () => Promise<Sink> } {
  const messages: Message[] = [];
  let closed = false;
  const sink: Sink = {
    name: 'memory',
    open: async () => undefined,
    send: async (message) => {
      if (refuse) throw new Error('disk full');
      messages.push(message);
    },
    flush: async () => undefined,
    close: async () => {
      closed = true;
    },
  };
  return { messages, closed: () => closed, open: async () => sink };
}

const PERL = `
  my($queue);
  sub start ($) {
      my($data) = @_;
      $queue = Messaging::Message::Queue->new($data);
  }
  sub check ($) {
      my($msg) = @_;
      $queue->add_message($msg);
      return($msg);
  }`;
const JAVASCRIPT = 'function check(msg) { tap(data.path, msg); return msg }';

for (const [language, code] of Object.entries({ Perl: PERL, JavaScript: JAVASCRIPT })) {
  test(`the tapping example of the manual, in ${language}, copies every message to the queue`, async () => {
    const queue = memoryQueue();
    const asked: string[] = [];
    const openTap = (path: string, type: string): Promise<Sink> => {
      asked.push(`${path} ${type}`);
      return queue.open();
    };
    const batch = [textMessage({ a: '1' }, 'é'), bytesMessage({ b: '2' }, Buffer.from([0, 255]))];
    await withCallback(code, { data: { path: '/tmp/tap', type: 'DQS' }, openTap }, async (callback) => {
      const outcomes = await callback.process(batch);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind),
        ['pass', 'pass'],
      );
    });
    assert.deepEqual(asked, ['/tmp/tap DQS']);
    assert.deepEqual(
      queue.messages.map((message) => [{ ...message.header }, message.body, message.text]),
      batch.map((message) => [{ ...message.header }, message.body, message.text]),
    );
    assert.ok(queue.closed());
  });
}

test('a queue that callback-data does not name is not opened', async () => {
  const code = 'tap("/etc/passwd", msg)';
  await withCallback(code, { data: { path: '/tmp/tap' }, openTap: memoryQueue().open }, async (callback) => {
    const [outcome] = await callback.process([textMessage()]);
    assert.match(String(summary(outcome)), /^CALLBACK_THREW: .*\/etc\/passwd is not named in callback-data$/);
  });
});

test('a message whose copy cannot be written is rejected', async () => {
  await withCallback(JAVASCRIPT, { data: { path: '/tmp/tap' }, openTap: memoryQueue(true).open }, async (callback) => {
    const [outcome] = await callback.process([textMessage()]);
    assert.match(String(summary(outcome)), /^CALLBACK_THREW: .*disk full$/);
  });
});

test('dropped messages come with their reason', async () => {
  await withCallback('return hdr.why', {}, async (callback) => {
    const outcomes = await callback.process(['old', 'old', 'big'].map((why) => textMessage({ why })));
    assert.deepEqual(
      outcomes,
      ['old', 'old', 'big'].map((reason) => ({ kind: 'drop', reason })),
    );
  });
});
