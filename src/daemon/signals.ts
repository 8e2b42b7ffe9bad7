/**
 * Imports nothing: it is loaded and called before everything else, because until there are listeners Node opens its
 * debugger on USR1 and dies of HUP, TERM and INT without a drain.
 */

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT';

/** What 128 is added to when a signal ends the process, as shells report it. */
const STOP_NUMBERS: Readonly<Record<StopSignal, number>> = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** What a shell reports of a process that ends by this signal: 128 + its number, for QUIT that of TERM, in place of which it comes. */
export function stopExitCode(signal: StopSignal): number {
  return 128 + STOP_NUMBERS[signal === 'SIGQUIT' ? 'SIGTERM' : signal];
}

/** The part of `process` that is used; a test hands in its own. */
export interface SignalTarget {
  on(signal: NodeJS.Signals, run: () => void): unknown;
  off(signal: NodeJS.Signals, run: () => void): unknown;
  emit(event: 'exit', code: number): unknown;
  kill(pid: number, signal: NodeJS.Signals): unknown;
  readonly pid: number;
}

/** Where nobody acts on a stop within this time while the program starts, something it reads hangs: there is nothing to drain. */
const START_MS = 5000;
/** What a process has for itself once a stop is to be over: to say how it went, to take its pidfile away, to end. */
const OWN_END_MS = 1000;
/** What Node's timers can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long a stop may take at most, whatever hangs. */
export interface StopLimit {
  /** in milliseconds from the stop signal on: asked once, at that signal */
  readonly limitMs: () => number;
  /** says what is still waited for: it was too long, and the process is ended by the signal after this returns */
  readonly late: () => void;
}

/** The signals of the process, as wishes. A wish that comes before its handler waits for it; HUP, USR1 and USR2 coalesce. */
export interface Signals {
  /**
   * TERM, INT or QUIT: `run` is called once, for the first; the second of them ends the process at once, by that signal (a shell
   * reports 128 + its number), QUIT by TERM.
   */
  onStop(run: (signal: StopSignal) => void): void;
  /** From now on a stop ends the process by its signal where it is not over by itself within the limit and a second more. */
  limitStop(limit: StopLimit): void;
  /** For commands with nothing to drain: the first TERM, INT or QUIT ends it at once too, one already received included. */
  exitOnStop(): void;
  /** HUP */
  onReload(run: () => void): void;
  /** USR1 */
  onReport(run: () => void): void;
  /** USR2 */
  onDebug(run: () => void): void;
  /**
   * Ends the process at once where an exit would wait for a file or a name server that hangs: by the stop signal received, or else by one that
   * says to supervisors what `code` would have said: TERM (ended well) in place of 0, KILL (failed) in place of others.
   */
  end(code: number): void;
  /** the first stop signal received, if any */
  readonly stopped: StopSignal | undefined;
  /** Takes the listeners away: signals act as Node has them by default. */
  dispose(): void;
}

/** Installs listeners for TERM INT QUIT HUP USR1 USR2 PIPE at once. PIPE is ignored: writing to a closed pipe fails with EPIPE. */
export function installSignals(target: SignalTarget = process): Signals {
  let stopped: StopSignal | undefined;
  let stop: ((signal: StopSignal) => void) | undefined;
  let stoppedMs = 0;
  let limit: StopLimit | undefined;
  const hanging = new Deadline();
  const overdue = new Deadline();
  const reload = new Wish();
  const report = new Wish();
  const debug = new Wish();

  const exitBy = (signal: StopSignal): void => {
    // An exit by ourselves waits for the threads that read files or look names up, and one that hangs (a FIFO nobody writes to, a mount
    // or a name server that is gone) hangs that too: so the signal ends us, as if we had not listened. Who tidies up is told before.
    target.emit('exit', 128 + STOP_NUMBERS[signal]);
    for (const [name, run] of listeners) target.off(name, run);
    // not by QUIT: the core file would hold messages and passwords
    target.kill(target.pid, signal === 'SIGQUIT' ? 'SIGTERM' : signal);
  };
  const bound = (signal: StopSignal) => {
    if (limit === undefined || overdue.isSet) return;
    const leftMs = limit.limitMs() - (performance.now() - stoppedMs);
    // a process that was held up itself has its second all the same
    overdue.set(Math.max(0, leftMs), () => {
      overdue.set(OWN_END_MS, () => {
        limit?.late();
        exitBy(signal);
      });
    });
  };
  const receive = (signal: StopSignal) => {
    if (stopped !== undefined) {
      exitBy(signal);
      return;
    }
    stopped = signal;
    stoppedMs = performance.now();
    if (stop === undefined) {
      const limitMs = limit === undefined ? START_MS : limit.limitMs() + OWN_END_MS;
      hanging.set(Math.min(START_MS, limitMs), () => exitBy(signal));
    } else {
      bound(signal);
      stop(signal);
    }
  };

  const listeners: ReadonlyArray<[NodeJS.Signals, () => void]> = [
    ['SIGTERM', () => receive('SIGTERM')],
    ['SIGINT', () => receive('SIGINT')],
    ['SIGQUIT', () => receive('SIGQUIT')],
    ['SIGHUP', () => reload.come()],
    ['SIGUSR1', () => report.come()],
    ['SIGUSR2', () => debug.come()],
    ['SIGPIPE', () => undefined],
  ];
  for (const [signal, run] of listeners) target.on(signal, run);

  const onStop = (run: (signal: StopSignal) => void) => {
    const first = stop === undefined;
    stop = run;
    hanging.clear();
    if (!first || stopped === undefined) return;
    bound(stopped);
    run(stopped);
  };
  return {
    onStop,
    limitStop: (asked) => {
      limit = asked;
    },
    exitOnStop: () => onStop(exitBy),
    onReload: (run) => reload.attach(run),
    onReport: (run) => report.attach(run),
    onDebug: (run) => debug.attach(run),
    end: (code) => {
      if (stopped !== undefined) exitBy(stopped);
      else if (code === 0) exitBy('SIGTERM');
      else {
        target.emit('exit', code);
        target.kill(target.pid, 'SIGKILL');
      }
    },
    get stopped() {
      return stopped;
    },
    dispose() {
      hanging.clear();
      overdue.clear();
      for (const [signal, run] of listeners) target.off(signal, run);
    },
  };
}

/** A time of which the process does not stay alive. */
class Deadline {
  #timer: NodeJS.Timeout | undefined;

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  set(ms: number, run: () => void): void {
    const later = () => this.set(ms - LONGEST_TIMER_MS, run);
    this.#timer = setTimeout(ms > LONGEST_TIMER_MS ? later : run, Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A signal that may come again: without a handler it is remembered, once. */
class Wish {
  #waiting = false;
  #run: (() => void) | undefined;

  come(): void {
    if (this.#run === undefined) this.#waiting = true;
    else this.#run();
  }

  attach(run: () => void): void {
    this.#run = run;
    if (!this.#waiting) return;
    this.#waiting = false;
    run();
  }
}
