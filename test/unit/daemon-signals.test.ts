import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { installSignals } from '../../src/daemon/signals.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function install() {
  const target = new FakeProcess();
  const signals = installSignals(target);
  const told: string[] = [];
  return { target, signals, told };
}

describe('signals', () => {
  it('hands the first stop signal to the handler', () => {
    const { target, signals, told } = install();
    signals.onStop((signal) => told.push(signal));
    target.emit('SIGINT');
    assert.deepEqual(told, ['SIGINT']);
    assert.equal(signals.stopped, 'SIGINT');
    assert.deepEqual(target.exits, []);
  });

  it('keeps a stop signal until there is a handler', () => {
    const { target, signals, told } = install();
    target.emit('SIGTERM');
    signals.onStop((signal) => told.push(signal));
    assert.deepEqual(told, ['SIGTERM']);
  });

  for (const [second, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const) {
    it(`exits at once with ${code} at a second one, ${second}`, () => {
      const { target, signals, told } = install();
      signals.onStop((signal) => told.push(signal));
      target.emit('SIGTERM');
      target.emit(second);
      assert.deepEqual(told, ['SIGTERM']);
      assert.deepEqual(target.exits, [code]);
    });
  }

  it('exits at once at a second one also when nobody took the first', () => {
    const { target } = install();
    target.emit('SIGTERM');
    target.emit('SIGTERM');
    assert.deepEqual(target.exits, [143]);
  });

  it('does not tell a stop twice when the handler changes', () => {
    const { target, signals, told } = install();
    signals.onStop(() => told.push('first'));
    target.emit('SIGTERM');
    signals.onStop(() => told.push('second'));
    assert.deepEqual(told, ['first']);
  });

  it('exits at the first stop signal when there is nothing to drain', () => {
    const early = install();
    early.target.emit('SIGINT');
    early.signals.exitOnStop();
    assert.deepEqual(early.target.exits, [130]);
    const late = install();
    late.signals.exitOnStop();
    late.target.emit('SIGTERM');
    assert.deepEqual(late.target.exits, [143]);
  });

  it('tells every HUP and USR1, and those that came early once', () => {
    const { target, signals, told } = install();
    target.emit('SIGHUP');
    target.emit('SIGHUP');
    target.emit('SIGUSR1');
    signals.onReload(() => told.push('reload'));
    signals.onReport(() => told.push('report'));
    assert.deepEqual(told, ['reload', 'report']);
    target.emit('SIGHUP');
    target.emit('SIGHUP');
    target.emit('SIGUSR1');
    assert.deepEqual(told, ['reload', 'report', 'reload', 'reload', 'report']);
  });

  it('listens to PIPE, and takes all listeners away at dispose', () => {
    const { target, signals } = install();
    const names = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGPIPE'];
    assert.deepEqual(
      names.map((name) => target.listenerCount(name)),
      [1, 1, 1, 1, 1, 1],
    );
    signals.dispose();
    assert.deepEqual(target.eventNames(), []);
  });
});
