import { type Engine, type EngineHost, EngineLost, type Progress } from '../border/engine-contract.js';
import { packFields } from '../border/fields.js';
import { type Program, type Thrown, UNSUPPORTED } from '../border/protocol.js';
import { type Arriving, bodyIsApart, CODE, describe, layOut, readOutcome, readTap, utf8 } from './dialogue.js';
import { readLibrary } from './library.js';
import { perlMemoryLimit } from './perl-module.js';
import { Wasi } from './wasi.js';
import { wrapPerl } from './wrap-perl.js';

type PerlProgram = Program & { readonly language: 'perl' };

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  zeroperl_init(): number;
  zeroperl_eval(code: number, context: number, count: number, list: number): number;
  zeroperl_call(name: number, context: number, count: number, list: number): number;
  zeroperl_last_error(): number;
  zeroperl_flush(): number;
  zeroperl_result_free(result: number): void;
  malloc(size: number): number;
  free(at: number): void;
}

/**
 * Perl 5.42, compiled to WebAssembly, with Stompctl.pm and the user's code in it. It asks for nothing but what `Wasi` has.
 * Perl and this side talk through two files: Perl says one thing with each write, and reads what was laid ready for it.
 */
export class PerlEngine implements Engine {
  readonly #program: PerlProgram;
  readonly #host: EngineHost;
  readonly #wasi: Wasi;
  readonly #exports: Exports;
  readonly #names = new Map<string, number>();
  /** what Perl reads next */
  #input: Uint8Array = EMPTY;
  /** said, and its body still to come */
  #unfinished: Buffer | undefined;
  #answer = '';
  #batch: Arriving | undefined;
  #progress: Progress | undefined;
  #position = 0;
  #needsBody = false;
  /** why the message in progress is rejected whatever its code says: it gave out too much */
  #refusal: string | undefined;
  /** thrown once Perl has returned: an exception through its stack would leave it unsound */
  #lost: EngineLost | undefined;
  #enough = false;
  #errorLine = '';
  #refusedFiles = 0;
  /** Perl said so before it ended itself */
  #starved = false;

  private constructor(program: PerlProgram, host: EngineHost, module: WebAssembly.Module) {
    this.#program = program;
    this.#host = host;
    this.#wasi = new Wasi({
      output: (fd, bytes) => (fd === 1 ? this.#print(bytes) : this.#complain(bytes)),
      devices: new Map([
        ['stompctl/in', { read: (into) => this.#read(into), write: () => false }],
        ['stompctl/out', { read: () => 0, write: (bytes) => this.#hear(bytes) }],
      ]),
      files: readLibrary(),
      refused: (path) => this.#refuseFile(path),
    });
    const { exports } = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: this.#wasi.imports(module),
      env: { call_host_function: () => 0 },
    });
    this.#exports = exports as Exports;
    this.#wasi.attach(this.#exports.memory);
  }

  /** `module`: one of `sharedPerlModule`, for the same memory. */
  static open(program: PerlProgram, host: EngineHost, module: WebAssembly.Module): PerlEngine {
    const engine = new PerlEngine(program, host, module);
    engine.#guarded(() => {
      engine.#exports._initialize();
      if (engine.#exports.zeroperl_init() !== 0) throw new EngineLost('crash', 'Perl did not start');
      engine.#evaluate(START);
    });
    return engine;
  }

  adopt(): Thrown | undefined {
    const thrown = this.#ask('Stompctl::adopt', Buffer.from(wrapPerl(this.#program)));
    return thrown !== undefined && ABSENT.test(thrown.message) ? { ...thrown, name: UNSUPPORTED } : thrown;
  }

  call(hook: 'start' | 'idle' | 'stop'): Thrown | undefined {
    const data = hook === 'start' ? Object.entries(this.#host.data).flat() : [];
    return this.#ask('Stompctl::hook', Buffer.from([hook, ...data].join('\0')));
  }

  check(batch: Uint8Array, count: number, progress: Progress): 'complete' | 'needs-body' {
    this.#batch = layOut(batch, count);
    this.#progress = progress;
    this.#position = 0;
    this.#needsBody = false;
    this.#enough = false;
    progress.begin(0);
    try {
      this.#call('Stompctl::check', this.#batch.request);
      if (!this.#needsBody && !this.#enough && this.#position < count) {
        throw new EngineLost('crash', 'Perl gave no outcome');
      }
      return this.#needsBody ? 'needs-body' : 'complete';
    } finally {
      this.#batch = undefined;
      this.#progress = undefined;
    }
  }

  #ask(name: string, request: Uint8Array): Thrown | undefined {
    this.#answer = '';
    this.#refusal = undefined;
    this.#call(name, request);
    const text = this.#refusal ?? this.#answer;
    if (OUT_OF_MEMORY.test(text)) throw outOfMemory();
    return text === '' ? undefined : describe(text);
  }

  #call(name: string, request: Uint8Array): void {
    this.#input = request;
    this.#guarded(() => {
      const result = this.#exports.zeroperl_call(this.#name(name), VOID, 0, 0);
      if (result !== 0) this.#exports.zeroperl_result_free(result);
      this.#exports.zeroperl_flush();
    });
    this.#endErrorLine();
  }

  /** Runs something of Perl's; whatever tears through it leaves Perl unusable. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof EngineLost) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      const full = this.#starved || this.#exports.memory.buffer.byteLength > this.#nearlyFull;
      throw full ? outOfMemory() : new EngineLost('crash', detail);
    }
    const lost = this.#lost;
    if (lost !== undefined) throw lost;
  }

  get #nearlyFull(): number {
    return perlMemoryLimit(this.#host.memoryBytes) - SPARE_BYTES;
  }

  #evaluate(code: string): void {
    const at = this.#store(code);
    const result = this.#exports.zeroperl_eval(at, VOID, 0, 0);
    this.#exports.free(at);
    if (result === 0) return;
    const from = this.#exports.zeroperl_last_error();
    const bytes = Buffer.from(this.#wasi.bytes().buffer, from);
    throw new EngineLost('crash', bytes.toString('utf8', 0, bytes.indexOf(0)));
  }

  #name(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const at = this.#store(name);
    this.#names.set(name, at);
    return at;
  }

  /** Text in Perl's memory, ended by a NUL. */
  #store(text: string): number {
    const bytes = Buffer.from(`${text}\0`);
    const at = this.#exports.malloc(bytes.length);
    this.#wasi.bytes().set(bytes, at);
    return at;
  }

  #read(into: Uint8Array): number {
    const piece = this.#input.subarray(0, into.length);
    into.set(piece);
    this.#input = this.#input.subarray(piece.length);
    return piece.length;
  }

  /** One thing said by Perl. */
  #hear(bytes: Uint8Array): boolean {
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    if (unfinished !== undefined) return this.#handle(unfinished, view(bytes));
    if (bodyIsApart(bytes)) this.#unfinished = Buffer.from(bytes);
    else return this.#handle(view(bytes), undefined);
    return true;
  }

  #handle(said: Buffer, apart: Buffer | undefined): boolean {
    switch (said[0]) {
      case CODE.answer:
        this.#answer = utf8(said.subarray(1));
        return true;
      case CODE.body:
        this.#input = this.#batch?.bodies[this.#position] ?? EMPTY;
        return true;
      case CODE.needsBody:
        this.#needsBody = true;
        return true;
      case CODE.zone:
        this.#input = Buffer.from(zoneAt(Number(said.toString('latin1', 1))));
        return true;
      case CODE.log: {
        const end = said.indexOf(0);
        return this.#give('log', packFields([said.subarray(1, end), said.subarray(end + 1)]));
      }
      case CODE.tap:
        return this.#give('tap', readTap(said, apart));
      default:
        return this.#settle(said, apart);
    }
  }

  /** Tells the outcome of the message in progress. False: Perl is to stop. */
  #settle(said: Buffer, apart: Buffer | undefined): boolean {
    const { batch, progress } = { batch: this.#batch, progress: this.#progress };
    if (batch === undefined || progress === undefined || this.#enough || this.#position >= batch.flags.length)
      return false;
    this.#endErrorLine();
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (said[0] === CODE.threw && OUT_OF_MEMORY.test(said.toString('latin1', 1, 40))) {
      this.#lost = outOfMemory();
      this.#enough = true;
      return false;
    }
    const flags = batch.flags[this.#position] ?? 0;
    const original = { flags, body: batch.bodies[this.#position] };
    const outcome =
      refusal === undefined
        ? readOutcome(said, apart, original)
        : readOutcome(Buffer.from(`t${refusal}`), undefined, original);
    if (outcome === undefined) return false;
    this.#position += 1;
    this.#enough = !progress.settle(outcome);
    if (this.#enough) return false;
    if (this.#position < batch.flags.length) progress.begin(this.#position);
    return true;
  }

  #print(bytes: Uint8Array): boolean {
    return this.#give('print', Buffer.from(view(bytes)));
  }

  /** Standard error, by line, becomes the log. */
  #complain(bytes: Uint8Array): boolean {
    this.#starved ||= OUT_OF_MEMORY.test(view(bytes).toString('latin1', 0, 40));
    const lines = (this.#errorLine + utf8(view(bytes))).split('\n');
    this.#errorLine = lines.pop() ?? '';
    const longest = this.#errorLine.length > LONGEST_LINE;
    if (longest) lines.push(this.#errorLine);
    if (longest) this.#errorLine = '';
    const whole = lines.join('\n');
    return whole === '' || this.#give('log', packFields(['warn', whole]));
  }

  #endErrorLine(): void {
    if (this.#errorLine !== '') this.#complain(NEWLINE);
  }

  #give(kind: 'print' | 'log' | 'tap', bytes: Uint8Array): boolean {
    try {
      this.#host.output(kind, bytes);
      return true;
    } catch (error) {
      this.#refusal ??= error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  #refuseFile(path: string): void {
    this.#refusedFiles += 1;
    if (this.#refusedFiles > MOST_REFUSALS) return;
    const advice = 'a callback reaches no file: give what it needs as callback-data, or copies of messages to a queue';
    this.#give('log', packFields(['warn', `open(${path}): ${advice}`]));
  }
}

function outOfMemory(): EngineLost {
  return new EngineLost('memory', 'out of memory: make callback-memory larger, or keep less');
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Seconds east of UTC at a time, and whether that is summer time. */
function zoneAt(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = date.getTimezoneOffset();
  const year = date.getFullYear();
  const winter = Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());
  return `${-offset * 60} ${offset < winter ? 1 : 0}`;
}

/** the library of Perl lies inside the module, ours behind it: POSIX, JSON and others that are missing there */
const START = 'push(@INC, "/stompctl/lib"); require Stompctl; 1;';
/** so near to its limit Perl's next request for memory fails */
const SPARE_BYTES = 8 * 1024 * 1024;
const EMPTY = new Uint8Array(0);
const NEWLINE = Buffer.from('\n');
const VOID = 0;
/** as Stompctl.pm and the modules beside it say that something cannot be had */
const ABSENT = /not there in a callback|not among the modules of a callback/;
const LONGEST_LINE = 8192;
const MOST_REFUSALS = 10;
const OUT_OF_MEMORY = /^(?:Out of memory|panic: memory wrap|panic: .*realloc)/i;
