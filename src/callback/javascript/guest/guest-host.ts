/**
 * The few functions of the worker that the guest code can call. Runs inside QuickJS, like everything in this folder: no
 * Node there, and the user's code may have replaced any built-in by the time a function here is called. So whatever is
 * used after the user's code was read is taken here, before.
 *
 * `units` is the length of the text: it crosses as a C string, and a NUL in it is not its end.
 */
export interface Host {
  print(text: string, units: number): void;
  log(level: string, text: string, units: number): void;
  /** `header` is JSON text; `names` is `path` and `type`, each as JSON text, with a line end between */
  tap(names: string, flags: number, header: string, body: string | ArrayBuffer, units: number): void;
  /** the body of the outcome that is about to be given */
  body(body: string | ArrayBuffer, units: number): void;
  /** UTF-8 bytes to text, or undefined: the text holds NULs, ask for it as JSON text */
  decode(bytes: ArrayBuffer, offset: number, length: number): string | undefined;
  decodeToJson(bytes: ArrayBuffer, offset: number, length: number): string;
  encode(text: string, units: number): ArrayBuffer;
}

export type Header = Record<string, string>;

interface Handover {
  host?: Host;
}

const scope = globalThis as Handover;
/** Taken off the global object before any code of the user is read. */
export const host = scope.host as Host;
delete scope.host;

export const { parse, stringify } = JSON;
export const { create, getPrototypeOf, keys, setPrototypeOf, getOwnPropertyDescriptor } = Object;
export const objectPrototype = Object.prototype;
export const { isArray } = Array;
export const toText = String;
export const Bytes = Uint8Array;

/** `method(on, …)` for `on.method(…)`: what it calls can be replaced no more. */
function free<T, A extends unknown[], R>(method: (this: T, ...args: A) => R): (on: T, ...args: A) => R {
  return Function.prototype.call.bind(method) as (on: T, ...args: A) => R;
}

function getter<T, R>(prototype: object, name: PropertyKey): (on: T) => R {
  const get = getOwnPropertyDescriptor(prototype, name)?.get as (this: T) => R;
  return free<T, [], R>(get);
}

const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
const nameOfTyped = getter<unknown, string | undefined>(typedArray, Symbol.toStringTag);
export const lengthOfBytes = getter<Uint8Array, number>(typedArray, 'length');
export const offsetOfBytes = getter<Uint8Array, number>(typedArray, 'byteOffset');
export const bufferOfBytes = getter<Uint8Array, ArrayBuffer>(typedArray, 'buffer');
const lengthOfBuffer = getter<unknown, number>(ArrayBuffer.prototype, 'byteLength');
const setBytes = free<Uint8Array, [Uint8Array], void>(Uint8Array.prototype.set);
export const split = free<string, [string], string[]>(String.prototype.split);
export const slice = free<string, [number, number], string>(String.prototype.slice);

/** A real one, whatever its prototype says. */
export function isBytes(value: unknown): value is Uint8Array {
  return nameOfTyped(value) === 'Uint8Array';
}

export function isBuffer(value: unknown): value is ArrayBuffer {
  try {
    lengthOfBuffer(value);
    return true;
  } catch {
    return false;
  }
}

/** A copy, made without asking the array for its class or its iterator. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Bytes(lengthOfBytes(bytes));
  setBytes(copy, bytes);
  return copy;
}

/** The same bytes in a buffer that holds nothing else. */
export function exactly(bytes: Uint8Array): ArrayBuffer {
  const buffer = bufferOfBytes(bytes);
  return lengthOfBytes(bytes) === lengthOfBuffer(buffer) && isBuffer(buffer) ? buffer : bufferOfBytes(copyOf(bytes));
}

export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = bufferOfBytes(bytes);
  const offset = offsetOfBytes(bytes);
  const length = lengthOfBytes(bytes);
  return host.decode(buffer, offset, length) ?? (parse(host.decodeToJson(buffer, offset, length)) as string);
}

export function encodeUtf8(text: string): Uint8Array {
  return new Bytes(host.encode(text, text.length));
}
