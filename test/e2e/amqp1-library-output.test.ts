import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { EventContext } from 'rhea';
import { Amqp1Peer } from '../support/amqp1-peer.js';
import { consume } from '../support/sample-messages.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** A flow that drains a link and leaves it a credit of 1: the library prints what it thinks of that. */
function drained({ sender }: EventContext): Buffer {
  const { local } = (sender ?? assert.fail()).session as unknown as { readonly local: { readonly channel: number } };
  // next-incoming-id, incoming-window, next-outgoing-id, outgoing-window, handle, delivery-count, link-credit, available, drain
  const fields = Buffer.from('435209435209434352014041', 'hex');
  const head = Buffer.from('0000000002000000005313c00000', 'hex');
  head.writeUInt16BE(local.channel, 6);
  head.writeUInt8(fields.length + 1, 12);
  head.writeUInt8(9, 13);
  const frame = Buffer.concat([head, fields]);
  frame.writeUInt32BE(frame.length);
  return frame;
}

for (const level of ['info', 'debug'] as const) {
  it(`a flood of frames that the library talks about, at the log level ${level}`, async (test) => {
    let sent = false;
    const sendable = (context: EventContext, peer: Amqp1Peer) => {
      if (sent) return;
      sent = true;
      for (let count = 0; count < 1000; count += 1) peer.say(drained(context));
      setImmediate(() => context.sender?.send({ body: 'a' }));
    };
    const peer = await Amqp1Peer.start(test, { on: { sendable } });
    const out = join(await tempFolder(test), 'out');
    const from = ['--incoming-broker-uri', `amqp://127.0.0.1:${peer.port}`, '--subscribe', 'destination=/queue/q'];
    const args = ['run', ...from, '--outgoing-queue', `path=${out}`, '--count', '1', '--log-level', level];
    const { code, stderr } = await runStompctl([...args, '--log-format', 'json']);
    assert.equal(code, 0, stderr);
    assert.equal([...consume(out)].length, 1);
    const said = stderr.split('\n').filter((line) => line.includes('received flow with drain set'));
    assert.equal(said.length, level === 'info' ? 0 : 11, stderr);
    assert.ok(said.every((line) => JSON.parse(line).event === 'library'));
  });
}
