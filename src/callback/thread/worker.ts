import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../../base/errors.js';
import { Board, HOOK, RECORD, type RecordKind, SETTING_UP } from '../border/board.js';
import { type Engine, type EngineHost, EngineLost, type OutputKind, type Progress } from '../border/engine-contract.js';
import type { Boot, CheckRequest, Done, Lost, Program, Reply, Request } from '../border/protocol.js';

/** The worker thread: takes requests from `Sandbox`, runs the engine, writes what comes out on the board. */
class Worker implements EngineHost, Progress {
  readonly memoryBytes: number;
  readonly data: Readonly<Record<string, string>>;
  readonly #program: Program;
  readonly #module: WebAssembly.Module;
  readonly #port: MessagePort;
  readonly #board: Board;
  readonly #limitNs: bigint;
  #deadlineNs = 0n;
  #askedNs = 0n;
  /** given out by the call in progress, and by the batch */
  #callBytes = 0;
  #batchBytes = 0;

  constructor(boot: Boot, port: MessagePort) {
    this.memoryBytes = boot.memoryBytes;
    this.data = boot.data;
    this.#program = boot.program;
    this.#module = boot.module;
    this.#port = port;
    this.#board = new Board(boot.shared);
    this.#limitNs = BigInt(Math.round(boot.timeoutMs * 1e6));
  }

  async run(): Promise<void> {
    const engine = await openEngine(this.#program, this, this.#module);
    this.#start(SETTING_UP);
    const wrong = engine.adopt();
    if (wrong !== undefined) return this.#reply({ kind: 'failed', stage: 'code', thrown: wrong });
    this.#start(SETTING_UP);
    const thrown = engine.call('start');
    if (thrown !== undefined) return this.#reply({ kind: 'failed', stage: 'start', thrown });
    this.#board.idle();
    this.#port.on('message', (request: Request) => this.#serve(request, engine));
    this.#reply({ kind: 'ready' });
  }

  /** QuickJS asks every few milliseconds at most: a longer gap is a thread that did not run, or a native call. */
  interrupted(): boolean {
    const now = process.hrtime.bigint();
    const gapNs = now - this.#askedNs;
    if (gapNs > GAP_NS) this.#deadlineNs += gapNs;
    this.#askedNs = now;
    return now > this.#deadlineNs;
  }

  output(kind: OutputKind, bytes: Uint8Array): void {
    this.room(bytes.length);
    this.#callBytes += bytes.length + RECORD_COST;
    this.#record(RECORD[kind], bytes);
  }

  room(bytes: number): void {
    if (this.#callBytes + bytes + RECORD_COST <= OUTPUT_BYTES) return;
    throw new Error(`one call may not give out more than ${OUTPUT_BYTES} bytes`);
  }

  begin(position: number): void {
    this.#start(position);
  }

  settle(outcome: Uint8Array): boolean {
    this.#record(RECORD.outcome, outcome);
    return this.#batchBytes < BATCH_BYTES;
  }

  #serve(request: Request, engine: Engine): void {
    let result: Done;
    this.#batchBytes = 0;
    try {
      result = request.kind === 'check' ? this.#check(request, engine) : this.#hook(request.kind, engine);
    } catch (error) {
      result = lost(error);
    }
    this.#board.idle();
    this.#reply({ kind: 'done', result });
  }

  #check({ batch, count }: CheckRequest, engine: Engine): Done {
    // carrying the batch in is the first message's time
    this.#start(0);
    return { how: engine.check(batch, count, this) };
  }

  #hook(name: 'idle' | 'stop', engine: Engine): Done {
    this.#start(HOOK);
    const thrown = engine.call(name);
    return thrown === undefined ? { how: 'complete' } : { how: 'threw', thrown };
  }

  #start(position: number): void {
    this.#callBytes = 0;
    this.#askedNs = this.#board.begin(position);
    this.#deadlineNs = this.#askedNs + this.#limitNs;
  }

  #record(kind: RecordKind, bytes: Uint8Array): void {
    this.#batchBytes += bytes.length;
    if (this.#board.append(kind, bytes)) return;
    this.#reply({ kind: 'log', generation: this.#board.generation, contents: this.#board.contents() });
    this.#board.reset();
    if (this.#board.append(kind, bytes)) return;
    const copy = Uint8Array.from(bytes);
    // moved, not copied once more: the main thread has messages to wait for
    this.#port.postMessage({ kind: 'record', of: kind, bytes: copy } satisfies Reply, [copy.buffer]);
  }

  #reply(reply: Reply): void {
    this.#port.postMessage(reply);
  }
}

async function openEngine(program: Program, host: EngineHost, module: WebAssembly.Module): Promise<Engine> {
  switch (program.language) {
    case 'javascript': {
      const { QuickJsEngine } = await import('../javascript/quickjs-engine.js');
      return QuickJsEngine.open(program, host, module);
    }
    case 'perl': {
      const { PerlEngine } = await import('../perl/perl-engine.js');
      return PerlEngine.open(program, host, module);
    }
  }
}

/** printed, logged and tapped by one call; a tapped message counts with its body */
const OUTPUT_BYTES = 64 * 1024 * 1024;
/** what a record costs the reader however small it is */
const RECORD_COST = 128;
/** a batch that gave out more ends early: its outcomes go on before further ones are made */
const BATCH_BYTES = 4 * 1024 * 1024;
/** such gaps do not count against the code here; the main thread has the last word */
const GAP_NS = 100_000_000n;

function lost(error: unknown): Lost {
  if (error instanceof EngineLost)
    return { how: 'lost', why: error.why, detail: error.message, arriving: error.arriving };
  // RangeError: V8's stack ended inside WebAssembly; RuntimeError: memory fault. Neither leaves the sandbox sound.
  return { how: 'lost', why: 'crash', detail: reasonOf(error), arriving: false };
}

if (parentPort !== null) {
  const port = parentPort;
  await new Worker(workerData as Boot, port).run().catch((error: unknown) => {
    const thrown = { name: '', message: reasonOf(error), stack: '' };
    port.postMessage({ kind: 'failed', stage: 'load', thrown } satisfies Reply);
  });
}
