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
