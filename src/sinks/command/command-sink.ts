import { BackOff } from '../../base/back-off.js';
import type { Clock } from '../../base/clock.js';
import type { CommandWord } from '../../base/command-words.js';
import { StompctlError, unreachable } from '../../base/errors.js';
import { Bell, wait } from '../../base/wait.js';
import type { Variables } from '../../command/clean-environment.js';
import { type CommandEnd, howItEnded } from '../../command/command-end.js';
import { findCommand } from '../../command/find-command.js';
import { OutputLines } from '../../command/output-lines.js';
import type { Sink } from '../../flow/sink.js';
import type { Message } from '../../message/message.js';
import { headerVariables } from './command-environment.js';
import { argumentsFor, jsonLines } from './command-input.js';
import { runCommand } from './command-run.js';
import { ReplyCollector } from './reply-collector.js';

/** What a run of the command is given. */
export type CommandShape =
  /** one message: its body, and its headers in the environment */
  | { readonly kind: 'message' }
  /** up to so many messages, as JSON lines */
  | { readonly kind: 'batch'; readonly most: number }
  /** nothing but how many there were: all that came within a time are one run */
  | { readonly kind: 'coalesced'; readonly withinMs: number };

export interface CommandSinkOptions {
  /** the program and its arguments */
  readonly words: readonly CommandWord[];
  readonly environment: Variables;
  readonly shape: CommandShape;
  /** runs at a time */
  readonly concurrency: number;
  /** the longest that a run may take */
  readonly timeoutMs: number;
  /** runs for one message before it is rejected */
  readonly maxAttempts: number;
  /** where what the command writes goes as a reply; without it, it is told line by line */
  readonly replies?: { readonly sink: Sink; readonly maxBytes: number } | undefined;
  readonly clock: Clock;
  /** a line that the command has written */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** a run failed and is tried again, or something about it deserves a look */
  readonly onTrouble: (event: 'command-failed' | 'command-left', text: string) => void;
}

interface Entry {
  readonly message: Message;
  readonly id: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** failed runs for it */
  attempts: number;
  /** a batch with it has failed: whose fault it was is told when each of them has a run for itself */
  alone: boolean;
  readonly backOff: BackOff;
}

/** sysexits.h, EX_TEMPFAIL: "the user is invited to retry" */
const TRY_AGAIN = 75;
const TERM_MS = 5000;
/** a stop waits for two seconds at most */
const CALLED_OFF_MS = 1000;
const BACK_OFF = { initialMs: 100, factor: 2, maxMs: 5000 };

/**
 * Runs a command for each message, for some of them together, or once for all that came within a time. A message is safe when the
 * command has ended with 0, and its reply, if it has one, is safe at the broker. With 75 it is sent again by whoever drives this sink
 * (COMMAND_TRY_AGAIN); after another end it has further runs here, up to `maxAttempts`, and is then rejected (COMMAND_FAILED).
 */
export class CommandSink implements Sink {
  readonly name: string;
  readonly #options: CommandSinkOptions;
  #maxAttempts: number;
  #file: string | undefined;
  #waiting: Entry[] = [];
  /** those that wait for their next run */
  readonly #later = new Set<Entry>();
  readonly #running = new Set<Promise<void>>();
  /** aborted when what runs is to end; a new one for what runs then */
  #callingOff = new AbortController();
  readonly #hurry = new Bell();
  readonly #settled = new Bell();
  #hurried = false;
  #collecting = false;
  #collected = false;
  #closed = true;

  constructor(options: CommandSinkOptions) {
    this.#options = options;
    this.#maxAttempts = options.maxAttempts;
    this.name = `command ${programOf(options.words)}`;
  }

  /** Looks whether the command is there, and opens where replies go. */
  async open(): Promise<void> {
    const { words, environment, replies } = this.#options;
    this.#file = findCommand(programOf(words), environment.PATH ?? '');
    await replies?.sink.open();
    this.#closed = false;
    this.#pump();
  }

  /** A run for several messages that is to be tried again is one for all of them. */
  get together(): boolean {
    return this.#options.shape.kind !== 'message';
  }

  tune({ maxAttempts }: { readonly maxAttempts: number }): void {
    this.#maxAttempts = maxAttempts;
  }

  send(message: Message, id?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed(this.name));
      const backOff = new BackOff(BACK_OFF);
      this.#waiting.push({ message, id, resolve, reject, attempts: 0, alone: false, backOff });
      // what is sent in this turn may belong together
      setImmediate(() => this.#pump());
    });
  }

  async flush(): Promise<void> {
    this.#hurried = true;
    this.#hurry.ring();
    this.#pump();
    while (this.#waiting.length + this.#later.size + this.#running.size > 0) await this.#settled.rung();
    this.#hurried = false;
  }

  async recall(): Promise<void> {
    for (const entry of this.#waiting.splice(0)) entry.reject(closed(this.name));
    for (const entry of this.#later) entry.reject(closed(this.name));
    this.#later.clear();
    this.#callingOff.abort();
    this.#callingOff = new AbortController();
    this.#hurry.ring();
    await this.#options.replies?.sink.recall?.();
    await Promise.all(this.#running);
    this.#settled.ring();
  }

  /** Ends what runs: TERM, then KILL. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.recall();
    await this.#options.replies?.sink.close();
  }

  #pump(): void {
    while (!this.#closed && this.#waiting.length > 0 && this.#running.size < this.#options.concurrency) {
      if (!this.#isCollected()) return;
      const group = this.#nextGroup();
      const run = this.#run(group).finally(() => {
        this.#running.delete(run);
        this.#settled.ring();
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  /** False: the time in which all that comes is one run is not over yet. */
  #isCollected(): boolean {
    const { shape, clock } = this.#options;
    if (shape.kind !== 'coalesced' || this.#hurried || this.#collected) return true;
    if (!this.#collecting) {
      this.#collecting = true;
      void wait(clock, shape.withinMs, { bell: this.#hurry }).then(() => {
        this.#collecting = false;
        this.#collected = true;
        this.#pump();
      });
    }
    return false;
  }

  #nextGroup(): Entry[] {
    const { shape } = this.#options;
    this.#collected = false;
    switch (shape.kind) {
      case 'message':
        return this.#waiting.splice(0, 1);
      case 'batch': {
        const single = this.#waiting.findIndex(({ alone }) => alone);
        const before = single === -1 ? shape.most : Math.max(1, single);
        return this.#waiting.splice(0, Math.min(shape.most, before));
      }
      case 'coalesced':
        return this.#waiting.splice(0);
      default:
        return unreachable(shape);
    }
  }

  async #run(group: readonly Entry[]): Promise<void> {
    const { signal } = this.#callingOff;
    try {
      const reply = this.#replyTo(group);
      const end = await this.#execute(group, reply, signal);
      const failure = this.#judge(end, group.length);
      if (failure === 'failed') return this.#failed(group, end);
      if (failure !== undefined) throw failure;
      if (reply !== undefined) await this.#options.replies?.sink.send(reply.message(), reply.id);
      for (const entry of group) entry.resolve();
    } catch (error) {
      const reason = error instanceof StompctlError ? error : internal(error);
      // in a batch only one of them is at fault
      if (reason.action === 'reject' && group.length > 1 && this.#options.shape.kind === 'batch') this.#separate(group);
      else for (const entry of group) entry.reject(reason);
    }
  }

  #replyTo([entry]: readonly Entry[]): ReplyCollector | undefined {
    const { replies } = this.#options;
    if (replies === undefined || entry === undefined) return undefined;
    return ReplyCollector.for(entry.message, entry.id, replies.maxBytes);
  }

  async #execute(group: readonly Entry[], reply: ReplyCollector | undefined, signal: AbortSignal): Promise<CommandEnd> {
    const { words, environment, timeoutMs, clock, onLine } = this.#options;
    const lines = {
      stdout: new OutputLines((line) => onLine('stdout', line)),
      stderr: new OutputLines((line) => onLine('stderr', line)),
    };
    const messages = group.map(({ message }) => message);
    const end = await runCommand({
      file: this.#file ?? programOf(words),
      ...this.#given(messages, environment),
      timeoutMs,
      graceMs: TERM_MS,
      calledOffMs: CALLED_OFF_MS,
      clock,
      signal,
      onOutput: (stream, chunk) => {
        if (reply !== undefined && stream === 'stdout') return reply.take(chunk);
        lines[stream].write(chunk);
        return true;
      },
    });
    lines.stdout.end();
    lines.stderr.end();
    return end;
  }

  /** What a run is told of its messages. */
  #given(messages: readonly Message[], environment: Variables) {
    const { words, shape } = this.#options;
    const [first] = messages;
    const counted = { ...environment, STOMPCTL_MESSAGES: String(messages.length) };
    const args = argumentsFor(words.slice(1), (shape.kind === 'message' && first?.header) || {});
    switch (shape.kind) {
      case 'message': {
        const input = first?.body ?? Buffer.alloc(0);
        // the end of its input is also the end of a process that was killed while writing it
        const sized = { ...counted, STOMPCTL_BODY_BYTES: String(input.length) };
        return { args, environment: { ...sized, ...headerVariables(first?.header ?? {}) }, input };
      }
      case 'batch':
        return { args, environment: counted, input: jsonLines(messages) };
      case 'coalesced':
        return { args, environment: counted, input: Buffer.alloc(0) };
      default:
        return unreachable(shape);
    }
  }

  /** Undefined: it is done; `failed`: it may have another run; an error: what becomes of its messages. */
  #judge(end: CommandEnd, messages: number): StompctlError | 'failed' | undefined {
    const fault = (code: 'COMMAND_TRY_AGAIN' | 'COMMAND_NOT_STARTED', reason: string) =>
      new StompctlError(code, 'run', this.name, reason);
    switch (end.kind) {
      case 'exited':
        if (end.leftBehind) this.#left();
        if (end.code === 0) return undefined;
        return end.code === TRY_AGAIN
          ? fault('COMMAND_TRY_AGAIN', `${howItEnded(end)}: it is to be tried again`)
          : 'failed';
      case 'signalled':
      case 'timed-out':
        return 'failed';
      case 'too-much': {
        const most = this.#options.replies?.maxBytes ?? 0;
        const reason = `the reply has more than ${most} bytes (max-message-size)`;
        return new StompctlError('MESSAGE_TOO_LARGE', 'run', this.name, reason);
      }
      case 'called-off':
        return closed(this.name);
      case 'not-started':
        if (end.errno !== 'E2BIG')
          return fault(
            'COMMAND_NOT_STARTED',
            `${end.reason}; is it still there, executable, and what its first line names?`,
          );
        return new StompctlError('MESSAGE_BAD_HEADER', 'run', this.name, tooBig(messages));
      default:
        return unreachable(end);
    }
  }

  #left(): void {
    const text = `${this.name} has ended and left a process behind that holds its output; what it does is not waited for`;
    this.#options.onTrouble('command-left', `${text}: redirect the output of what is to go on`);
  }

  #failed(group: readonly Entry[], end: CommandEnd): void {
    if (group.length > 1 && this.#options.shape.kind === 'batch') {
      this.#separate(group, howItEnded(end));
      return;
    }
    for (const entry of group) {
      entry.attempts += 1;
      if (entry.attempts < this.#maxAttempts) continue;
      const reason = `${howItEnded(end)}, the last of ${entry.attempts} runs for this message`;
      entry.reject(new StompctlError('COMMAND_FAILED', 'run', this.name, reason, undefined, entry.attempts));
    }
    const again = group.filter(({ attempts }) => attempts < this.#maxAttempts);
    const [first] = again;
    if (first === undefined) return;
    const text = `${this.name}: ${howItEnded(end)}; it is run again (${first.attempts} of ${this.#maxAttempts})`;
    this.#options.onTrouble('command-failed', text);
    void this.#again(again, first.backOff.nextMs());
  }

  /** Each of them has a run for itself: so one poison message costs no other one its life. */
  #separate(group: readonly Entry[], how = 'one of them cannot be given to it'): void {
    const text = `${this.name}: ${how}, with ${group.length} messages; each of them has a run for itself`;
    this.#options.onTrouble('command-failed', text);
    for (const entry of group) entry.alone = true;
    this.#waiting.unshift(...group);
  }

  async #again(entries: readonly Entry[], delayMs: number): Promise<void> {
    for (const entry of entries) this.#later.add(entry);
    await wait(this.#options.clock, delayMs, { bell: this.#hurry });
    // recalled meanwhile
    const left = entries.filter((entry) => this.#later.delete(entry));
    this.#waiting.push(...left);
    this.#pump();
  }
}

function programOf([program]: readonly CommandWord[]): string {
  return String(program?.[0] ?? '');
}

function tooBig(messages: number): string {
  return messages === 1
    ? 'its headers are more than the system lets a command have; delete some in a callback'
    : 'the arguments are more than the system lets a command have';
}

function closed(name: string): StompctlError {
  return new StompctlError(
    'SESSION_CLOSED',
    'run',
    name,
    'called off: the run is ending, or has another destination now',
  );
}

function internal(error: unknown): StompctlError {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new StompctlError('INTERNAL', 'run', 'command', reason, error);
}
