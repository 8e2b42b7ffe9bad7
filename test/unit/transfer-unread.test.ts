import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { StoredElement } from '../../src/flow/stored-element.js';
import type { Message } from '../../src/message/message.js';
import { TapSink } from '../../src/sinks/queue/tap-sink.js';
import { readable, sendDelivery } from '../../src/transfer/unread.js';
import { FakeSink, textMessage } from '../support/fake-ends.js';

/** A sink that moves what it may. */
class MovingSink extends FakeSink {
  readonly moves = true;
  readonly moved: string[] = [];

  async move(element: StoredElement): Promise<void> {
    this.moved.push(element.path);
  }
}

/** A delivery that nobody has read; one with `wrong` cannot be. */
function unread(path: string, wrong?: StompctlError): Delivery & { reads: number } {
  const settle = () => undefined;
  const delivery = {
    name: path,
    size: 10,
    reads: 0,
    ack: settle,
    release: settle,
    reject: settle,
    get message(): Message {
      delivery.reads += 1;
      if (wrong !== undefined) throw wrong;
      return textMessage(path);
    },
    get stored(): StoredElement {
      return Object.assign(Object.create(delivery), { path, uid: 0, gid: 0, mode: 0, bytes: () => Buffer.alloc(0) });
    },
  };
  return delivery;
}

const undecodable = () => new StompctlError('ELEMENT_UNDECODABLE', 'decode', 'x', 'it is not JSON');

test('what nobody has read is moved, and not read', async () => {
  const sink = new MovingSink();
  const delivery = unread('a');
  await sendDelivery(new TapSink(sink), delivery, undefined);
  assert.deepEqual([sink.moved, sink.safe, delivery.reads], [['a'], [], 0]);
});

test('what a processor made of it is sent', async () => {
  const sink = new MovingSink();
  await sendDelivery(new TapSink(sink), unread('a'), textMessage('b'));
  assert.deepEqual([sink.moved, sink.safe], [[], ['b']]);
});

test('a tap queue that came meanwhile gets a copy, and its message is sent to both', async () => {
  const [sink, tap] = [new MovingSink(), new FakeSink()];
  await sendDelivery(new TapSink(sink, tap), unread('a'), undefined);
  assert.deepEqual([sink.moved, sink.safe, tap.safe], [[], ['a'], ['a']]);
});

test('a processor that came meanwhile gets what can be read; what is wrong with the rest is told', () => {
  const failed: string[] = [];
  const deliveries = [unread('a'), unread('b', undecodable()), unread('c')];
  const read = readable(deliveries, ({ name }, { code }) => failed.push(`${name} ${code}`));
  assert.deepEqual(
    read.map(({ name }) => name),
    ['a', 'c'],
  );
  assert.deepEqual(failed, ['b ELEMENT_UNDECODABLE']);
});
