import { type ResourceLimits, Worker } from 'node:worker_threads';
import { ownFile } from '../base/own-files.js';
import { Board, IDLE, type LogRecord, readRecords, SETTING_UP } from './border/board.js';
import type { Boot, Done, Lost, Program, Reply, Request, Thrown } from './border/protocol.js';
import { CallWatch } from './call-watch.js';

export interface SandboxOptions {
  readonly program: Program;
  readonly data: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** the engine, compiled, to be shared with other sandboxes */
  readonly module: WebAssembly.Module;
}

/** Why a sandbox could not be set up. */
export class SetupFailure extends Error {
  readonly stage: 'load' | 'code' | 'start';
  readonly thrown: Thrown;

  constructor(stage: 'load' | 'code' | 'start', thrown: Thrown) {
    super(thrown.message);
    this.stage = stage;
    this.thrown = thrown;
  }
}

/** A request under way. */
interface Pending {
  readonly records: LogRecord[];
  readonly resolve: (end: Ending) => void;
}

export interface Ending {
  readonly result: Done;
  readonly records: readonly LogRecord[];
}

/**
 * One worker thread with one engine, seen from the main thread, which holds the deadline: QuickJS asks its interrupt
 * handler between steps of the interpreter only, and a native loop (`[].indexOf.call({length: 2 ** 53 - 1}, 1)`) never
 * gets there. Then the thread is terminated; what it had finished is still on the board.
 */
export class Sandbox {
  readonly #board = new Board();
  readonly #worker: Worker;
  readonly #limitMs: number;
  readonly #createdNs: bigint;
  readonly #call: CallWatch;
  readonly #ready: Promise<void>;
  #settled: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} };
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;
  #early: LogRecord[] = [];
  /** set while the thread is being ended on purpose */
  #ending: Lost | undefined;
  #gone = false;

  private constructor(options: SandboxOptions) {
    this.#limitMs = options.timeoutMs + GRACE_MS;
    this.#createdNs = this.#board.begin(SETTING_UP);
    this.#call = new CallWatch(this.#board, Math.max(5, this.#limitMs / 8));
    this.#worker = new Worker(ownFile('worker.mjs'), {
      workerData: { ...options, shared: this.#board.shared } satisfies Boot,
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: resourceLimits(options.memoryBytes),
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#settled = { resolve, reject };
    });
    this.#worker.on('message', (reply: Reply) => this.#take(reply));
    this.#worker.on('error', (error) => {
      const why = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash';
      this.#ending ??= { how: 'lost', why, detail: error.message, arriving: false };
    });
    this.#worker.on('exit', () => this.#exited());
  }

  /**
   * Starts the thread, evaluates the code and calls `start`. Rejects with SetupFailure; what the code printed until then
   * is among the records of the first request.
   */
  static async open(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    sandbox.#watch();
    try {
      await sandbox.#ready;
    } catch (error) {
      await sandbox.terminate();
      throw error;
    }
    sandbox.#worker.unref();
    return sandbox;
  }

  /** One request at a time. Always resolves: a thread that had to be ended resolves as `lost`. */
  run(request: Request): Promise<Ending> {
    return new Promise((resolve) => {
      const records = this.#early;
      this.#early = [];
      this.#pending = { records, resolve };
      if (this.#gone) return this.#finish(this.#ending ?? CRASHED);
      this.#worker.ref();
      this.#worker.postMessage(request, movable(request.kind === 'check' ? request.batch : undefined));
      this.#watch();
    });
  }

  async terminate(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#gone) await this.#worker.terminate();
  }

  #take(reply: Reply): void {
    switch (reply.kind) {
      case 'ready':
        clearTimeout(this.#timer);
        this.#early = this.#collect();
        this.#settled.resolve();
        break;
      case 'failed':
        clearTimeout(this.#timer);
        this.#settled.reject(new SetupFailure(reply.stage, reply.thrown));
        break;
      case 'log':
        this.#generation = reply.generation + 1;
        this.#records.push(...readRecords(bufferOf(reply.contents)));
        break;
      case 'record':
        this.#records.push({ kind: reply.of, bytes: bufferOf(reply.bytes) });
        break;
      case 'done':
        this.#finish(reply.result);
    }
  }

  get #records(): LogRecord[] {
    return this.#pending?.records ?? this.#early;
  }

  /** What lies on the board and was not received as a message; empties the board. */
  #collect(): LogRecord[] {
    if (this.#board.generation < this.#generation) return this.#records;
    this.#records.push(...readRecords(this.#board.contents()));
    this.#board.reset();
    this.#generation = this.#board.generation;
    return this.#records;
  }

  #finish(result: Done): void {
    const pending = this.#pending;
    clearTimeout(this.#timer);
    if (pending === undefined) return;
    const records = this.#collect();
    this.#pending = undefined;
    if (!this.#gone) this.#worker.unref();
    pending.resolve({ result, records });
  }

  /** Ends the thread when one call lasts longer than it may. */
  #watch(): void {
    clearTimeout(this.#timer);
    const look = (): void => {
      const lastedMs = this.#call.look();
      const position = this.#board.inProgress;
      const allowedMs = this.#board.startedNs === this.#createdNs ? LOAD_MS : this.#limitMs;
      if (position !== IDLE && lastedMs >= allowedMs) this.#kill(position);
      else this.#timer = setTimeout(look, this.#call.tickMs);
    };
    this.#timer = setTimeout(look, this.#call.tickMs);
  }

  #kill(position: number): void {
    this.#ending = { how: 'lost', why: 'timeout', detail: 'took too long', arriving: false, position };
    void this.#worker.terminate();
  }

  #exited(): void {
    this.#gone = true;
    clearTimeout(this.#timer);
    const ending = this.#ending ?? CRASHED;
    const stage = this.#board.inProgress === SETTING_UP ? 'start' : 'load';
    const message = ending.why === 'timeout' ? 'took longer than callback-timeout' : ending.detail;
    this.#settled.reject(new SetupFailure(stage, { name: '', message, stack: '' }));
    this.#finish(ending);
  }
}

/** What need not be copied on its way to the thread: memory that is the batch's alone. */
function movable(bytes: Uint8Array | undefined): ArrayBuffer[] {
  if (bytes === undefined || bytes.byteLength < LARGE || !(bytes.buffer instanceof ArrayBuffer)) return [];
  return bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}

/** The same bytes: a Buffer that was posted arrives as a plain array. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const CRASHED: Lost = { how: 'lost', why: 'crash', detail: 'the sandbox thread ended', arriving: false };
/** The engine stops itself at `callback-timeout`; only when it cannot is the thread ended. */
const GRACE_MS = 50;
/** smaller ones are copied: Node keeps several of them in one piece of memory */
const LARGE = 64 * 1024;
/** compiling WebAssembly on a busy machine */
const LOAD_MS = 60_000;
/**
 * QuickJS's 256 kB lie in WebAssembly memory; the same frames take up to twenty times that on V8's stack (nested
 * parentheses in `eval` are the worst found: 4 MB is not enough, 8 MB is).
 *
 * V8's heap: many small objects over its limit end the thread (ERR_WORKER_OUT_OF_MEMORY), but one large text ends the whole
 * process. So nothing that the code made may become a text in the worker before it was cut; bytes lie outside of that heap.
 */
function resourceLimits(memoryBytes: number): ResourceLimits {
  const memoryMb = Math.ceil(memoryBytes / 1024 / 1024);
  return { stackSizeMb: 16, maxOldGenerationSizeMb: 64 + memoryMb, maxYoungGenerationSizeMb: 8 };
}
