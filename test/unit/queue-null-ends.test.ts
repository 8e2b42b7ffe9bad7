import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NullSink } from '../../src/sinks/queue/null-sink.js';
import { NullSource } from '../../src/sources/queue/null-source.js';
import { ManualClock } from '../support/manual-clock.js';
import { PLENTY } from '../support/queue-ends.js';

test('a sink of type NULL takes everything', async () => {
  const sink = new NullSink();
  await sink.open();
  await sink.send();
  await sink.close();
});

test('a source of type NULL is at its end at once', async () => {
  const source = new NullSource(false, new ManualClock());
  await source.open();
  assert.deepEqual(await source.next(PLENTY, new AbortController().signal), { kind: 'end' });
});

test('with loop it is idle after a second, or when interrupted', async () => {
  const clock = new ManualClock();
  const source = new NullSource(true, clock);
  const interrupt = new AbortController();
  const idle = source.next(PLENTY, interrupt.signal);
  await clock.advance(1000);
  assert.deepEqual(await idle, { kind: 'idle', reason: 'empty' });
  const interrupted = source.next(PLENTY, interrupt.signal);
  interrupt.abort();
  assert.deepEqual(await interrupted, { kind: 'idle', reason: 'interrupted' });
  assert.deepEqual(await source.next(PLENTY, interrupt.signal), { kind: 'idle', reason: 'interrupted' });
  assert.equal(clock.pending, 0);
});
