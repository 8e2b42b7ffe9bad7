import { type ChildProcess, spawn } from 'node:child_process';
import { BackOff } from '../base/back-off.js';
import type { Clock, Timer } from '../base/clock.js';
import { errnoOf, StompctlError } from '../base/errors.js';
import { Bell, wait } from '../base/wait.js';

/** What a service manager is told: the assignments of sd_notify(3), such as READY=1. */
export type Notification = Readonly<Record<string, string>>;

export interface NotifierOptions {
  readonly socket: string;
  readonly clock: Clock;
  /** told once why it cannot be told, and again after it could meanwhile */
  readonly onTrouble: (error: StompctlError) => void;
  /** the program, `systemd-notify` unless a test says otherwise */
  readonly command?: string;
}

/** Waiting for their turn, at most; the oldest go first. */
const MAX_PENDING = 16;
/** More than systemd-notify waits by itself (5 s) for the manager to have read it. */
const SEND_MS = 10_000;
const MAX_STDERR = 500;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/**
 * Tells the service manager through its unix datagram socket. Node has no such sockets, so `systemd-notify` sends, one
 * process a message, one after the other: it is there wherever systemd is, and returns once systemd has read. Nothing here
 * waits for it; what could not be sent is tried again.
 */
export class ServiceNotifier {
  readonly #options: NotifierOptions;
  readonly #backOff = new BackOff({ initialMs: FIRST_RETRY_MS, factor: 2, maxMs: LAST_RETRY_MS });
  readonly #idle = new Bell();
  #pending: Notification[] = [];
  #sending: ChildProcess | undefined;
  #retry: Timer | undefined;
  #told = false;
  #closed = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Sends it when what came before is out. Assignments that say nothing of the order are put together. */
  send(notification: Notification): void {
    if (this.#closed) return;
    const last = this.#pending.at(-1);
    if (last !== undefined && !(isStep(last) && isStep(notification))) {
      this.#pending[this.#pending.length - 1] = { ...last, ...notification };
    } else {
      this.#pending.push(notification);
      if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    }
    this.#next();
  }

  /** Gives what waits `ms` milliseconds, once more to what failed; then nothing is sent any more. Never rejects. */
  async close(ms: number): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonicMs() + ms;
    if (this.#retry !== undefined) this.#hurry();
    while (this.#sending !== undefined && clock.monotonicMs() < deadline) {
      await wait(clock, deadline - clock.monotonicMs(), { bell: this.#idle });
    }
    this.#closed = true;
    this.#retry?.cancel();
    this.#sending?.kill('SIGKILL');
  }

  #hurry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#sending !== undefined || this.#retry !== undefined || this.#closed) return;
    const notification = this.#pending.shift();
    if (notification === undefined) return;
    const { socket, clock, command = 'systemd-notify' } = this.#options;
    const { STATUS, ...others } = notification;
    const ordered = { ...others, ...(STATUS !== undefined && { STATUS }) };
    const assignments = Object.entries(ordered).map(([name, value]) => `${name}=${value}`);
    // a bare environment: ours may hold secrets
    const child = spawn(command, assignments, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket },
    });
    this.#sending = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, MAX_STDERR);
    });
    const late = clock.after(SEND_MS, () => child.kill('SIGKILL'), false);
    const ended = (failure: string | undefined) => {
      if (this.#sending !== child) return;
      this.#sending = undefined;
      late.cancel();
      if (failure === undefined) this.#succeeded();
      else this.#failed(notification, failure);
      if (this.#sending === undefined) this.#idle.ring();
    };
    child.once('error', (error) => ended(startFailure(error, command)));
    child.once('close', (code, signal) => {
      if (code === 0) ended(undefined);
      else ended(said.trim() || `${command} ended with ${code ?? signal}`);
    });
    // neither it nor what it says keeps the process alive: close() waits
    child.unref();
    if ('unref' in child.stderr && typeof child.stderr.unref === 'function') child.stderr.unref();
  }

  #succeeded(): void {
    this.#told = false;
    this.#backOff.reset();
    this.#next();
  }

  #failed(notification: Notification, reason: string): void {
    // a sign of life is one of its moment only
    const { WATCHDOG: _, EXTEND_TIMEOUT_USEC: __, ...lasting } = notification;
    const [next] = this.#pending;
    // what came meanwhile wins
    if (next !== undefined && !(isStep(next) && isStep(lasting))) this.#pending[0] = { ...lasting, ...next };
    else if (Object.keys(lasting).length > 0) this.#pending.unshift(lasting);
    if (!this.#closed) {
      this.#retry = this.#options.clock.after(this.#backOff.nextMs(), () => this.#hurry(), false);
    }
    if (this.#told) return;
    this.#told = true;
    const { socket } = this.#options;
    const text = `${reason}; tried again: until then the service manager does not know how it goes`;
    this.#options.onTrouble(new StompctlError('NOTIFY_FAILED', 'notify', socket, text));
  }
}

/** What must come one after the other: these change the state that the manager sees. */
function isStep(notification: Notification): boolean {
  return ['READY', 'RELOADING', 'STOPPING'].some((name) => notification[name] !== undefined);
}

function startFailure(error: Error, command: string): string {
  if (errnoOf(error) === 'ENOENT') return `there is no program ${command}: install the package systemd`;
  return `${command} cannot be started: ${error.message}`;
}
