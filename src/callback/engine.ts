import { readFileSync } from 'node:fs';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core';
import { Bridge, HeapFull } from './bridge.js';
import type { Program, Thrown } from './protocol.js';
import { loadQuickJS } from './quickjs.js';
import { SCRIPT_NAME } from './script-map.js';

export interface EngineOptions {
  readonly memoryBytes: number;
  /** asked every few thousand steps of the interpreter: true stops the code that runs */
  readonly interrupted: () => boolean;
  readonly print: (json: string) => void;
  readonly log: (json: string) => void;
  readonly tap: (json: string) => void;
}

/** The sandbox cannot be used any more: its memory is full, or an exception tore through WebAssembly. */
export class EngineLost extends Error {
  readonly why: 'memory' | 'timeout' | 'crash';

  constructor(why: 'memory' | 'timeout' | 'crash', detail: string) {
    super(detail);
    this.why = why;
  }
}

/**
 * QuickJS holding the prelude and the user's code. Every call returns what the sandbox said or throws EngineLost.
 * Runs in the worker; knows nothing of threads.
 */
export class Engine {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #bridge: Bridge;
  #prelude: QuickJSHandle;
  #begin: QuickJSHandle;
  #step: QuickJSHandle;

  private constructor(runtime: QuickJSRuntime, bridge: Bridge) {
    this.#runtime = runtime;
    this.#bridge = bridge;
    this.#context = bridge.context;
    this.#prelude = this.#context.undefined;
    this.#begin = this.#context.undefined;
    this.#step = this.#context.undefined;
  }

  /** Loads WebAssembly and the prelude; `data` is the callback data as JSON. */
  static async open(options: EngineOptions, data: string, byteStrings: boolean): Promise<Engine> {
    const { quickjs, heap } = await loadQuickJS(options.memoryBytes);
    const runtime = quickjs.newRuntime();
    runtime.setMemoryLimit(options.memoryBytes);
    runtime.setMaxStackSize(STACK_BYTES);
    const bridge = new Bridge(quickjs, runtime, heap);
    const context = bridge.context;
    const engine = new Engine(runtime, bridge);
    engine.#offerHost(options);
    runtime.setModuleLoader(readSandboxFile);
    engine.#prelude = engine.#valueOf(
      context.evalCode(readSandboxFile(PRELUDE), PRELUDE, { type: 'module', strict: true }),
    );
    if (byteStrings) {
      engine.#valueOf(context.evalCode(readSandboxFile(PERL), PERL, { type: 'module', strict: true })).dispose();
    }
    runtime.removeModuleLoader();
    engine.#begin = context.getProp(engine.#prelude, 'begin');
    engine.#step = context.getProp(engine.#prelude, 'step');
    engine.#text('furnish', data);
    runtime.setInterruptHandler(options.interrupted);
    return engine;
  }

  /** Reads the user's code; undefined when `check` and its friends are in place. */
  adopt(program: Program): Thrown | undefined {
    const context = this.#context;
    const names = program.module ? undefined : HOOK_NAMES;
    const result = context.evalCode(program.script, SCRIPT_NAME, {
      type: program.module ? 'module' : 'global',
      strict: true,
    });
    if (result.error) return this.#thrown(result.error);
    let found = result.value;
    if (names !== undefined) {
      found.dispose();
      found = this.#valueOf(context.evalCode(`({${names.map(ifFunction).join()}})`, 'hooks', { strict: true }));
    }
    const adopt = context.getProp(this.#prelude, 'adopt');
    const wrong = context.getString(this.#valueOf(context.callFunction(adopt, context.undefined, found)));
    adopt.dispose();
    found.dispose();
    this.#drain();
    return wrong === '' ? undefined : { name: '', message: wrong, stack: '' };
  }

  /** Calls `start`, `idle` or `stop`; what it threw, if it did. */
  call(hook: 'start' | 'idle' | 'stop', data: string): Thrown | undefined {
    const described = this.#text('call', hook, data);
    this.#drain();
    if (described === undefined) return { name: 'InternalError', message: 'interrupted', stack: '' };
    return described === '' ? undefined : (JSON.parse(described) as Thrown);
  }

  begin(head: string, bodies: string | undefined, binary: Uint8Array | undefined): void {
    const bridge = this.#bridge;
    const args = [];
    try {
      args.push(bridge.text(head), bridge.text(bodies), bridge.buffer(binary));
    } catch (error) {
      if (error instanceof HeapFull) throw new EngineLost('memory', error.message);
      throw error;
    }
    const result = bridge.call(this.#begin, args);
    if ('error' in result) throw this.#lost(this.#thrown(result.error));
    bridge.free(result.value);
  }

  /**
   * Checks the next message of the batch and hands the outcome, UTF-8 as the sandbox wrote it, to `take`: the bytes are
   * gone when it returns. False when the code was interrupted: then there is none.
   */
  step(take: (outcome: Buffer) => void): boolean {
    const bridge = this.#bridge;
    const result = bridge.call(this.#step, NO_ARGS);
    if ('error' in result) {
      this.#uncaught(this.#thrown(result.error));
      return false;
    }
    // before the outcome counts: promises without end are this message's fault
    this.#drain();
    bridge.read(result.value, (outcome) => {
      if (outcome[0] === THREW && outcome.toString('latin1', 0, OUT_OF_MEMORY.length) === OUT_OF_MEMORY) {
        throw new EngineLost('memory', 'out of memory');
      }
      take(outcome);
    });
    bridge.free(result.value);
    return true;
  }

  /** The bytes that belong to the last outcome. */
  takeBytes(): Buffer {
    const context = this.#context;
    const take = context.getProp(this.#prelude, 'takeBytes');
    const value = this.#valueOf(context.callFunction(take, context.undefined));
    const bytes = context.getArrayBuffer(value);
    const copy = Buffer.from(bytes.value);
    for (const handle of [bytes, value, take]) handle.dispose();
    return copy;
  }

  /** Promises are no way out of the deadline: what they queued runs now, as part of the same call. */
  #drain(): void {
    if (!this.#runtime.hasPendingJob()) return;
    const result = this.#runtime.executePendingJobs(MAX_JOBS);
    if (result.error) {
      const { message } = this.#thrown(result.error);
      throw new EngineLost(message === 'out of memory' ? 'memory' : 'timeout', `a promise job failed: ${message}`);
    }
    if (this.#runtime.hasPendingJob()) throw new EngineLost('timeout', `promises queued more than ${MAX_JOBS} jobs`);
  }

  /** An exception that passed through the prelude's own catch: interrupted, or no memory left to describe it. */
  #uncaught(thrown: Thrown): void {
    if (thrown.message !== 'interrupted') throw this.#lost(thrown);
  }

  #lost(thrown: Thrown): EngineLost {
    // with no memory at all, not even the error can be made
    const full = thrown.message === 'out of memory' || thrown.message === '';
    return new EngineLost(full ? 'memory' : 'crash', thrown.message);
  }

  #text(name: string, ...texts: string[]): string | undefined {
    const context = this.#context;
    const handles = texts.map((text) => context.newString(text));
    const callee = context.getProp(this.#prelude, name);
    const result = context.callFunction(callee, context.undefined, ...handles);
    for (const handle of [callee, ...handles]) handle.dispose();
    if (result.error) {
      this.#uncaught(this.#thrown(result.error));
      return undefined;
    }
    const text = context.typeof(result.value) === 'string' ? context.getString(result.value) : '';
    result.value.dispose();
    return text;
  }

  #valueOf(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (!result.error) return result.value;
    throw this.#lost(this.#thrown(result.error));
  }

  #thrown(error: QuickJSHandle): Thrown {
    const context = this.#context;
    const read = (name: string): string => {
      const value = context.getProp(error, name);
      const text = context.typeof(value) === 'string' ? context.getString(value) : '';
      value.dispose();
      return text;
    };
    const thrown = { name: read('name'), message: read('message'), stack: read('stack') };
    error.dispose();
    return thrown;
  }

  #offerHost(options: EngineOptions): void {
    const context = this.#context;
    const host = context.newObject();
    for (const name of ['print', 'log', 'tap'] as const) {
      const give = context.newFunction(name, (json) => {
        options[name](context.getString(json));
      });
      context.setProp(host, name, give);
      give.dispose();
    }
    const decode = context.newFunction('decode', (bytes) => {
      const view = context.getArrayBuffer(bytes);
      const text = JSON.stringify(Buffer.from(view.value).toString('utf8'));
      view.dispose();
      return context.newString(text);
    });
    const encode = context.newFunction('encode', (json) =>
      context.newArrayBuffer(exactly(Buffer.from(JSON.parse(context.getString(json)) as string))),
    );
    context.setProp(host, 'decode', decode);
    context.setProp(host, 'encode', encode);
    context.setProp(context.global, 'host', host);
    for (const handle of [decode, encode, host]) handle.dispose();
  }
}

/** QuickJS's own limit; deeper, V8's stack would end first, in the middle of WebAssembly. See `Sandbox`. */
const STACK_BYTES = 256 * 1024;
const MAX_JOBS = 10_000;
const PRELUDE = './prelude.js';
const PERL = './perl.js';
const HOOK_NAMES = ['check', 'start', 'idle', 'stop'];
const NO_ARGS: readonly never[] = [];
const THREW = 't'.charCodeAt(0);
const OUT_OF_MEMORY = 't{"name":"InternalError","message":"out of memory"';

function ifFunction(name: string): string {
  return `${name}:typeof ${name}==='undefined'?undefined:${name}`;
}

/** Only files of `sandbox/`, and only while the prelude loads. */
function readSandboxFile(name: string): string {
  return readFileSync(new URL(`./sandbox/${name.replace(/^.*\//, '')}`, import.meta.url), 'utf8');
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
