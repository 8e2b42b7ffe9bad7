import type { QuickJSHandle } from 'quickjs-emscripten-core';
import { type EngineHost, FLAG } from '../border/engine-contract.js';
import { packFields } from '../border/fields.js';
import { type Bridge, HeapFull } from './bridge.js';
import { mendSurrogates, sizeAsJson, sizeAsText, writeAsJson, writeAsText } from './utf8.js';

/** What the guest code can call (`guest/host.ts`). Only the prelude has these functions, but its arguments are the user's. */
export class HostFunctions {
  readonly #bridge: Bridge;
  readonly #host: EngineHost;
  #body: Buffer | undefined;

  constructor(bridge: Bridge, host: EngineHost) {
    this.#bridge = bridge;
    this.#host = host;
    const { context } = bridge;
    const functions = context.newObject();
    const offer = (name: string, work: (...args: QuickJSHandle[]) => QuickJSHandle | undefined): void => {
      const made = context.newFunction(name, (...args) => this.#guarded(() => work(...args)));
      context.setProp(functions, name, made);
      made.dispose();
    };
    offer('print', (text, units) => this.#print(text, units));
    offer('log', (level, text, units) => this.#log(level, text, units));
    offer('tap', (names, flags, header, body, units) => this.#tap([names, flags, header, body, units]));
    offer('body', (body, units) => this.#takeIn(body, units));
    offer('decode', (bytes, offset, length) => this.#decode(bytes, offset, length, false));
    offer('decodeToJson', (bytes, offset, length) => this.#decode(bytes, offset, length, true));
    offer('encode', (text, units) => this.#encode(text, units));
    context.setProp(context.global, 'host', functions);
    functions.dispose();
  }

  /** The body that was handed out last, once. */
  takeBody(): Buffer | undefined {
    const body = this.#body;
    this.#body = undefined;
    return body;
  }

  #print(text: QuickJSHandle | undefined, units: QuickJSHandle | undefined): undefined {
    this.#read(text, units, (utf8) => {
      mendSurrogates(utf8);
      this.#host.output('print', utf8);
    });
  }

  #log(level: QuickJSHandle | undefined, text: QuickJSHandle | undefined, units: QuickJSHandle | undefined): undefined {
    const name = this.#read(level, undefined, (utf8) => Buffer.from(utf8));
    this.#read(text, units, (utf8) => {
      mendSurrogates(utf8);
      this.#host.room(utf8.length);
      this.#host.output('log', packFields([name, utf8]));
    });
  }

  #tap([names, flags, header, body, units]: (QuickJSHandle | undefined)[]): undefined {
    const [path = '', type = ''] = this.#read(names, undefined, (utf8) => {
      this.#host.room(utf8.length);
      return utf8
        .toString('utf8')
        .split('\n')
        .map((line) => String(JSON.parse(line)));
    });
    const flag = this.#number(flags) === 1 ? FLAG.text | FLAG.json : FLAG.json;
    const json = this.#read(header, undefined, (bytes) => {
      this.#host.room(bytes.length);
      // a view is gone when the next thing crosses: the memory may have grown
      return Buffer.from(bytes);
    });
    this.#read(body, units, (bytes) => {
      this.#host.room(json.length + bytes.length);
      this.#host.output('tap', packFields([path, type, Buffer.of(flag), json, bytes]));
    });
  }

  #takeIn(body: QuickJSHandle | undefined, units: QuickJSHandle | undefined): undefined {
    this.#body = this.#read(body, units, (bytes) => Buffer.from(bytes));
  }

  #decode(
    bytes: QuickJSHandle | undefined,
    offset: QuickJSHandle | undefined,
    length: QuickJSHandle | undefined,
    json: boolean,
  ): QuickJSHandle | undefined {
    const start = this.#number(offset);
    return this.#read(bytes, undefined, (buffer) => {
      const part = buffer.subarray(start, start + this.#number(length));
      if (!json && part.includes(0)) return undefined;
      const utf8 = Buffer.alloc(this.#fitting(sizeAsText(part)));
      writeAsText(part, utf8);
      const value = json
        ? this.#bridge.text(this.#fitting(sizeAsJson(utf8)), (target) => writeAsJson(utf8, target))
        : this.#bridge.text(utf8.length, (target) => target.set(utf8));
      return this.#bridge.handle(value);
    });
  }

  #encode(text: QuickJSHandle | undefined, units: QuickJSHandle | undefined): QuickJSHandle {
    return this.#read(text, units, (utf8) => {
      mendSurrogates(utf8);
      const bytes = Buffer.from(utf8);
      return this.#bridge.handle(this.#bridge.buffer(bytes));
    });
  }

  /** No allocation outside of WebAssembly is larger than what the inside may have. */
  #fitting(bytes: number): number {
    if (bytes > this.#host.memoryBytes) throw new HeapFull(`${bytes} bytes are more than callback-memory`);
    return bytes;
  }

  #number(handle: QuickJSHandle | undefined): number {
    return handle === undefined ? 0 : this.#bridge.context.getNumber(handle);
  }

  /** The bytes of a string or of an ArrayBuffer; nothing else comes from the prelude. */
  #read<T>(value: QuickJSHandle | undefined, units: QuickJSHandle | undefined, done: (bytes: Buffer) => T): T {
    if (value === undefined) throw new TypeError('an argument is missing');
    const pointer = this.#bridge.pointer(value);
    if (this.#bridge.context.typeof(value) !== 'string') return this.#bridge.readBuffer(pointer, done);
    return this.#bridge.read(pointer, done, units === undefined ? undefined : this.#number(units));
  }

  /** A full heap is told as QuickJS tells it. */
  #guarded(work: () => QuickJSHandle | undefined): QuickJSHandle | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HeapFull)) throw error;
      throw Object.assign(new Error('out of memory'), { name: 'InternalError' });
    }
  }
}
