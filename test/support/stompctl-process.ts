import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** the built command */
export const STOMPCTL = fileURLToPath(new URL('../../stompctl/stompctl.js', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** a command and its arguments that run the built one, such as `setpriv …` */
  readonly under?: readonly string[];
}

/** Runs a command as a user to whom file permissions apply: root without the capabilities that override them. */
export const WITHOUT_PRIVILEGES: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];

/** The built command as a process of its own. */
export class StompctlProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], options: ProcessOptions = {}) {
    const [command, ...rest] = [...(options.under ?? []), process.execPath, STOMPCTL, ...args];
    this.#child = spawn(command ?? process.execPath, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('StompctlProcess: could not be started');
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** what it has written to standard output so far */
  get stdout(): string {
    return this.#stdout;
  }

  /** what it has written to standard error so far */
  get stderr(): string {
    return this.#stderr;
  }

  /** The log lines so far that are complete JSON, or those of one event. */
  log(event?: string): Record<string, unknown>[] {
    return logLines(this.#stderr, event);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended by itself. */
  ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Asks it to stop (or with another signal) and resolves when it has ended. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    if (this.running) this.#child.kill(signal);
    return this.#ended;
  }
}

/** The lines of a log that are complete JSON, or those of one event. */
export function logLines(stderr: string, event?: string): Record<string, unknown>[] {
  const lines = stderr.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return []; // pretty lines, usage errors, the last line when it is not complete
    }
  });
  return event === undefined ? lines : lines.filter((line) => line.event === event);
}

/** Runs the built command to its end. */
export function runStompctl(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  return new StompctlProcess(args, options).ended();
}
