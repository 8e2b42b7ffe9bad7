import type { Clock } from '../base/clock.js';
import { withDeadline } from '../base/wait.js';

/** after KILL only a process that waits for a disk is still there */
const KILLED_MS = 5000;

/** Groups whose first process is ours, and not known to have ended. */
const running = new Set<number>();
let listening = false;

/** A command and what it starts: its own process group, which `spawn` with `detached` makes. */
export class ProcessGroup {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
    running.add(id);
    if (listening) return;
    listening = true;
    // a second signal ends stompctl at once: what it has started is to end as well
    process.on('exit', () => {
      for (const group of running) signalGroup(group, 'SIGTERM');
    });
  }

  /** The first process has ended, and is not to be signalled any more: its number may be given to another. */
  ended(): void {
    running.delete(this.#id);
  }

  /** TERM, and KILL when `ended` (the end of the first process) takes longer than `graceMs`. Resolves at the end. */
  async end(ended: Promise<unknown>, clock: Clock, graceMs: number): Promise<void> {
    this.signal('SIGTERM');
    await withDeadline(clock, graceMs, ended, () => undefined);
    // RACE: of a group with nobody left the number may be given anew; between these two lines that takes a full round of pids
    this.signal('SIGKILL');
    await withDeadline(clock, KILLED_MS, ended, () => undefined);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    signalGroup(this.#id, signal);
  }
}

function signalGroup(id: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-id, signal);
  } catch {
    // RACE: it has ended by itself. EPERM: it runs as somebody else (setuid), whom only its own end stops
  }
}
