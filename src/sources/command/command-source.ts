import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { Bell, wait, withDeadline } from '../../base/wait.js';
import type { Variables } from '../../command/clean-environment.js';
import { howItEnded } from '../../command/command-end.js';
import { findCommand } from '../../command/find-command.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../flow/source.js';
import { decodeMessage, largestFile } from '../../message/json.js';
import { type InputLine, LINE_FORM } from '../../message/json-lines.js';
import { Message, newHeader } from '../../message/message.js';
import { RejectedDeliveries, type Wish } from '../queue/rejected-deliveries.js';
import { CommandDelivery } from './command-delivery.js';
import { CommandFeed } from './command-feed.js';

export interface CommandSourceOptions {
  /** the program and its arguments */
  readonly words: readonly string[];
  readonly environment: Variables;
  /** is it told, on its standard input, which of its lines are safe? */
  readonly acks: boolean;
  /** start it again when it has ended */
  readonly loop: boolean;
  /** one that has ended with 0 rests so long before it is started again; each time longer while it writes nothing */
  readonly rest: { readonly firstMs: number; readonly longestMs: number };
  readonly maxMessageSize: number;
  /** most messages that wait for the failure queue; 1000 */
  readonly window?: number;
  readonly clock: Clock;
  readonly events: SourceEvents;
  readonly deadLetters?: DeadLetters | undefined;
  /** a line of its standard error */
  readonly onLine: (line: string) => void;
  /** what it left behind is not listened to */
  readonly onLeft: (text: string) => void;
}

const IDLE_MS = 1000;
/** deliveries of one batch */
const MOST_DELIVERIES = 200;
/** whoever closes his output is about to end */
const CLOSED_MS = 10_000;
/** at the end of a run */
const TERM_MS = 1000;
/** what it wrote is in the pipe when it has ended; who still holds the pipe then is not waited for any longer */
const EOF_MS = 500;
/** of the event loop: the first reads what is there; a long line comes in several pieces */
const LAST_TURNS = 20;
/** bytes of messages: of what it writes after TERM no more is read */
const MOST_AT_END = 16 * 1024 * 1024;
/** of these each message counts at least so much */
const LEAST_AT_END = 100;

/**
 * The messages that a command writes, as JSON, a line each. They cannot be read again: without `acks`, what is not safe in the
 * end goes to the failure queue; with them the command is told the number of each line that is safe, and writes the others again
 * when it is next started.
 */
export class CommandSource implements TunableSource {
  readonly name: string;
  readonly #options: CommandSourceOptions;
  readonly #rejected: RejectedDeliveries<CommandDelivery>;
  #feed: CommandFeed | undefined;
  /** asked of the command, and not there yet */
  #asked: Promise<InputLine | undefined> | undefined;
  /** given back, or read and too much for the batch: handed over before what comes */
  #again: CommandDelivery[] = [];
  readonly #held = new Set<CommandDelivery>();
  /** why its output cannot be read on */
  #fault: string | undefined;
  #closedMs: number | undefined;
  /** when one that has ended well is started again, and for how long it rests */
  #rest = { untilMs: 0, ms: 0 };
  #closed = false;
  /** rung when something was settled */
  readonly #changed = new Bell();

  constructor(options: CommandSourceOptions) {
    this.#options = options;
    this.name = `command ${options.words[0]}`;
    this.#rejected = new RejectedDeliveries<CommandDelivery>({
      ...options,
      source: this.name,
      done: (delivery, wish) => this.#carryOut(delivery, wish),
    });
  }

  get storesAtClose(): boolean {
    return !this.#options.acks;
  }

  /** Starts the command, unless it runs. */
  async open(): Promise<void> {
    if (this.#feed !== undefined) return;
    const { words, environment, maxMessageSize, acks, clock, onLine } = this.#options;
    const [program = '', ...args] = words;
    const file = findCommand(program, environment.PATH ?? '');
    const longest = largestFile(maxMessageSize);
    const feed = new CommandFeed({ name: this.name, file, args, environment, longest, acks, clock, onLine });
    if (feed.pid === undefined) {
      const end = await feed.ended;
      const reason = end.kind === 'not-started' ? end.reason : howItEnded(end);
      const question = 'is it still there, executable, and what its first line names?';
      throw new StompctlError('COMMAND_NOT_STARTED', 'run', this.name, `${reason}; ${question}`);
    }
    this.#feed = feed;
    this.#asked = undefined;
    this.#fault = undefined;
    this.#closedMs = undefined;
    // it writes again what it was not told of
    if (acks) this.#again = [];
  }

  tune(limits: SourceLimits): void {
    this.#rejected.tune(limits);
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    if (this.#feed === undefined && this.#rest.ms > 0) {
      const leftMs = this.#rest.untilMs - this.#options.clock.monotonicMs();
      if (leftMs > 0 && this.#again.length > 0) return this.#handOver(this.#takeAgain(demand));
      if (leftMs > 0) return this.#idle(interrupt, Math.min(leftMs, IDLE_MS));
      await this.open();
    }
    const feed = this.#feed;
    if (feed === undefined) throw this.#over('COMMAND_ENDED', 'it does not run');
    if (this.#rejected.room === 0 || feed.isBehind) return this.#idle(interrupt);
    const batch = this.#takeAgain(demand);
    const most = Math.min(demand.deliveries, MOST_DELIVERIES);
    let bytes = batch.reduce((sum, { size }) => sum + size, 0);
    while (batch.length < most && this.#again.length === 0) {
      const line = await this.#line(feed, batch.length === 0, interrupt);
      if (line === 'nothing-yet') break;
      if (line === 'end') return batch.length > 0 ? this.#handOver(batch) : this.#end(feed, interrupt);
      const delivery = this.#deliveryOf(feed, line);
      if (delivery === undefined) continue;
      bytes += delivery.size;
      if (batch.length > 0 && bytes > demand.bytes) this.#again.push(delivery);
      else batch.push(delivery);
    }
    if (batch.length > 0) return this.#handOver(batch);
    return { kind: 'idle', reason: interrupt.aborted ? 'interrupted' : 'empty' };
  }

  async settle(): Promise<void> {
    await this.#rejected.done();
  }

  /** Ends the command. Without `acks` what is not safe, and what it writes until it has ended, goes to the failure queue. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { acks } = this.#options;
    const feed = this.#feed;
    if (!acks) for (const delivery of this.#again.splice(0)) this.#keep(delivery);
    if (feed !== undefined && acks) await this.#stopTold(feed);
    else if (feed !== undefined) await this.#stopAndRead(feed);
    feed?.release();
    await this.#rejected.done();
  }

  /** What a command cannot write again goes on waiting for the failure queue; what it can, it does, and is not to come twice. */
  abandon(): void {
    if (this.#options.acks) this.#rejected.giveUp();
  }

  async #stopTold(feed: CommandFeed): Promise<void> {
    await feed.closeInput();
    await feed.stop(TERM_MS);
  }

  /** Keeps each line as it comes, up to the end of its output: whoever closes this may run out of time meanwhile. */
  async #stopAndRead(feed: CommandFeed): Promise<void> {
    const { clock, maxMessageSize } = this.#options;
    const stop = new AbortController();
    const stopped = feed.stop(TERM_MS).then(() => stop.abort());
    const never = new AbortController();
    let untilMs: number | undefined;
    let last = 'what was read before';
    for (let bytes = 0; bytes < MOST_AT_END; ) {
      if (stop.signal.aborted) untilMs ??= clock.monotonicMs() + EOF_MS;
      const leftMs = untilMs === undefined ? IDLE_MS : Math.max(0, untilMs - clock.monotonicMs());
      const line = await this.#line(feed, true, untilMs === undefined ? stop.signal : never.signal, leftMs);
      if (line === 'end') break;
      if (line !== 'nothing-yet') {
        const delivery = this.#deliveryOf(feed, line);
        if (delivery !== undefined) this.#keep(delivery);
        last = `line ${line.number}`;
        bytes += LEAST_AT_END + (delivery?.size ?? line.bytes?.length ?? maxMessageSize);
        if (bytes >= MOST_AT_END)
          this.#tooLate(last, `it wrote more than ${MOST_AT_END} bytes after it was told to end`);
      } else if (untilMs !== undefined && clock.monotonicMs() >= untilMs) {
        if (feed.end === undefined) this.#tooLate(last, 'it was killed, and has not ended');
        break;
      }
    }
    await stopped;
  }

  #tooLate(last: string, why: string): void {
    const reason = `${why}: what it wrote behind ${last} is lost; let it end at TERM`;
    const error = new StompctlError('COMMAND_GIVEN_BACK', 'run', this.name, reason);
    this.#options.events.rejected(`what follows ${last}`, error);
  }

  /** A message that cannot be read again, and is not safe at the end. */
  #keep(delivery: CommandDelivery): void {
    const text = 'the run ended before it was sent; "stompctl queue retry --through CONFIG" sends it';
    const reason = new StompctlError('COMMAND_GIVEN_BACK', 'run', this.name, text);
    if (!this.#rejected.store(delivery, reason)) this.#lost(delivery);
    else this.#options.events.rejected(delivery.name, reason);
  }

  #takeAgain({ deliveries, bytes }: Demand): CommandDelivery[] {
    const batch: CommandDelivery[] = [];
    let size = 0;
    for (const delivery of this.#again.slice(0, Math.min(deliveries, MOST_DELIVERIES))) {
      size += delivery.size;
      if (batch.length > 0 && size > bytes) break;
      batch.push(delivery);
    }
    this.#again.splice(0, batch.length);
    return batch;
  }

  #handOver(deliveries: readonly CommandDelivery[]): SourceResult {
    for (const delivery of deliveries) this.#held.add(delivery);
    return { kind: 'batch', deliveries };
  }

  async #idle(interrupt: AbortSignal, ms = IDLE_MS): Promise<SourceResult> {
    const why = await wait(this.#options.clock, ms, { signal: interrupt, bell: this.#changed });
    return { kind: 'idle', reason: why === 'aborted' ? 'interrupted' : 'empty' };
  }

  /** The next line, if it is there; `mayWait`: within `ms`. */
  async #line(
    feed: CommandFeed,
    mayWait: boolean,
    interrupt: AbortSignal,
    ms = IDLE_MS,
  ): Promise<InputLine | 'nothing-yet' | 'end'> {
    this.#asked ??= feed.line().catch((error: unknown) => {
      this.#fault = reasonOf(error);
      return undefined;
    });
    const asked = this.#asked.then((line) => line ?? ('end' as const));
    const enough = new Bell();
    const waiting = { signal: interrupt, bell: enough };
    const patience = mayWait ? wait(this.#options.clock, ms, waiting) : nextTurn('aborted' as const);
    const line = await Promise.race([asked, patience]);
    // the signal has a listener otherwise until the time is over
    enough.ring();
    if (line === 'elapsed' && feed.end !== undefined) return this.#lastLook(feed, asked);
    if (line === 'elapsed' || line === 'aborted' || line === 'rung') return 'nothing-yet';
    if (line !== 'end') this.#asked = undefined;
    return line;
  }

  /** It has ended, and nothing came in time: somebody else holds its output, or this process had no turn to read it. */
  async #lastLook(feed: CommandFeed, asked: Promise<InputLine | 'end'>): Promise<InputLine | 'end'> {
    let line: InputLine | 'nothing-yet' | 'end' = 'nothing-yet';
    for (let turn = 0; turn < LAST_TURNS && line === 'nothing-yet'; turn += 1) {
      line = await Promise.race([asked, nextTurn('nothing-yet' as const)]);
    }
    if (line === 'nothing-yet') {
      this.#leave(feed);
      // perhaps the last line, without an end
      line = await asked;
    }
    if (line !== 'end') this.#asked = undefined;
    return line;
  }

  /** It has ended, and somebody else holds its output, who writes nothing. */
  #leave(feed: CommandFeed): void {
    feed.leave();
    const text = `${this.name} has ended and left a process behind that holds its output; what that writes is not read`;
    this.#options.onLeft(`${text}: let the command be the process that writes`);
  }

  /** Undefined: the line is no message, and is rejected. */
  #deliveryOf(feed: CommandFeed, { number, bytes }: InputLine): CommandDelivery | undefined {
    const { maxMessageSize, events } = this.#options;
    const settle = (delivery: CommandDelivery, wish: Wish): void => this.#note(delivery, wish);
    const name = `line ${number}`;
    if (bytes === undefined) {
      const reason = `it is longer than any message of max-message-size (${maxMessageSize}), or long and no JSON object`;
      events.rejected(name, new StompctlError('MESSAGE_TOO_LARGE', 'read', `${this.name}:${number}`, reason));
      return undefined;
    }
    this.#rest.ms = 0;
    try {
      const message = decodeMessage(Buffer.from(bytes), { maxMessageSize }, `${this.name}:${number}`, LINE_FORM);
      return new CommandDelivery(feed, number, message, settle);
    } catch (error) {
      if (!(error instanceof StompctlError)) throw error;
      events.rejected(name, error);
      // the line as it is: whoever looks at the failure queue sees what was written
      this.#rejected.store(new CommandDelivery(feed, number, new Message(newHeader(), bytes), settle), error);
      return undefined;
    }
  }

  #note(delivery: CommandDelivery, wish: Wish): void {
    if (!this.#held.delete(delivery)) {
      this.#options.events.settledInVain(delivery.name, this.#closed ? 'dead-session' : 'twice');
      return;
    }
    if (wish.kind !== 'reject' || !this.#rejected.store(delivery, wish.reason)) this.#carryOut(delivery, wish);
  }

  /** What is rejected with nowhere to go was told; the command is not told that it is safe. */
  #carryOut(delivery: CommandDelivery, wish: Wish): void {
    if (wish.kind === 'ack') delivery.feed.acknowledge(delivery.line);
    else if (wish.kind === 'release' && !this.#closed) {
      if (!this.#options.acks || delivery.feed === this.#feed) this.#again.push(delivery);
    } else if (wish.kind === 'release' && !this.#options.acks) this.#lost(delivery);
    this.#changed.ring();
  }

  #lost(delivery: CommandDelivery): void {
    const reason = 'the run is over, and neither its destination nor the failure queue has taken it: it is lost';
    this.#options.events.rejected(delivery.name, new StompctlError('COMMAND_GIVEN_BACK', 'run', this.name, reason));
  }

  /** The command has written all that it will. */
  async #end(feed: CommandFeed, interrupt: AbortSignal): Promise<SourceResult> {
    const { clock, loop } = this.#options;
    this.#closedMs ??= clock.monotonicMs();
    let why = this.#fault;
    if (feed.end === undefined && why === undefined) {
      if (clock.monotonicMs() - this.#closedMs < CLOSED_MS) {
        await withDeadline(clock, IDLE_MS, feed.ended, () => undefined);
        return { kind: 'idle', reason: interrupt.aborted ? 'interrupted' : 'empty' };
      }
      why = `closed its output and did not end within ${CLOSED_MS / 1000} s`;
    }
    await feed.stop(TERM_MS);
    why ??= howItEnded(await feed.ended);
    const isGood = feed.end?.kind === 'exited' && feed.end.code === 0 && this.#fault === undefined;
    if (isGood && !loop) return { kind: 'end' };
    feed.release();
    this.#feed = undefined;
    if (isGood) return this.#restNow();
    throw this.#over(loop ? 'COMMAND_ENDED' : 'COMMAND_INCOMPLETE', why);
  }

  /** It has done its work for now. */
  #restNow(): SourceResult {
    const { clock, rest } = this.#options;
    this.#rest.ms = Math.min(rest.longestMs, Math.max(rest.firstMs, 2 * this.#rest.ms));
    this.#rest.untilMs = clock.monotonicMs() + this.#rest.ms;
    return { kind: 'idle', reason: 'empty' };
  }

  #over(code: 'COMMAND_ENDED' | 'COMMAND_INCOMPLETE', reason: string): StompctlError {
    const next = code === 'COMMAND_ENDED' ? 'it is started again' : 'what it was to write may not be all here';
    return new StompctlError(code, 'run', this.name, `${reason}; ${next}`);
  }
}
