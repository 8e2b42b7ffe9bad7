import { readFileSync } from 'node:fs';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core';
import { ownFile } from '../../base/own-files.js';
import { type Engine, type EngineHost, EngineLost, FLAG, OUTCOME, type Progress } from '../border/engine-contract.js';
import { FieldReader, packFields } from '../border/fields.js';
import type { Program, Thrown } from '../border/protocol.js';
import { SCRIPT_NAME } from '../border/script-map.js';
import { Bridge, HeapFull, type ValuePointer } from './bridge.js';
import { HostFunctions } from './host-functions.js';
import { loadQuickJS } from './quickjs.js';
import { sizeAsJson, sizeAsText, writeAsJson, writeAsText } from './utf8.js';

type Script = Extract<Program, { language: 'javascript' }>;

/** QuickJS holding the prelude and the user's code. Every call returns what the sandbox said or throws EngineLost. */
export class QuickJsEngine implements Engine {
  readonly #program: Script;
  readonly #runtime: QuickJSRuntime;
  readonly #bridge: Bridge;
  readonly #context: QuickJSContext;
  readonly #functions: HostFunctions;
  readonly #memoryBytes: number;
  #prelude: QuickJSHandle;
  #begin: QuickJSHandle;
  #step: QuickJSHandle;

  private constructor(program: Script, runtime: QuickJSRuntime, bridge: Bridge, host: EngineHost) {
    this.#program = program;
    this.#runtime = runtime;
    this.#bridge = bridge;
    this.#context = bridge.context;
    this.#memoryBytes = host.memoryBytes;
    this.#prelude = this.#context.undefined;
    this.#begin = this.#context.undefined;
    this.#step = this.#context.undefined;
    this.#functions = new HostFunctions(bridge, host);
  }

  /** Loads WebAssembly and the prelude. */
  static async open(program: Script, host: EngineHost, module: WebAssembly.Module): Promise<QuickJsEngine> {
    const { quickjs, heap } = await loadQuickJS(host.memoryBytes, module);
    const runtime = quickjs.newRuntime();
    runtime.setMemoryLimit(host.memoryBytes);
    runtime.setMaxStackSize(STACK_BYTES);
    const engine = new QuickJsEngine(program, runtime, new Bridge(quickjs, runtime, heap), host);
    const context = engine.#context;
    runtime.setModuleLoader(readGuestFile);
    const prelude = context.evalCode(readGuestFile(PRELUDE), PRELUDE, { type: 'module', strict: true });
    engine.#prelude = engine.#valueOf(prelude);
    runtime.removeModuleLoader();
    engine.#begin = context.getProp(engine.#prelude, 'begin');
    engine.#step = context.getProp(engine.#prelude, 'step');
    engine.#text('furnish', JSON.stringify(host.data));
    runtime.setInterruptHandler(() => host.interrupted());
    return engine;
  }

  adopt(): Thrown | undefined {
    const context = this.#context;
    const { script, module } = this.#program;
    const result = context.evalCode(script, SCRIPT_NAME, { type: module ? 'module' : 'global', strict: true });
    if (result.error) return this.#thrown(result.error);
    let found = result.value;
    if (!module) {
      found.dispose();
      found = this.#valueOf(context.evalCode(`({${HOOK_NAMES.map(ifFunction).join()}})`, 'hooks', { strict: true }));
    }
    const adopt = context.getProp(this.#prelude, 'adopt');
    const wrong = context.getString(this.#valueOf(context.callFunction(adopt, context.undefined, found)));
    adopt.dispose();
    found.dispose();
    this.#drain();
    return wrong === '' ? undefined : { name: '', message: wrong, stack: '' };
  }

  call(hook: 'start' | 'idle' | 'stop'): Thrown | undefined {
    const described = this.#text('call', hook);
    this.#drain();
    if (described === undefined) return { name: 'InternalError', message: 'interrupted', stack: '' };
    if (described === '') return undefined;
    const [name = '', message = '', stack = ''] = linesOf(described);
    return { name, message, stack };
  }

  check(batch: Uint8Array, count: number, progress: Progress): 'complete' | 'needs-body' {
    const fields = new FieldReader(batch);
    const head = fields.next();
    const bodies = new FieldReader(fields.next());
    fields.end();
    const carried = !bodies.ended;
    this.#carryHeaders(head);
    for (let position = 0; position < count; position += 1) {
      const flags = (head[position] ?? ZERO) - ZERO;
      const body = carried ? bodies.next() : (flags & FLAG.noBody) === 0 ? NOTHING : undefined;
      progress.begin(position);
      const next = this.#one(body, (flags & FLAG.text) !== 0, progress);
      if (next === 'needs-body') return next;
      if (!next) break;
    }
    return 'complete';
  }

  #carryHeaders(head: Buffer): void {
    const bridge = this.#bridge;
    let lines: ValuePointer;
    try {
      if (head.length > this.#memoryBytes) throw new HeapFull('the headers are larger than callback-memory');
      lines = bridge.text(head.length, (target) => target.set(head));
    } catch (error) {
      throw arrivingLost(error);
    }
    const result = bridge.call(this.#begin, [lines]);
    if ('error' in result) {
      const { why, message } = this.#lost(this.#thrown(result.error));
      throw new EngineLost(why, message, true);
    }
    bridge.free(result.value);
  }

  /** Settles the next message; whether there is to be another one, or that this one asked for its body. */
  #one(original: Buffer | undefined, text: boolean, progress: Progress): boolean | 'needs-body' {
    const bridge = this.#bridge;
    const result = bridge.call(this.#step, this.#carryBody(original, text));
    if ('error' in result) {
      this.#uncaught(this.#thrown(result.error));
      return progress.settle(INTERRUPTED);
    }
    // before the outcome counts: promises without end are this message's fault
    this.#drain();
    try {
      return bridge.read(result.value, (said) => {
        const outcome = this.#outcome(said, original, text);
        return outcome === undefined ? 'needs-body' : progress.settle(outcome);
      });
    } catch (error) {
      if (error instanceof HeapFull) throw new EngineLost('memory', error.message);
      throw error;
    } finally {
      bridge.free(result.value);
    }
  }

  #carryBody(body: Buffer | undefined, text: boolean): ValuePointer[] {
    if (body === undefined) return NO_ARGS;
    const bridge = this.#bridge;
    try {
      if (body.length > this.#memoryBytes) throw new HeapFull('the body is larger than callback-memory');
      if (!text) return [bridge.buffer(body)];
      if (!body.includes(0)) return [bridge.text(sizeAsText(body), (target) => writeAsText(body, target))];
      return [bridge.text(sizeAsJson(body), (target) => writeAsJson(body, target)), bridge.true];
    } catch (error) {
      throw arrivingLost(error);
    }
  }

  /** What `step` said, as the outcome it stands for: maybe a view that is gone when `step`'s result is. */
  #outcome(said: Buffer, original: Buffer | undefined, wasText: boolean): Uint8Array | undefined {
    const body = this.#functions.takeBody();
    if (said[0] !== SAID.to) return this.#described(said, body, original, wasText);
    const end = said.indexOf(LINE_END);
    const inner = this.#described(said.subarray(end + 1), body, original, wasText);
    return inner && Buffer.concat([packFields(textsOf(said.subarray(0, end)), OUTCOME.to), inner]);
  }

  #described(
    said: Buffer,
    body: Buffer | undefined,
    original: Buffer | undefined,
    wasText: boolean,
  ): Uint8Array | undefined {
    switch (said[0]) {
      case undefined:
        return undefined;
      case SAID.same:
      case SAID.headerJson:
        return said;
      case SAID.message: {
        const text = said[1] === ONE;
        const kept = said[2] === ONE || (body !== undefined && original?.equals(body) === true);
        if (kept && text === wasText && said[3] === ONE) return SAME;
        const flags = (text ? FLAG.text : 0) | (kept ? FLAG.noBody : 0) | FLAG.json;
        if (!kept && body === undefined) return packFields(['the body did not come out'], OUTCOME.bad);
        return packFields([Buffer.of(flags), said.subarray(4), kept ? NOTHING : (body ?? NOTHING)], OUTCOME.message);
      }
      case SAID.threw: {
        const texts = textsOf(said);
        if (texts[0] === 'InternalError' && texts[1] === OUT_OF_MEMORY) throw new EngineLost('memory', OUT_OF_MEMORY);
        return packFields(texts, OUTCOME.threw);
      }
      default:
        return packFields(textsOf(said), said[0] === SAID.drop ? OUTCOME.drop : OUTCOME.bad);
    }
  }

  /** Promises are no way out of the deadline: what they queued runs now, as part of the same call. */
  #drain(): void {
    if (!this.#runtime.hasPendingJob()) return;
    const result = this.#runtime.executePendingJobs(MAX_JOBS);
    if (result.error) {
      const { message } = this.#thrown(result.error);
      throw new EngineLost(message === OUT_OF_MEMORY ? 'memory' : 'timeout', `a promise job failed: ${message}`);
    }
    if (this.#runtime.hasPendingJob()) throw new EngineLost('timeout', `promises queued more than ${MAX_JOBS} jobs`);
  }

  /** An exception that passed through the prelude's own catch: interrupted, or no memory left to describe it. */
  #uncaught(thrown: Thrown): void {
    if (thrown.message !== 'interrupted') throw this.#lost(thrown);
  }

  #lost(thrown: Thrown): EngineLost {
    // with no memory at all, not even the error can be made
    const full = thrown.message === OUT_OF_MEMORY || thrown.message === '';
    return new EngineLost(full ? 'memory' : 'crash', thrown.message);
  }

  #text(name: string, text: string): string | undefined {
    const context = this.#context;
    const bridge = this.#bridge;
    const callee = context.getProp(this.#prelude, name);
    const result = bridge.call(callee, [bridge.text(Buffer.byteLength(text), (target) => target.write(text, 'utf8'))]);
    callee.dispose();
    if ('error' in result) {
      this.#uncaught(this.#thrown(result.error));
      return undefined;
    }
    const handle = bridge.handle(result.value);
    const said = context.typeof(handle) === 'string' ? bridge.read(result.value, String) : '';
    handle.dispose();
    return said;
  }

  #valueOf(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (!result.error) return result.value;
    throw this.#lost(this.#thrown(result.error));
  }

  #thrown(error: QuickJSHandle): Thrown {
    const context = this.#context;
    const read = (name: string): string => {
      const found = context.getProp(error, name);
      try {
        if (context.typeof(found) !== 'string') return '';
        return this.#bridge.read(this.#bridge.pointer(found), (text) => text.toString('utf8', 0, LONGEST_TEXT));
      } finally {
        found.dispose();
      }
    };
    const thrown = { name: read('name'), message: read('message'), stack: read('stack') };
    error.dispose();
    return thrown;
  }
}

/** QuickJS's own limit; deeper, V8's stack would end first, in the middle of WebAssembly. See `Sandbox`. */
const STACK_BYTES = 256 * 1024;
const MAX_JOBS = 10_000;
const LONGEST_TEXT = 4000;
/** name, message and stack of an error as JSON */
const LONGEST_SAID = 64 * 1024;
const PRELUDE = './prelude.js';
const HOOK_NAMES = ['check', 'start', 'idle', 'stop'];
const NO_ARGS: ValuePointer[] = [];
const OUT_OF_MEMORY = 'out of memory';
const INTERRUPTED = Buffer.from(OUTCOME.interrupted);
const NOTHING = Buffer.alloc(0);
const SAME = Buffer.from(OUTCOME.same);
const SAID = {
  same: byteOf(OUTCOME.same),
  headerJson: byteOf(OUTCOME.headerJson),
  message: byteOf(OUTCOME.message),
  drop: byteOf(OUTCOME.drop),
  to: byteOf(OUTCOME.to),
  threw: byteOf(OUTCOME.threw),
} as const;
const LINE_END = byteOf('\n');
const ZERO = byteOf('0');
const ONE = byteOf('1');

function byteOf(character: string): number {
  return character.charCodeAt(0);
}

function ifFunction(name: string): string {
  return `${name}:typeof ${name}==='undefined'?undefined:${name}`;
}

/** Only files of `guest/`, and only while the prelude loads. */
function readGuestFile(name: string): string {
  return readFileSync(ownFile(`guest/${name.replace(/^.*\//, '')}`), 'utf8');
}

/** The message did not fit in, and none of its code ran. */
function arrivingLost(error: unknown): unknown {
  return error instanceof HeapFull ? new EngineLost('memory', error.message, true) : error;
}

/** Texts that the prelude gave as JSON, a line each, the character of the outcome before them. They are short. */
function textsOf(said: Buffer): string[] {
  return linesOf(said.toString('utf8', 1, LONGEST_SAID));
}

function linesOf(lines: string): string[] {
  return lines.split('\n').map((line) => {
    try {
      return String(JSON.parse(line));
    } catch {
      return '';
    }
  });
}
