import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../base/errors.js';
import { Board, HOOK, RECORD, type RecordKind, SETTING_UP } from './board.js';
import { Engine, EngineLost } from './engine.js';
import type { Boot, CheckRequest, Done, Lost, Reply, Request } from './protocol.js';

/** The worker thread: takes requests from `Sandbox`, runs the engine, writes what comes out on the board. */
class Worker {
  readonly #boot: Boot;
  readonly #port: MessagePort;
  readonly #board: Board;
  readonly #limitNs: bigint;
  #deadlineNs = 0n;
  #askedNs = 0n;
  #outputBytes = 0;

  constructor(boot: Boot, port: MessagePort) {
    this.#boot = boot;
    this.#port = port;
    this.#board = new Board(boot.shared);
    this.#limitNs = BigInt(Math.round(boot.timeoutMs * 1e6));
  }

  async run(): Promise<void> {
    const { program, memoryBytes, data } = this.#boot;
    const engine = await Engine.open(
      {
        memoryBytes,
        interrupted: () => this.#interrupted(),
        print: (json) => this.#output(RECORD.print, Buffer.from(JSON.parse(json) as string)),
        log: (json) => this.#output(RECORD.log, Buffer.from(json)),
        tap: (json) => this.#output(RECORD.tap, Buffer.from(json)),
      },
      JSON.stringify(data),
      program.byteStrings,
    );
    this.#start(SETTING_UP);
    const wrong = engine.adopt(program);
    if (wrong !== undefined) return this.#reply({ kind: 'failed', stage: 'code', thrown: wrong });
    this.#start(SETTING_UP);
    const thrown = engine.call('start', JSON.stringify(data));
    if (thrown !== undefined) return this.#reply({ kind: 'failed', stage: 'start', thrown });
    this.#board.idle();
    this.#port.on('message', (request: Request) => this.#serve(request, engine));
    this.#reply({ kind: 'ready' });
  }

  #serve(request: Request, engine: Engine): void {
    let result: Done;
    try {
      result = request.kind === 'check' ? this.#check(request, engine) : this.#hook(request.kind, engine);
    } catch (error) {
      result = lost(error);
    }
    this.#board.idle();
    this.#reply({ kind: 'done', result });
  }

  #check(request: CheckRequest, engine: Engine): Done {
    this.#start(0);
    try {
      engine.begin(request.head, request.bodies, request.binary);
    } catch (error) {
      return { ...lost(error), arriving: true };
    }
    let form = '';
    const take = (outcome: Buffer): void => {
      form = outcome.toString('latin1', 0, 3);
      if (outcome.length > 0) this.#record(RECORD.outcome, outcome);
    };
    for (let position = 0; position < request.count; position += 1) {
      this.#start(position);
      if (!engine.step(take)) this.#record(RECORD.outcome, INTERRUPTED);
      else if (form === '') return { how: 'needs-body' };
      else if (form[0] === 'm' && form[2] === 'b') this.#record(RECORD.bytes, latin1AsUtf8(engine.takeBytes()));
    }
    return { how: 'complete' };
  }

  #hook(name: 'idle' | 'stop', engine: Engine): Done {
    this.#start(HOOK);
    const thrown = engine.call(name, '');
    return thrown === undefined ? { how: 'complete' } : { how: 'threw', thrown };
  }

  #start(position: number): void {
    this.#outputBytes = 0;
    this.#askedNs = this.#board.begin(position);
    this.#deadlineNs = this.#askedNs + this.#limitNs;
  }

  /** QuickJS asks every few milliseconds at most: a longer gap is a thread that did not run, or a native call. */
  #interrupted(): boolean {
    const now = process.hrtime.bigint();
    const gapNs = now - this.#askedNs;
    if (gapNs > GAP_NS) this.#deadlineNs += gapNs;
    this.#askedNs = now;
    return now > this.#deadlineNs;
  }

  /** What the code prints, logs or taps; throws into the sandbox when it is too much. */
  #output(kind: RecordKind, utf8: Buffer): void {
    this.#outputBytes += utf8.length;
    if (this.#outputBytes > OUTPUT_BYTES) throw new Error(`one call may not give out more than ${OUTPUT_BYTES} bytes`);
    this.#record(kind, utf8);
  }

  #record(kind: RecordKind, utf8: Buffer): void {
    if (this.#board.append(kind, utf8)) return;
    this.#reply({ kind: 'log', generation: this.#board.generation, contents: this.#board.contents() });
    this.#board.reset();
    if (!this.#board.append(kind, utf8)) {
      this.#reply({ kind: 'record', record: { kind, text: utf8.toString('utf8') } });
    }
  }

  #reply(reply: Reply): void {
    this.#port.postMessage(reply);
  }
}

/** printed, logged and tapped by one call; a tapped message counts with its body */
const OUTPUT_BYTES = 64 * 1024 * 1024;
/** such gaps do not count against the code here; the main thread has the last word */
const GAP_NS = 100_000_000n;
const INTERRUPTED = Buffer.from('i');

/** Records are text: a byte becomes the character of the same number. */
function latin1AsUtf8(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1'), 'utf8');
}

function lost(error: unknown): Lost {
  if (error instanceof EngineLost) return { how: 'lost', why: error.why, detail: error.message, arriving: false };
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
