import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FloodGuard } from '../../src/observe/flood-guard.js';
import { ManualClock } from '../support/manual-clock.js';

function setUp(options: { burst?: number; maxKeys?: number } = {}) {
  const clock = new ManualClock();
  const guard = new FloodGuard({ clock, burst: 2, periodMs: 1000, ...options });
  const lines: string[] = [];
  const pass = (key: string, fields = '') =>
    guard.pass(key, (stands) => lines.push(`${key}${fields}${stands === 1 ? '' : ` x${stands}`}`));
  return { clock, guard, lines, pass };
}

describe('the flood guard', () => {
  it('lets a burst pass and holds the rest until the period is over', () => {
    const { clock, lines, pass } = setUp();
    for (let at = 1; at <= 5; at += 1) pass('a', String(at));
    assert.deepEqual(lines, ['a1', 'a2']);
    clock.skip(999);
    assert.equal(lines.length, 2);
    clock.skip(1);
    assert.deepEqual(lines, ['a1', 'a2', 'a5 x3']);
  });

  it('lets the next burst pass in the next period', () => {
    const { clock, lines, pass } = setUp();
    for (let at = 1; at <= 4; at += 1) pass('a');
    clock.skip(1000);
    pass('a');
    assert.deepEqual(lines, ['a', 'a', 'a x2', 'a']);
  });

  it('says nothing more of lines that stayed below the limit', () => {
    const { clock, guard, lines, pass } = setUp();
    pass('a');
    clock.skip(5000);
    guard.flush();
    assert.deepEqual(lines, ['a']);
  });

  it('counts keys apart, and ends their periods apart', () => {
    const { clock, lines, pass } = setUp();
    for (let at = 1; at <= 3; at += 1) pass('a');
    clock.skip(500);
    for (let at = 1; at <= 4; at += 1) pass('b');
    clock.skip(500);
    assert.deepEqual(lines, ['a', 'a', 'b', 'b', 'a']);
    clock.skip(500);
    assert.deepEqual(lines.slice(5), ['b x2']);
    assert.equal(clock.pending, 0);
  });

  it('lets everything out at a flush', () => {
    const { clock, guard, lines, pass } = setUp();
    for (let at = 1; at <= 3; at += 1) pass('a');
    guard.flush();
    assert.deepEqual(lines, ['a', 'a', 'a']);
    assert.equal(clock.pending, 0);
  });

  it('remembers a bounded number of keys, and loses no count for it', () => {
    const { guard, lines, pass } = setUp({ burst: 1, maxKeys: 3 });
    for (let at = 0; at < 10; at += 1) {
      for (let turn = 0; turn < 4; turn += 1) pass(`k${at}`);
    }
    guard.flush();
    assert.equal(lines.length, 20);
    assert.equal(lines.filter((line) => line.endsWith(' x3')).length, 10);
  });

  it('counts what a line already stands for', () => {
    const { guard, lines } = setUp({ burst: 1 });
    const write = (stands: number) => lines.push(String(stands));
    guard.pass('a', write, 5);
    guard.pass('a', write, 7);
    guard.pass('a', write);
    guard.flush();
    assert.deepEqual(lines, ['5', '8']);
  });
});
