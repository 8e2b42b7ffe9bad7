import {
  Lifetime,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';

type Ffi = ReturnType<QuickJSWASMModule['getFFI']>;
type ContextPointer = ReturnType<Ffi['QTS_NewContext']>;
type ValuePointer = ReturnType<Ffi['QTS_NewString']>;
type CharPointer = ReturnType<Ffi['QTS_GetString']>;

/** What the bridge needs of the Emscripten module. */
export interface Heap {
  /** replaced when the memory grows: never keep it */
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** No memory is left in WebAssembly for what is to be carried in. */
export class HeapFull extends Error {}

/**
 * The few crossings into WebAssembly that matter for speed, and those whose allocation may fail: the library's own
 * `newString` and `newArrayBuffer` write to address 0 when `malloc` gives none.
 */
export class Bridge {
  readonly context: QuickJSContext;
  readonly #ffi: Ffi;
  readonly #heap: Heap;
  readonly #runtime: QuickJSRuntime;
  readonly #pointer: ContextPointer;
  readonly #undefined: ValuePointer;

  constructor(quickjs: QuickJSWASMModule, runtime: QuickJSRuntime, heap: Heap) {
    const ffi = quickjs.getFFI();
    const create = ffi.QTS_NewContext;
    let pointer = 0 as ContextPointer;
    ffi.QTS_NewContext = (...given) => {
      pointer = create(...given);
      return pointer;
    };
    this.context = runtime.newContext();
    ffi.QTS_NewContext = create;
    this.#ffi = ffi;
    this.#heap = heap;
    this.#runtime = runtime;
    this.#pointer = pointer;
    // a constant that is never freed; the types tell owned and borrowed pointers apart
    this.#undefined = this.context.undefined.value as unknown as ValuePointer;
  }

  /** A string value, or undefined; throws HeapFull. Text holds no NUL. To be freed. */
  text(text: string | undefined): ValuePointer {
    if (text === undefined) return this.#undefined;
    // UTF-8 takes at most three bytes a UTF-16 unit; for a long text it is worth counting them
    const most = text.length > 65_536 ? Buffer.byteLength(text) : text.length * 3;
    const at = this.#allocate(most + 1);
    const view = this.#view(at, most + 1);
    view[view.write(text, 'utf8')] = 0;
    const value = this.#ffi.QTS_NewString(this.#pointer, at as Parameters<Ffi['QTS_NewString']>[1]);
    this.#heap._free(at);
    return value;
  }

  /** An ArrayBuffer value, or undefined; throws HeapFull. To be freed. */
  buffer(bytes: Uint8Array | undefined): ValuePointer {
    if (bytes === undefined) return this.#undefined;
    const at = this.#allocate(Math.max(1, bytes.length));
    this.#view(at, bytes.length).set(bytes);
    // QuickJS owns the memory from here on and frees it with the value
    return this.#ffi.QTS_NewArrayBuffer(this.#pointer, at as Parameters<Ffi['QTS_NewArrayBuffer']>[1], bytes.length);
  }

  free(value: ValuePointer): void {
    if (value !== this.#undefined) this.#ffi.QTS_FreeValuePointer(this.#pointer, value);
  }

  /** Calls a function of the sandbox; its result, to be freed, or the error it threw. Frees `args`. */
  call(callee: QuickJSHandle, args: readonly ValuePointer[]): { value: ValuePointer } | { error: QuickJSHandle } {
    const list = args.length === 0 ? 0 : this.#allocate(args.length * 4);
    if (list !== 0) new Uint32Array(this.#heap.HEAPU8.buffer, list, args.length).set(args);
    const value = this.#ffi.QTS_Call(
      this.#pointer,
      callee.value,
      this.#undefined,
      args.length,
      list as Parameters<Ffi['QTS_Call']>[4],
    );
    if (list !== 0) this.#heap._free(list);
    for (const arg of args) this.free(arg);
    const error = this.#ffi.QTS_ResolveException(this.#pointer, value);
    if (error === 0) return { value };
    this.free(value);
    return { error: this.#handle(error) };
  }

  /** The bytes of a string value, valid until the next crossing at most; call `done` with them read. */
  read<T>(value: ValuePointer, done: (utf8: Buffer) => T): T {
    const at = this.#ffi.QTS_GetString(this.#pointer, value);
    if (at === (0 as CharPointer)) throw new HeapFull('no memory to read a string');
    const heap = this.#heap.HEAPU8;
    const end = heap.indexOf(0, at);
    try {
      return done(this.#view(at, end - at));
    } finally {
      this.#ffi.QTS_FreeCString(this.#pointer, at);
    }
  }

  #allocate(bytes: number): number {
    const at = this.#heap._malloc(bytes);
    if (at === 0) throw new HeapFull(`no memory for ${bytes} bytes`);
    return at;
  }

  #view(at: number, bytes: number): Buffer {
    return Buffer.from(this.#heap.HEAPU8.buffer, at, bytes);
  }

  #handle(error: ValuePointer): QuickJSHandle {
    return new Lifetime<ValuePointer, ValuePointer, QuickJSRuntime>(
      error,
      undefined,
      () => this.free(error),
      this.#runtime,
    );
  }
}
