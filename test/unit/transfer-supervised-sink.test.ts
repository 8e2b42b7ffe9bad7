import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Message } from '../../src/message/message.js';
import { SupervisedSink } from '../../src/transfer/supervised-sink.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { brokerError, FakeSink, lost, outcomes, textMessage } from '../support/fake-ends.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

function supervised(inner: FakeSink, options: { attempts?: number; bounded?: boolean; maxAttempts?: number } = {}) {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const { attempts, bounded = false, maxAttempts = 3 } = options;
  const random = () => 1;
  const supervisor = new Supervisor({ delayMs: 1000, maxDelayMs: 60_000, attempts, bounded, clock, logger, random });
  return { clock, logger, sink: new SupervisedSink(inner, { supervisor, maxAttempts, logger }) };
}

const named = (message: Message) => message.body.toString();
const many = Array.from({ length: 50 }, (_, index) => `m${index}`);

describe('a supervised sink', () => {
  it('opens at the first message when nobody opened it', async () => {
    const inner = new FakeSink();
    const { sink, clock } = supervised(inner);
    const ended = outcomes(sink, ['a']);
    await clock.advance(0);
    await clock.advance(0);
    assert.equal(inner.opened, 1);
    assert.equal(ended.get('a'), 'safe');
  });

  it('sends again, in order, what was not safe when the session was lost', async () => {
    let silent = true;
    const inner = new FakeSink((message) => (silent && named(message) !== 'm0' ? 'silent' : 'safe'));
    const { sink, clock } = supervised(inner);
    await sink.open();
    const ended = outcomes(sink, many);
    await clock.advance(0);
    assert.deepEqual([...ended.keys()], ['m0']);
    silent = false;
    inner.endSession();
    await clock.advance(1000);
    await clock.advance(0);
    assert.equal(inner.opened, 2);
    assert.deepEqual(inner.safe, many);
    assert.equal(ended.size, many.length);
  });

  it('opens again when the session is lost while nothing is being sent', async () => {
    const inner = new FakeSink();
    const { sink, clock } = supervised(inner);
    await sink.open();
    inner.endSession();
    await clock.advance(1000);
    assert.equal(inner.opened, 2);
  });

  it('rejects only the message that an ERROR names', async () => {
    const refused = new StompctlError('MESSAGE_REFUSED', 'send', 'fake sink', 'not authorised');
    const inner = new FakeSink((message) => (named(message) === 'm7' ? refused : 'safe'));
    const { sink, clock } = supervised(inner);
    await sink.open();
    const ended = outcomes(sink, many);
    await clock.advance(5000);
    await clock.advance(0);
    assert.equal(ended.get('m7'), 'MESSAGE_REFUSED');
    assert.equal([...ended.values()].filter((end) => end === 'safe').length, many.length - 1);
  });

  it('finds the message that an ERROR does not name, rejects it alone, and goes back to full speed', async () => {
    const inner = new FakeSink((message) => (named(message) === 'm7' ? brokerError() : 'safe'));
    const { sink, clock, logger } = supervised(inner, { maxAttempts: 3 });
    await sink.open();
    const ended = outcomes(sink, many);
    await clock.advance(600_000);
    assert.equal(ended.get('m7'), 'MESSAGE_REFUSED');
    assert.equal(ended.size, many.length);
    assert.equal(inner.sent.filter((name) => name === 'm7').length, 4, 'once at full speed, three times on its own');
    assert.equal(logger.events('probe').length, 1);
    inner.mostInFlight = 0;
    outcomes(sink, ['x', 'y', 'z']);
    await clock.advance(0);
    assert.equal(inner.mostInFlight, 3);
  });

  it('lets newcomers pass while a message that only ends sessions is on trial', async () => {
    const inner = new FakeSink((message) => (named(message) === 'poison' ? lost() : 'safe'));
    const { sink, clock } = supervised(inner, { maxAttempts: 3 });
    await sink.open();
    const ended = outcomes(sink, ['poison']);
    await clock.advance(600_000);
    assert.equal(ended.size, 0, 'without another message nobody knows whose fault it is');
    const others = outcomes(sink, ['a', 'b', 'c', 'd', 'e', 'f']);
    await clock.advance(600_000);
    assert.equal(ended.get('poison'), 'MESSAGE_REFUSED');
    assert.equal([...others.values()].filter((end) => end === 'safe').length, 6);
  });

  it('never rejects a message because the broker refuses them all', async () => {
    const inner = new FakeSink(() => lost());
    const { sink, clock } = supervised(inner);
    await sink.open();
    const ended = outcomes(sink, ['a', 'b']);
    await clock.advance(3_600_000);
    assert.equal(ended.size, 0);
    assert.ok(inner.opened > 50);
  });

  it('fails every message once the attempts of a bounded run are used up', async () => {
    const inner = new FakeSink();
    inner.openFailures = Array.from({ length: 20 }, lost);
    const { sink, clock } = supervised(inner, { attempts: 10, bounded: true });
    const ended = outcomes(sink, ['a', 'b']);
    await clock.advance(3_600_000);
    assert.deepEqual([...ended.values()], ['SESSION_LOST', 'SESSION_LOST']);
    assert.equal(inner.opened, 10);
    await assert.rejects(sink.send(textMessage('c')), { code: 'SESSION_LOST' });
  });

  it('does not send again, while it looks for the refused message, what the inner sink still has', async () => {
    const inner = new FakeSink((message) => (named(message) === 'slow' ? 'silent' : 'safe'));
    const { sink, clock } = supervised(inner);
    await sink.open();
    const ended = outcomes(sink, ['slow']);
    await clock.advance(0);
    // one of several brokers said ERROR; what was sent to the others is still under way
    inner.report(brokerError());
    outcomes(sink, ['a']);
    await clock.advance(5000);
    assert.equal(inner.opened, 2);
    assert.deepEqual(inner.sent, ['slow', 'a']);
    inner.endSession();
    await clock.advance(5000);
    assert.deepEqual(inner.sent, ['slow', 'a', 'slow']);
    assert.equal(ended.size, 0);
  });

  it('rejects what is not safe when it is closed', async () => {
    const inner = new FakeSink(() => 'silent');
    const { sink, clock } = supervised(inner);
    await sink.open();
    const ended = outcomes(sink, ['a']);
    await clock.advance(0);
    await sink.close();
    await clock.advance(0);
    assert.equal(ended.get('a'), 'SESSION_CLOSED');
    assert.equal(inner.closed, 1);
  });
});
