/**
 * The few functions of the worker that the sandbox can call. Runs inside QuickJS, like everything in this folder: no
 * Node there, and the user's code may have replaced any built-in by the time a function here is called.
 */
export interface Host {
  /** each takes and gives JSON text: a NUL would cut a plain string short on its way through WebAssembly */
  print(json: string): void;
  log(json: string): void;
  tap(json: string): void;
  /** UTF-8 bytes to a JSON string */
  decode(bytes: ArrayBuffer): string;
  /** a JSON string to UTF-8 bytes */
  encode(json: string): ArrayBuffer;
}

interface Handover {
  host?: Host;
}

const scope = globalThis as Handover;
/** Taken off the global object before any code of the user is read. */
export const host = scope.host as Host;
delete scope.host;

export const { parse, stringify } = JSON;
