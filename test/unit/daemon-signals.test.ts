import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { installSignals } from '../../src/daemon/signals.js';

class FakeProcess extends EventEmitter {
  readonly pid = 4711;
  /** what it was told before its end, and how that came */
  readonly ends: (string | number)[] = [];

  kill(pid: number, signal: NodeJS.Signals): void {
    assert.equal(pid, this.pid);
    assert.equal(this.listenerCount(signal), 0, 'else it would only tell us again');
    this.ends.push(signal);
  }
}

function install() {
  const target = new FakeProcess();
  target.on('exit', (code: number) => target.ends.push(code));
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
    assert.deepEqual(target.ends, []);
  });

  it('keeps a stop signal until there is a handler', () => {
    const { target, signals, told } = install();
    target.emit('SIGTERM');
    signals.onStop((signal) => told.push(signal));
    assert.deepEqual(told, ['SIGTERM']);
  });

  for (const [second, code, by] of [
    ['SIGTERM', 143, 'SIGTERM'],
    ['SIGINT', 130, 'SIGINT'],
    ['SIGQUIT', 131, 'SIGTERM'],
  ] as const) {
    it(`ends by ${by} at once at a second one, ${second}, after telling those who tidy up`, () => {
      const { target, signals, told } = install();
      signals.onStop((signal) => told.push(signal));
      target.emit('SIGTERM');
      target.emit(second);
      assert.deepEqual(told, ['SIGTERM']);
      assert.deepEqual(target.ends, [code, by]);
    });
  }

  for (const [code, by] of [
    [0, [143, 'SIGTERM']],
    [75, [75, 'SIGKILL']],
  ] as const) {
    it(`ends without a stop signal by ${by[1]}, in place of exit code ${code}`, () => {
      const { target, signals } = install();
      signals.end(code);
      assert.deepEqual(target.ends, by);
    });
  }

  it('exits at once at a second one also when nobody took the first', () => {
    const { target } = install();
    target.emit('SIGTERM');
    target.emit('SIGTERM');
    assert.deepEqual(target.ends, [143, 'SIGTERM']);
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
    assert.deepEqual(early.target.ends, [130, 'SIGINT']);
    const late = install();
    late.signals.exitOnStop();
    late.target.emit('SIGTERM');
    assert.deepEqual(late.target.ends, [143, 'SIGTERM']);
  });

  it('ends when nobody acts on a stop while the program starts: something it reads hangs', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { target } = install();
    target.emit('SIGTERM');
    test.mock.timers.tick(4999);
    assert.deepEqual(target.ends, []);
    test.mock.timers.tick(1);
    assert.deepEqual(target.ends, [143, 'SIGTERM']);
  });

  it('does not end once somebody acts on it', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { target, signals, told } = install();
    target.emit('SIGTERM');
    signals.onStop((signal) => told.push(signal));
    test.mock.timers.tick(60_000);
    assert.deepEqual([told, target.ends], [['SIGTERM'], []]);
  });

  for (const early of [false, true]) {
    it(`ends a stop that takes longer than its limit and a second${early ? ', one that came early too' : ''}`, (test) => {
      test.mock.timers.enable({ apis: ['setTimeout'] });
      const { target, signals, told } = install();
      signals.limitStop({ limitMs: () => 60_000, late: () => told.push('late') });
      if (early) target.emit('SIGTERM');
      signals.onStop((signal) => told.push(signal));
      if (!early) target.emit('SIGTERM');
      test.mock.timers.tick(60_000);
      test.mock.timers.tick(999);
      assert.deepEqual([told, target.ends], [['SIGTERM'], []]);
      test.mock.timers.tick(1);
      assert.deepEqual(
        [told, target.ends],
        [
          ['SIGTERM', 'late'],
          [143, 'SIGTERM'],
        ],
      );
    });
  }

  it('asks for the limit at the stop, once', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { target, signals } = install();
    const limits = [2000, 1];
    signals.limitStop({ limitMs: () => limits.shift() ?? 0, late: () => undefined });
    signals.onStop(() => undefined);
    target.emit('SIGINT');
    test.mock.timers.tick(2000);
    test.mock.timers.tick(999);
    assert.deepEqual([limits, target.ends], [[1], []]);
    test.mock.timers.tick(1);
    assert.deepEqual(target.ends, [130, 'SIGINT']);
  });

  it('ends within the limit, where that is short, also when nobody acts on the stop yet', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { target, signals } = install();
    signals.limitStop({ limitMs: () => 2000, late: () => undefined });
    target.emit('SIGTERM');
    test.mock.timers.tick(3000);
    assert.deepEqual(target.ends, [143, 'SIGTERM']);
  });

  it('waits out a limit longer than what a timer holds', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { target, signals } = install();
    signals.limitStop({ limitMs: () => 2 ** 32, late: () => undefined });
    signals.onStop(() => undefined);
    target.emit('SIGTERM');
    test.mock.timers.tick(2 ** 31);
    assert.deepEqual(target.ends, []);
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
    const names = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'];
    assert.deepEqual(
      names.map((name) => target.listenerCount(name)),
      [1, 1, 1, 1, 1, 1, 1],
    );
    signals.dispose();
    assert.deepEqual(target.eventNames(), ['exit']);
  });
});
