import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { BackOff } from '../base/back-off.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/printable.js';
import { wait } from '../base/wait.js';
import type { LineStream } from './fd-stream.js';

export interface SyslogOptions {
  readonly clock: Clock;
  /** the program, `logger` of util-linux unless a test says otherwise, and what comes before our arguments */
  readonly command?: readonly [string, ...string[]];
  /** what waits for it, at most, in bytes; default 1 MiB */
  readonly maxWaiting?: number;
  /** told once when `logger` cannot be started */
  readonly onTrouble?: (text: string) => void;
}

/** Facility `user` (1) shifted to its place, plus the severity: RFC 5424, section 6.2.1. */
const PRIORITIES: Readonly<Record<string, number>> = { trace: 15, debug: 15, info: 14, warn: 12, error: 11 };
/** One syslog message; a longer line is cut, since `logger` would break it into several. */
const MAX_LINE = 4000;
const FLUSH_MS = 1000;
/** A `logger` that lived this long was healthy: the next one is started at once. */
const HEALTHY_MS = 10_000;

/**
 * Sends log lines to syslog through one long-lived `logger` process, since Node has no unix datagram sockets. It is
 * restarted when it dies, with a back-off; lines wait for it up to a limit, then they are dropped and counted, and a
 * line says so afterwards. Nothing here ever waits for it.
 */
export class SyslogStream implements LineStream {
  readonly #options: SyslogOptions;
  readonly #maxWaiting: number;
  readonly #backOff = new BackOff({ initialMs: 1000, factor: 2, maxMs: 60_000 });
  #input: Writable | undefined;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #starting = false;
  #toldTrouble = false;
  #closed = false;
  /** lines for the next `logger`: it was not there, or died before it took them */
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;

  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? 1024 * 1024;
    this.#start();
  }

  write(lines: string): void {
    for (const line of lines.split('\n')) if (line !== '') this.#send(syslogLine(line));
  }

  async flush(): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonicMs() + FLUSH_MS;
    while (this.#pendingBytes() > 0 && clock.monotonicMs() < deadline) {
      await wait(clock, 10);
    }
  }

  /** Ends `logger` once it has read everything, without waiting for that; lines written later are dropped. */
  close(): void {
    this.#closed = true;
    this.#input?.end();
    this.#input = undefined;
  }

  #pendingBytes(): number {
    return this.#waitingBytes + (this.#input?.writableLength ?? 0);
  }

  #send(line: string): void {
    if (this.#pendingBytes() + line.length > this.#maxWaiting) {
      this.#dropped += 1;
      return;
    }
    if (this.#input === undefined) {
      this.#keep(line);
      return;
    }
    if (this.#dropped > 0) {
      const lost = `<${PRIORITIES.warn}>log-lines-dropped: ${this.#dropped} log lines were dropped: syslog is too slow or away\n`;
      this.#dropped = 0;
      this.#pipe(this.#input, lost);
    }
    this.#pipe(this.#input, line);
  }

  #pipe(input: Writable, line: string): void {
    // libuv tries the write at once, so that with room in the pipe the line is out when this returns
    input.write(line, (error) => {
      if (error) this.#keep(line);
    });
  }

  #keep(line: string): void {
    if (this.#waitingBytes + line.length > this.#maxWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
  }

  #start(): void {
    this.#starting = false;
    if (this.#closed) return;
    const [program, ...before] = this.#options.command ?? ['logger'];
    const args = [...before, '--prio-prefix', '-t', 'stompctl', `--id=${process.pid}`, `--size=${MAX_LINE + 100}`];
    // a process group of its own: Ctrl-C on the terminal is not for it; a bare environment: ours may hold secrets
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    const input = child.stdin;
    this.#child = child;
    this.#startedAt = this.#options.clock.monotonicMs();
    child.once('error', (error) => {
      this.#trouble(`cannot start ${program} for syslog: ${error.message}; log lines wait, then they are dropped`);
      this.#ended(child);
    });
    child.once('exit', () => this.#ended(child));
    // EPIPE when it dies: the callbacks of the writes get it too, and keep their lines
    input.on('error', () => this.#ended(child));
    child.unref();
    if ('unref' in input && typeof input.unref === 'function') input.unref();
    this.#input = input;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const line of waiting) this.#pipe(input, line);
  }

  #ended(child: ChildProcess): void {
    if (this.#closed || this.#child !== child || this.#starting) return;
    this.#starting = true;
    this.#input = undefined;
    const { clock } = this.#options;
    const healthy = clock.monotonicMs() - this.#startedAt >= HEALTHY_MS;
    if (healthy) this.#backOff.reset();
    clock.after(healthy ? 0 : this.#backOff.nextMs(), () => this.#start(), false);
  }

  #trouble(text: string): void {
    if (this.#toldTrouble) return;
    this.#toldTrouble = true;
    this.#options.onTrouble?.(text);
  }
}

/** `<PRIORITY>EVENT: TEXT {FIELDS}` from a JSON line of ours. */
export function syslogLine(json: string): string {
  const {
    level,
    event,
    msg,
    time: _time,
    pid: _pid,
    name: _name,
    ...fields
  } = JSON.parse(json) as Record<string, unknown>;
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  const priority = PRIORITIES[String(level)] ?? PRIORITIES.info;
  // one line, whatever is in it: a text with a line end must not forge an entry of its own
  const text = printable(`${String(event)}: ${String(msg)}${rest}`);
  return `<${priority}>${text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text}\n`;
}
