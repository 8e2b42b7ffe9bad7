import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { Message, newHeader } from '../../src/message/message.js';
import { PathTemplate } from '../../src/message/path-template.js';
import { QueuePerValue } from '../../src/sinks/queue/queue-per-value.js';
import { FakeSink, type Verdict } from '../support/fake-ends.js';
import { settled } from '../support/manual-clock.js';

const template = PathTemplate.parse('/q/%{header:to}');

function message(to: string, text: string): Message {
  return new Message(newHeader({ to }), Buffer.from(text), true);
}

/** Sinks by path, all that were ever made. */
function perValue(most: number, judge: (message: Message) => Verdict = () => 'safe') {
  assert.ok(template !== undefined);
  const made: [path: string, sink: FakeSink][] = [];
  const refused = new Set<string>();
  const full = new Set<FakeSink>();
  const sink = new QueuePerValue({
    template,
    most,
    check: () => undefined,
    make: (path) => {
      const one = new FakeSink(judge);
      if (refused.has(path)) one.openFailures = [new StompctlError('QUEUE_PERMISSION', 'open', path, 'EACCES')];
      made.push([path, one]);
      full.add(one);
      return one;
    },
    closed: (one) => one instanceof FakeSink && full.delete(one),
  });
  const safeAt = (path: string) => made.filter(([at]) => at === path).flatMap(([, one]) => one.safe);
  return { sink, made, refused, full, safeAt };
}

describe('a queue for each value of a header', () => {
  it('stores each message in the queue that it names, in order', async () => {
    const { sink, made, safeAt } = perValue(10);
    await sink.open();
    await Promise.all([1, 2, 3, 4].map((n) => sink.send(message(n % 2 === 0 ? 'even' : 'odd', `${n}`))));
    assert.deepEqual(
      [safeAt('/q/odd'), safeAt('/q/even')],
      [
        ['1', '3'],
        ['2', '4'],
      ],
    );
    assert.equal(made.length, 2);
  });

  it('has no more open than it may, and closes the one used longest ago', async () => {
    const { sink, made, full, safeAt } = perValue(2);
    await sink.open();
    for (const to of ['a', 'b', 'a', 'c', 'a', 'b']) await sink.send(message(to, to));
    assert.equal(sink.size, 2);
    assert.deepEqual(
      made.map(([path, { closed }]) => [path, closed]),
      [
        ['/q/a', 0],
        ['/q/b', 1],
        ['/q/c', 1],
        ['/q/b', 0],
      ],
    );
    assert.equal(full.size, 2, 'what is closed is forgotten');
    assert.deepEqual(safeAt('/q/b'), ['b', 'b']);
  });

  it('waits for one that has nothing on its way into it', async () => {
    let open = false;
    const { sink, made, safeAt } = perValue(1, () => (open ? 'safe' : 'silent'));
    await sink.open();
    const first = sink.send(message('a', '1'));
    const second = sink.send(message('b', '2'));
    await settled();
    assert.equal(made.length, 1);
    open = true;
    made[0]?.[1].endSession();
    await assert.rejects(first, { code: 'SESSION_LOST' });
    await second;
    assert.deepEqual(safeAt('/q/b'), ['2']);
  });

  it('gives up what waits for its queue when it is recalled, and writes none of it later', async () => {
    const { sink, made } = perValue(1, () => 'silent');
    await sink.open();
    const first = assert.rejects(sink.send(message('a', '1')), { code: 'SESSION_LOST' });
    const second = assert.rejects(sink.send(message('b', '2')), { code: 'SESSION_CLOSED' });
    await settled();
    await sink.recall();
    await second;
    made[0]?.[1].endSession();
    await first;
    assert.deepEqual(
      made.map(([path]) => path),
      ['/q/a'],
    );
  });

  it('gives back what waits for room in its queues, and for a queue, and goes on', async () => {
    const { sink, made, safeAt } = perValue(1, () => 'silent');
    await sink.open();
    const first = assert.rejects(sink.send(message('a', '1')), { code: 'SESSION_CLOSED' });
    const second = assert.rejects(sink.send(message('b', '2')), { code: 'SESSION_CLOSED' });
    await settled();
    const full = made[0]?.[1];
    assert.ok(full !== undefined);
    const givenBack = new StompctlError('SESSION_CLOSED', 'write', '/q/a', 'given back before');
    Object.assign(full, { retract: () => full.endSession(givenBack) });
    sink.retract();
    await Promise.all([first, second]);
    assert.equal(made.length, 1);
    void sink.send(message('c', '3'));
    await settled();
    assert.deepEqual([made.map(([path]) => path), safeAt('/q/b')], [['/q/a', '/q/c'], []]);
  });

  it('has a message wait whose queue cannot be opened, and no other', async () => {
    const { sink, refused, safeAt } = perValue(10);
    refused.add('/q/denied');
    await sink.open();
    const denied = sink.send(message('denied', '1'));
    await Promise.all([assert.rejects(denied, { code: 'QUEUE_IO' }), sink.send(message('a', '2'))]);
    refused.clear();
    await sink.open();
    await sink.send(message('denied', '1'));
    assert.deepEqual([safeAt('/q/a'), safeAt('/q/denied')], [['2'], ['1']]);
  });

  it('rejects a message that names no queue', async () => {
    const { sink, made } = perValue(10);
    await sink.open();
    await assert.rejects(sink.send(message('../x', '1')), { code: 'MESSAGE_BAD_HEADER' });
    await sink.close();
    assert.equal(made.length, 0);
  });

  it('closes every queue', async () => {
    const { sink, made, full } = perValue(10);
    await sink.open();
    for (const to of ['a', 'b', 'c']) await sink.send(message(to, to));
    await sink.close();
    assert.deepEqual(
      made.map(([, { closed }]) => closed),
      [1, 1, 1],
    );
    assert.equal(full.size, 0);
  });
});
