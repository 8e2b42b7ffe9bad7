import { systemClock } from '../base/clock.js';
import { type ErrorCode, StompctlError, unreachable } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import type { Outcome } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import { packBatch } from './batch.js';
import { type LogRecord, RECORD } from './border/board.js';
import { type Done, type Request, UNSUPPORTED } from './border/protocol.js';
import { type CallbackSource, type Compiled, compile } from './compile.js';
import { sharedQuickJsModule } from './javascript/quickjs-module.js';
import type { Language } from './language.js';
import { OutcomeReader } from './outcome.js';
import { sharedPerlModule } from './perl/perl-module.js';
import { Relay, type RelayOptions } from './relay.js';
import { type Ending, Sandbox, SetupFailure } from './sandbox.js';
import { Taps } from './taps.js';

export type { CallbackLogLevel } from './relay.js';

export interface CallbackOptions extends CallbackSource, RelayOptions {
  readonly data: Readonly<Record<string, string>>;
  /** longest that one call of `check`, `start`, `idle` or `stop` may take */
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /**
   * Opens a queue that the code gives copies of messages to (`tap`, or `Messaging::Message::Queue` in Perl). Only paths
   * that are a value of `data` are asked for; without this, none can be opened.
   */
  readonly openTap?: ((path: string, type: string) => Promise<Sink>) | undefined;
  /** the sandbox was lost for this reason, built anew, and `start` called again */
  readonly onRebuilt?: ((reason: string) => void) | undefined;
}

/**
 * The user's callback in its sandbox. Calls are carried out one after the other, in the order they were made; while the
 * sandbox works, the event loop is free.
 */
export class Callback {
  readonly #options: CallbackOptions;
  readonly #compiled: Compiled;
  /** held so that a sandbox made anew needs no compiling */
  readonly #module: WebAssembly.Module;
  readonly #reader: OutcomeReader;
  #sandbox: Sandbox;
  /** whether bodies cross; set for good when the code turned out to want them */
  #bodies: boolean;
  /** messages checked since the sandbox was built */
  #served = 0;
  #closed = false;
  /** batches and `idle` calls asked for and not yet done */
  #outstanding = 0;
  readonly #taps = new Taps();
  readonly #relay: Relay;
  readonly #queue = new SerialQueue();

  private constructor(options: CallbackOptions, compiled: Compiled, sandbox: Sandbox, module: WebAssembly.Module) {
    this.#options = options;
    this.#compiled = compiled;
    this.#module = module;
    this.#reader = new OutcomeReader(compiled.map, options.origin, options.timeoutMs);
    this.#relay = new Relay(options);
    this.#sandbox = sandbox;
    this.#bodies = compiled.usesBodies;
  }

  /**
   * Reads the code, builds the sandbox, calls `start(data)`. Rejects with CALLBACK_SYNTAX (the code cannot be read, or
   * defines no `check`), CALLBACK_UNSUPPORTED (Perl that wants what callbacks have not), CALLBACK_START (the code or `start` threw,
   * took too long, or needed too much memory).
   */
  static async open(options: CallbackOptions): Promise<Callback> {
    const compiled = compile(options);
    const module = await engineFor(compiled.language, options.memoryBytes);
    return new Callback(options, compiled, await openSandbox(options, compiled, module), module);
  }

  get language(): Language {
    return this.#compiled.language;
  }

  /**
   * Checks messages; resolves to their outcomes, in order. A message that makes the code throw, hang, or outgrow its
   * memory is rejected and the rest goes on. What is large comes in parts, see `Processor.process`. Rejects with CALLBACK_START when a lost sandbox cannot be built again. Closed
   * meanwhile, it resolves to the outcomes known by then.
   */
  process(messages: readonly Message[]): Promise<Outcome[]> {
    return this.#work(() => this.#check(messages));
  }

  /** Calls `idle`, if defined. What it throws is logged; never rejects but with CALLBACK_START, as `process`. */
  idle(): Promise<void> {
    return this.#work(() => this.#hook('idle'));
  }

  /**
   * Calls `stop`, if defined, and ends the sandbox. While it works the sandbox is ended at once and without `stop`: who
   * closes then does not want to wait. Never rejects: a failure is logged. A second call does nothing.
   */
  close(): Promise<void> {
    const busy = this.#outstanding > 0;
    const again = this.#closed;
    this.#closed = true;
    if (busy) {
      this.#relay.release();
      void this.#sandbox.terminate();
    }
    return this.#queue.run(async () => {
      if (busy) await this.#sandbox.terminate();
      else if (!again) await this.#stop();
      await this.#taps.close((reason) => this.#options.onLog('error', reason));
    });
  }

  #work<T>(work: () => Promise<T>): Promise<T> {
    this.#outstanding += 1;
    return this.#queue.run(work).finally(() => {
      this.#outstanding -= 1;
    });
  }

  async #check(messages: readonly Message[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let bytes = 0;
    while (outcomes.length < messages.length && bytes < ENOUGH_BYTES && !this.#closed) {
      const first = outcomes.length;
      const bodies = this.#bodies;
      const batch = packBatch(messages, first, {
        bodies,
        headers: this.#compiled.language === 'javascript' ? 'json' : 'list',
        mostBytes: Math.min(MOST_CROSSING_BYTES, this.#options.memoryBytes / 16),
        largestBody: this.#options.memoryBytes,
      });
      if (batch.count === 0) {
        outcomes.push({ kind: 'reject', error: this.#reader.memory(this.#options.memoryBytes) });
        continue;
      }
      const ending = await this.#sandbox.run(batch);
      bytes += ending.records.reduce((sum, record) => sum + record.bytes.length, 0);
      await this.#read(ending.records, messages, outcomes);
      await this.#afterwards(ending.result, batch.count, outcomes, { first, bodies });
    }
    return outcomes;
  }

  /** What a batch left to be done: a message to reject, a sandbox to rebuild, bodies to bring along. Always some progress. */
  async #afterwards(
    result: Done,
    count: number,
    outcomes: Outcome[],
    { first, bodies }: { readonly first: number; readonly bodies: boolean },
  ): Promise<void> {
    const done = outcomes.length - first;
    if (result.how === 'lost') {
      if (this.#closed) return;
      // RACE: the thread may have gone on to the next message before it was ended: that one is not at fault
      const innocent = result.why === 'timeout' && result.position !== undefined && result.position < done;
      // memory filled by what came before is no fault of the message that no longer fits in
      const crowded = result.arriving && this.#served + done > 0;
      if (!innocent && !crowded && done < count) outcomes.push({ kind: 'reject', error: this.#fault(result) });
      await this.#rebuild(lossText(result));
      return;
    }
    if (result.how === 'needs-body' && !bodies) this.#bodies = true;
    else if (result.how === 'needs-body') outcomes.push(this.#reader.bad('the body was asked for again'));
    else if (done === 0) outcomes.push(this.#reader.bad('the sandbox gave no outcome'));
    this.#served += done;
  }

  /** Turns records into outcomes; a message whose copy could not be added to its tap is rejected. */
  async #read(records: readonly LogRecord[], messages: readonly Message[], outcomes: Outcome[]): Promise<void> {
    let copies: LogRecord[] = [];
    const copying: Promise<void>[] = [];
    for (const record of records) {
      if (record.kind === RECORD.tap) copies.push(record);
      if (record.kind !== RECORD.outcome) {
        const taking = this.#relay.take(record);
        if (taking !== undefined) await taking;
        continue;
      }
      const original = messages[outcomes.length];
      if (original === undefined) continue;
      const outcome = this.#reader.read(record.bytes, original);
      if (copies.length > 0) {
        copying.push(this.#copy(copies, outcomes, outcomes.length));
        copies = [];
      }
      outcomes.push(outcome);
    }
    if (copying.length > 0) {
      await this.#taps.flush();
      await Promise.all(copying);
    }
  }

  async #copy(copies: readonly LogRecord[], outcomes: Outcome[], index: number): Promise<void> {
    const failure = await this.#taps.add(copies, this.#options);
    if (failure === undefined) return;
    outcomes[index] = { kind: 'reject', error: this.#reader.error('CALLBACK_THREW', undefined, failure) };
  }

  #fault(result: Done & { how: 'lost' }): StompctlError {
    if (result.why === 'timeout') return this.#reader.timeout();
    if (result.why === 'memory') return this.#reader.memory(this.#options.memoryBytes);
    return this.#reader.error('CALLBACK_THREW', undefined, `the sandbox was lost: ${result.detail}`);
  }

  async #rebuild(reason: string): Promise<void> {
    await this.#sandbox.terminate();
    this.#sandbox = await openSandbox(this.#options, this.#compiled, this.#module);
    this.#served = 0;
    this.#options.onRebuilt?.(reason);
  }

  async #hook(name: 'idle' | 'stop'): Promise<void> {
    if (this.#closed && name === 'idle') return;
    const request: Request = { kind: name };
    const { result, records }: Ending = await this.#sandbox.run(request);
    await this.#read(records, [], []);
    if (this.#closed && name === 'idle') return;
    if (result.how === 'threw') {
      const error = this.#reader.thrown(result.thrown);
      this.#options.onLog('error', `${name} failed: ${error.message}`);
    } else if (result.how === 'lost') {
      this.#options.onLog('error', `${name} failed: ${this.#fault(result).message}`);
      if (name === 'idle') await this.#rebuild(lossText(result));
    }
  }

  async #stop(): Promise<void> {
    const hurry = systemClock.after(this.#options.timeoutMs + LAST_PRINT_MS, () => this.#relay.release());
    await this.#hook('stop');
    hurry.cancel();
    await this.#sandbox.terminate();
  }
}

/** headers, and bodies where they cross: larger batches are no faster and cost memory several times over */
const MOST_CROSSING_BYTES = 512 * 1024;
/** of what came out: then the outcomes are handed over before more are made */
const ENOUGH_BYTES = 4 * 1024 * 1024;
/** for which the end waits for who reads what `stop` prints */
const LAST_PRINT_MS = 5000;

/** The engine, compiled, to be shared by the sandboxes that run it. */
function engineFor(language: Language, memoryBytes: number): Promise<WebAssembly.Module> {
  switch (language) {
    case 'javascript':
      return sharedQuickJsModule();
    case 'perl':
      return sharedPerlModule(memoryBytes);
    default:
      return unreachable(language);
  }
}

async function openSandbox(options: CallbackOptions, compiled: Compiled, module: WebAssembly.Module): Promise<Sandbox> {
  const { data, timeoutMs, memoryBytes } = options;
  try {
    return await Sandbox.open({ program: compiled.program, data, timeoutMs, memoryBytes, module });
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    const { stage, thrown } = error;
    const code = stage === 'code' ? codeFailure(thrown.name) : 'CALLBACK_START';
    const reader = new OutcomeReader(compiled.map, options.origin, timeoutMs);
    const failure = reader.thrown(thrown.name === UNSUPPORTED ? { ...thrown, name: '' } : thrown, code);
    if (failure.code === code) throw failure;
    throw new StompctlError(code, 'callback', options.origin.file, failure.message);
  }
}

function codeFailure(name: string): ErrorCode {
  if (name === UNSUPPORTED) return 'CALLBACK_UNSUPPORTED';
  return name === 'SyntaxError' || name === '' ? 'CALLBACK_SYNTAX' : 'CALLBACK_START';
}

function lossText(result: Done & { how: 'lost' }): string {
  if (result.why === 'timeout') return 'a message took longer than callback-timeout';
  if (result.why === 'memory') return 'its memory was full (callback-memory)';
  return result.detail;
}
