import { readFileSync } from 'node:fs';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core';
import type { Program, Thrown } from '../protocol.js';
import { SCRIPT_NAME } from '../script-map.js';
import { type Engine, type EngineHost, EngineLost, FLAG, OUTCOME, type Progress } from '../thread/engine.js';
import { FieldReader, packFields } from '../thread/fields.js';
import { Bridge, HeapFull, type ValuePointer } from './bridge.js';
import { HostFunctions } from './host-functions.js';
import { loadQuickJS } from './quickjs.js';
import { sizeAsJson, sizeAsText, writeAsJson, writeAsText } from './utf8.js';

type Script = Extract<Program, { language: 'javascript' }>;

/** A message of a batch. */
interface Arriving {
  readonly flags: number;
  /** JSON text */
  readonly header: Buffer;
  readonly body: Buffer;
}

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
  static async open(program: Script, host: EngineHost): Promise<QuickJsEngine> {
    const { quickjs, heap } = await loadQuickJS(host.memoryBytes);
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
    const [name = '', message = '', stack = ''] = textsOf(described);
    return { name, message, stack };
  }

  check(batch: Uint8Array, count: number, progress: Progress): 'complete' | 'needs-body' {
    const messages = readBatch(batch, count);
    this.#carryHeaders(messages);
    for (const [position, message] of messages.entries()) {
      progress.begin(position);
      const outcome = this.#one(message);
      if (outcome === undefined) return 'needs-body';
      if (!progress.settle(outcome)) break;
    }
    return 'complete';
  }

  #carryHeaders(messages: readonly Arriving[]): void {
    const flags = messages.map((message) => (message.flags & FLAG.text ? '1' : '0')).join('');
    const size = messages.reduce((sum, { header }) => sum + header.length + 1, 1);
    const bridge = this.#bridge;
    const args: ValuePointer[] = [];
    try {
      if (size > this.#memoryBytes) throw new HeapFull('the headers are larger than callback-memory');
      args.push(bridge.text(size, (target) => joinHeaders(messages, target)));
      args.push(bridge.text(flags.length, (target) => target.write(flags, 'latin1')));
    } catch (error) {
      throw arrivingLost(error);
    }
    const result = bridge.call(this.#begin, args);
    if ('error' in result) {
      const { why, message } = this.#lost(this.#thrown(result.error));
      throw new EngineLost(why, message, true);
    }
    bridge.free(result.value);
  }

  /** The outcome of the next message, undefined when it asked for its body. */
  #one(message: Arriving): Uint8Array | undefined {
    const bridge = this.#bridge;
    const result = bridge.call(this.#step, this.#carryBody(message));
    if ('error' in result) {
      this.#uncaught(this.#thrown(result.error));
      return INTERRUPTED;
    }
    // before the outcome counts: promises without end are this message's fault
    this.#drain();
    const body = this.#functions.takeBody();
    try {
      return bridge.read(result.value, 0, (said) => this.#outcome(said, message, body));
    } catch (error) {
      if (error instanceof HeapFull) throw new EngineLost('memory', error.message);
      throw error;
    } finally {
      bridge.free(result.value);
    }
  }

  #carryBody({ flags, body }: Arriving): ValuePointer[] {
    if ((flags & FLAG.noBody) !== 0) return NO_ARGS;
    const bridge = this.#bridge;
    try {
      if (body.length > this.#memoryBytes) throw new HeapFull('the body is larger than callback-memory');
      if ((flags & FLAG.text) === 0) return [bridge.buffer(body)];
      if (!body.includes(0)) return [bridge.text(sizeAsText(body), (target) => writeAsText(body, target))];
      return [bridge.text(sizeAsJson(body), (target) => writeAsJson(body, target)), bridge.true];
    } catch (error) {
      throw arrivingLost(error);
    }
  }

  /** What `step` said, as the outcome it stands for; `said` is gone afterwards. */
  #outcome(
    said: Buffer,
    { flags, header, body: original }: Arriving,
    body: Buffer | undefined,
  ): Uint8Array | undefined {
    switch (String.fromCharCode(said[0] ?? 0)) {
      case '\0':
        return undefined;
      case OUTCOME.headerJson:
        return said.length === header.length + 1 && header.equals(said.subarray(1)) ? SAME : Buffer.from(said);
      case OUTCOME.message: {
        const text = said[1] === ONE;
        const kept = said[2] !== ZERO || (body?.equals(original) && (flags & FLAG.noBody) === 0);
        const next = (text ? FLAG.text : 0) | (kept ? FLAG.noBody : 0) | FLAG.json;
        if (kept && text === ((flags & FLAG.text) !== 0) && header.equals(said.subarray(3))) return SAME;
        return packFields([Buffer.of(next), said.subarray(3), kept ? NOTHING : (body ?? NOTHING)], OUTCOME.message);
      }
      case OUTCOME.threw: {
        const texts = textsOf(said.toString('utf8', 1));
        if (texts[0] === 'InternalError' && texts[1] === OUT_OF_MEMORY) throw new EngineLost('memory', OUT_OF_MEMORY);
        return packFields(texts, OUTCOME.threw);
      }
      case OUTCOME.drop:
        return packFields(textsOf(said.toString('utf8', 1)), OUTCOME.drop);
      default:
        return packFields(textsOf(said.toString('utf8', 1)), OUTCOME.bad);
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
    const said = context.typeof(handle) === 'string' ? bridge.read(result.value, 0, String) : '';
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
        return this.#bridge.read(this.#bridge.pointer(found), 0, (text) => text.toString('utf8', 0, LONGEST_TEXT));
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
const PRELUDE = './prelude.js';
const HOOK_NAMES = ['check', 'start', 'idle', 'stop'];
const NO_ARGS: ValuePointer[] = [];
const OUT_OF_MEMORY = 'out of memory';
const SAME = Buffer.from(OUTCOME.same);
const INTERRUPTED = Buffer.from(OUTCOME.interrupted);
const NOTHING = Buffer.alloc(0);
const ZERO = '0'.charCodeAt(0);
const ONE = '1'.charCodeAt(0);

function ifFunction(name: string): string {
  return `${name}:typeof ${name}==='undefined'?undefined:${name}`;
}

/** Only files of `guest/`, and only while the prelude loads. */
function readGuestFile(name: string): string {
  return readFileSync(new URL(`./guest/${name.replace(/^.*\//, '')}`, import.meta.url), 'utf8');
}

function readBatch(batch: Uint8Array, count: number): Arriving[] {
  const reader = new FieldReader(batch);
  const messages: Arriving[] = [];
  for (let at = 0; at < count; at += 1) {
    const flags = reader.next()[0] ?? 0;
    messages.push({ flags, header: reader.next(), body: reader.next() });
  }
  reader.end();
  return messages;
}

function joinHeaders(messages: readonly Arriving[], target: Buffer): void {
  let at = 0;
  for (const { header } of messages) {
    target[at] = at === 0 ? OPEN : COMMA;
    target.set(header, at + 1);
    at += header.length + 1;
  }
  target[at] = CLOSE;
}

const [OPEN = 0, COMMA = 0, CLOSE = 0] = Buffer.from('[,]');

/** The message did not fit in, and none of its code ran. */
function arrivingLost(error: unknown): unknown {
  return error instanceof HeapFull ? new EngineLost('memory', error.message, true) : error;
}

/** Texts that the prelude gave as JSON, a line each; short, but nothing says that the user's code left them so. */
function textsOf(lines: string): string[] {
  return lines.split('\n').map((line) => {
    try {
      return String(JSON.parse(line));
    } catch {
      return '';
    }
  });
}
