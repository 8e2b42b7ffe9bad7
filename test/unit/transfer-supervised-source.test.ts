import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { SupervisedSource } from '../../src/transfer/supervised-source.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { FakeSource } from '../support/fake-ends.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const CLOSE_MS = 1000;
const never = () => new Promise<never>(() => undefined);

function scene() {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const policy = { delayMs: 1, maxDelayMs: 1, attempts: undefined, bounded: false };
  const supervisor = new Supervisor({ ...policy, clock, logger });
  const old = new FakeSource([]);
  const source = new SupervisedSource(old, { supervisor, logger });
  const interrupt = new AbortController();
  const exchange = () =>
    source.exchange(new FakeSource([]), supervisor, { clock, closeMs: CLOSE_MS, interrupt: interrupt.signal });
  const failures = () => logger.events('close-failed').map(({ text }) => text);
  return { clock, old, source, interrupt, exchange, failures };
}

test('a source whose settling fails is closed all the same when another one takes its place', async () => {
  const { old, exchange, failures } = scene();
  old.settle = () => Promise.reject(new StompctlError('QUEUE_IO', 'settle', old.name, 'the disk is away'));
  await exchange();
  assert.equal(old.closed, 1);
  assert.match(failures().join(), /the disk is away/);
});

test('one that does not close in time is not waited for at the end either, unless it stores what it gives back', async () => {
  for (const storesAtClose of [false, true]) {
    const { clock, old, source, exchange, failures } = scene();
    old.storesAtClose = storesAtClose;
    let close: () => void = () => undefined;
    old.close = () =>
      new Promise((resolve) => {
        close = resolve;
      });
    const exchanged = exchange();
    await clock.advance(CLOSE_MS);
    await exchanged;
    assert.match(failures().join(), /was not closed in time, and is left behind/);
    assert.equal(source.storesAtClose, storesAtClose);
    let closed = false;
    const closing = source.close().then(() => {
      closed = true;
    });
    await clock.advance(0);
    assert.equal(closed, !storesAtClose);
    close();
    await closing;
  }
});

test('one that does not settle is closed at once when the run is to end, which waits for that', async () => {
  const { clock, old, source, interrupt, exchange } = scene();
  old.settle = never;
  const exchanged = exchange();
  await clock.advance(1);
  assert.equal(old.closed, 0);
  interrupt.abort();
  await exchanged;
  await source.settle();
  assert.equal(old.closed, 1);
});
