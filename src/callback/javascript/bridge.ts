import { isAscii } from 'node:buffer';
import {
  Lifetime,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';

type Ffi = ReturnType<QuickJSWASMModule['getFFI']>;
type ContextPointer = ReturnType<Ffi['QTS_NewContext']>;
export type ValuePointer = ReturnType<Ffi['QTS_NewString']>;
type CharPointer = ReturnType<Ffi['QTS_GetString']>;
type BufferPointer = ReturnType<Ffi['QTS_GetArrayBuffer']>;

/** What the bridge needs of the Emscripten module. */
export interface Heap {
  /** replaced when the memory grows: never keep it */
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** No memory is left in WebAssembly for what is to be carried in or out. */
export class HeapFull extends Error {}

/**
 * The crossings into WebAssembly, and back: bytes only, since V8's heap in the worker is small and a text that does not
 * fit ends the whole process. Nothing is allocated in WebAssembly without looking whether it was: the library's own
 * `newString` and `newArrayBuffer` write to address 0 when `malloc` gives none.
 */
export class Bridge {
  readonly context: QuickJSContext;
  readonly #ffi: Ffi;
  readonly #heap: Heap;
  readonly #runtime: QuickJSRuntime;
  readonly #pointer: ContextPointer;
  readonly #undefined: ValuePointer;
  readonly #true: ValuePointer;
  #args = 0;

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
    // constants that are never freed; the types tell owned and borrowed pointers apart
    this.#undefined = this.context.undefined.value as unknown as ValuePointer;
    this.#true = this.context.true.value as unknown as ValuePointer;
    this.#args = this.#allocate(MOST_ARGS * 4);
  }

  get undefined(): ValuePointer {
    return this.#undefined;
  }

  get true(): ValuePointer {
    return this.#true;
  }

  /** A string value of `bytes` bytes of UTF-8, without NUL, that `write` puts in place; throws HeapFull. To be freed. */
  text(bytes: number, write: (target: Buffer) => void): ValuePointer {
    const at = this.#allocate(bytes + 1);
    const target = this.#view(at, bytes + 1);
    write(target.subarray(0, bytes));
    target[bytes] = 0;
    const value = this.#ffi.QTS_NewString(this.#pointer, at as Parameters<Ffi['QTS_NewString']>[1]);
    this.#heap._free(at);
    return value;
  }

  /** An ArrayBuffer value; throws HeapFull. To be freed. */
  buffer(bytes: Uint8Array): ValuePointer {
    const at = this.#allocate(Math.max(1, bytes.length));
    this.#view(at, bytes.length).set(bytes);
    return this.#adoptBuffer(at, bytes.length);
  }

  free(value: ValuePointer): void {
    if (value !== this.#undefined && value !== this.#true) this.#ffi.QTS_FreeValuePointer(this.#pointer, value);
  }

  /** Calls a function of the sandbox; its result, to be freed, or the error it threw. Frees `args`. */
  call(callee: QuickJSHandle, args: readonly ValuePointer[]): { value: ValuePointer } | { error: QuickJSHandle } {
    const list = args.length === 0 ? 0 : this.#args;
    if (list !== 0) new Uint32Array(this.#heap.HEAPU8.buffer, list, args.length).set(args);
    const value = this.#ffi.QTS_Call(
      this.#pointer,
      callee.value,
      this.#undefined,
      args.length,
      list as Parameters<Ffi['QTS_Call']>[4],
    );
    for (const arg of args) this.free(arg);
    const error = this.#ffi.QTS_ResolveException(this.#pointer, value);
    if (error === 0) return { value };
    this.free(value);
    return { error: this.handle(error) };
  }

  /**
   * The UTF-8 of a string value of `units` UTF-16 units, or without NUL when it is not said: a view that is gone when `done`
   * returns. Half a surrogate pair is three bytes that are no UTF-8. Throws HeapFull.
   */
  read<T>(value: ValuePointer, done: (utf8: Buffer) => T, units?: number): T {
    const at = this.#ffi.QTS_GetString(this.#pointer, value);
    if (at === (0 as CharPointer)) throw new HeapFull('no memory to read a string');
    const heap = this.#heap.HEAPU8;
    let end = heap.indexOf(0, at);
    // a letter of two bytes and a NUL behind it are as many units as bytes
    if (units !== undefined && (end - at !== units || !isAscii(heap.subarray(at, end)))) {
      let found = unitsIn(heap, at, end);
      while (found < units) {
        const start = end + 1;
        end = heap.indexOf(0, start);
        found += 1 + unitsIn(heap, start, end);
      }
    }
    try {
      return done(this.#view(at, end - at));
    } finally {
      this.#ffi.QTS_FreeCString(this.#pointer, at);
    }
  }

  /** The bytes of an ArrayBuffer value: a view that is gone when `done` returns; throws HeapFull. */
  readBuffer<T>(value: ValuePointer, done: (bytes: Buffer) => T): T {
    const length = this.#ffi.QTS_GetArrayBufferLength(this.#pointer, value);
    if (length <= 0) return done(Buffer.alloc(0));
    const at = this.#ffi.QTS_GetArrayBuffer(this.#pointer, value);
    if (at === (0 as BufferPointer)) throw new HeapFull(`no memory for ${length} bytes`);
    try {
      return done(this.#view(at, length));
    } finally {
      this.#heap._free(at);
    }
  }

  /** A value that belongs to the library from here on, as results of functions that the sandbox calls do. */
  handle(value: ValuePointer): QuickJSHandle {
    return new Lifetime<ValuePointer, ValuePointer, QuickJSRuntime>(
      value,
      undefined,
      () => this.free(value),
      this.#runtime,
    );
  }

  /** What a handle points at; still the handle's. */
  pointer(handle: QuickJSHandle): ValuePointer {
    return handle.value as unknown as ValuePointer;
  }

  #adoptBuffer(at: number, length: number): ValuePointer {
    // QuickJS owns the memory from here on and frees it with the value
    return this.#ffi.QTS_NewArrayBuffer(this.#pointer, at as Parameters<Ffi['QTS_NewArrayBuffer']>[1], length);
  }

  #allocate(bytes: number): number {
    const at = this.#heap._malloc(bytes);
    if (at === 0) throw new HeapFull(`no memory for ${bytes} bytes`);
    return at;
  }

  #view(at: number, bytes: number): Buffer {
    return Buffer.from(this.#heap.HEAPU8.buffer, at, bytes);
  }
}

const MOST_ARGS = 4;

/** UTF-16 units of UTF-8, halves of surrogate pairs among it. */
function unitsIn(heap: Uint8Array, start: number, end: number): number {
  let units = 0;
  for (let at = start; at < end; at += 1) {
    const byte = heap[at] ?? 0;
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}
