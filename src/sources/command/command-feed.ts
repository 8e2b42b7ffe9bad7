import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.js';
import { withDeadline } from '../../base/wait.js';
import type { Variables } from '../../command/clean-environment.js';
import { type CommandEnd, endOf, notStarted } from '../../command/command-end.js';
import { OutputLines } from '../../command/output-lines.js';
import { ProcessGroup } from '../../command/process-group.js';
import { type InputLine, linesOf } from '../../message/json-lines.js';

export interface FeedOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Variables;
  /** bytes of a line */
  readonly longest: number;
  /** is it told which of its messages are safe? */
  readonly acks: boolean;
  readonly clock: Clock;
  /** a line of its standard error */
  readonly onLine: (line: string) => void;
}

/** acknowledgements that it has not read */
const MOST_UNREAD = 65_536;
/** of its standard error so much is told in this time as of a whole run of `outgoing-command` */
const TOLD_MS = 60_000;
/** how long it may take to read the last acknowledgements */
const FLUSH_MS = 1000;

/** A run of a command that writes messages, in a process group of its own. */
export class CommandFeed {
  /** how it ended; whoever still holds its output */
  readonly ended: Promise<CommandEnd>;
  end: CommandEnd | undefined;
  readonly #options: FeedOptions;
  readonly #child: ChildProcess | undefined;
  readonly #group: ProcessGroup | undefined;
  readonly #left = new AbortController();
  readonly #lines: AsyncGenerator<InputLine>;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { name, longest } = options;
    try {
      const stdio = [options.acks ? 'pipe' : 'ignore', 'pipe', 'pipe'] as const;
      this.#child = spawn(options.file, options.args, { env: options.environment, detached: true, stdio: [...stdio] });
      this.ended = endOf(this.#child);
    } catch (error) {
      this.ended = Promise.resolve(notStarted(error));
    }
    // Node throws away what a process has left unread at its end in a pipe that nobody listens to, and nobody may have asked yet
    this.#child?.stdout?.on('readable', () => undefined);
    this.#lines = linesOf(this.#child?.stdout ?? Readable.from([]), name, longest, this.#left.signal, true);
    if (this.#child?.pid !== undefined) this.#group = new ProcessGroup(this.#child.pid);
    void this.ended.then((end) => {
      this.end = end;
      this.#group?.ended();
    });
    // it may end before it reads what it is told: EPIPE
    this.#child?.stdin?.on('error', () => undefined);
    this.#tellErrors();
  }

  /** Undefined: the system did not start it, and `ended` says why. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The next line that it writes; undefined: there will be none. Rejects with INPUT_UNREADABLE. One at a time. */
  async line(): Promise<InputLine | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  /** Tells it that a message is safe, when it wants to know. */
  acknowledge(line: number): void {
    if (this.#child?.stdin?.writable === true) this.#child.stdin.write(`${line}\n`);
  }

  /** Has it left more acknowledgements unread than are kept for it? */
  get isBehind(): boolean {
    return (this.#child?.stdin?.writableLength ?? 0) > MOST_UNREAD;
  }

  /** What it has left behind writes no more messages: `line` gives what was read, also without the end of its line, and then none. */
  leave(): void {
    this.#left.abort();
  }

  /** Says that nothing more will be acknowledged, once what was has been read, or that took too long. */
  async closeInput(): Promise<void> {
    const input = this.#child?.stdin;
    if (input?.writable !== true) return;
    const flushed = new Promise<void>((resolve) => input.end(resolve));
    await withDeadline(this.#options.clock, FLUSH_MS, Promise.race([flushed, this.ended]), () => undefined);
  }

  /** Ends it: TERM, then KILL. */
  async stop(graceMs: number): Promise<void> {
    if (this.end === undefined) await this.#group?.end(this.ended, this.#options.clock, graceMs);
  }

  /** Lets go of its pipes. */
  release(): void {
    this.leave();
    for (const pipe of [this.#child?.stdin, this.#child?.stdout, this.#child?.stderr]) pipe?.destroy();
  }

  #tellErrors(): void {
    const { clock, onLine } = this.#options;
    let lines = new OutputLines(onLine);
    let sinceMs = clock.monotonicMs();
    const renew = () => {
      lines.end();
      lines = new OutputLines(onLine);
      sinceMs = clock.monotonicMs();
    };
    this.#child?.stderr
      ?.on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        if (clock.monotonicMs() - sinceMs > TOLD_MS) renew();
        lines.write(chunk);
      });
    this.#child?.stderr?.once('close', () => lines.end());
  }
}
