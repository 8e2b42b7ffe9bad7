import { host, parse, stringify } from './host.js';
import {
  asByteString,
  type Body,
  type BodySource,
  decodeUtf8,
  encodeUtf8,
  giveToQueue,
  type Header,
  Message,
} from './message.js';

/** What the user's code defined. */
interface Hooks {
  check?: (message: Message) => unknown;
  start?: (data: Header) => unknown;
  idle?: () => unknown;
  stop?: () => unknown;
}

const { setPrototypeOf } = Object;
let hooks: Hooks = {};
let flags = '';
let headers: string[] = [];
let bodies: string[] = [];
let binary: ArrayBuffer | undefined;
let position = 0;
/** set when the code asked for a body that was left at home */
let missing = false;
/** bytes of a body that changed, waiting to be fetched by the worker */
let outgoing: ArrayBuffer | undefined;

class BatchBody implements BodySource {
  readonly #index: number;
  loaded: Body | undefined;

  constructor(index: number) {
    this.#index = index;
  }

  load(): Body | undefined {
    // read anew each time: a copy of the message must not share bytes with it
    this.loaded = bodyAt(this.#index);
    if (this.loaded === undefined) missing = true;
    return this.loaded;
  }
}

function bodyAt(index: number): Body | undefined {
  const flag = flags[index];
  if (flag === '3') return '';
  const line = bodies[index];
  if (line === undefined) return flag === '2' ? new Uint8Array(0) : undefined;
  if (line.startsWith('s')) return parse(line.slice(1)) as string;
  const [offset = 0, length = 0] = line.slice(1).split(',').map(Number);
  return new Uint8Array(binary === undefined ? new ArrayBuffer(0) : binary.slice(offset, offset + length));
}

/** Takes a batch, see `CheckRequest`. */
export function begin(head: string, bodyLines: string | undefined, bytes: ArrayBuffer | undefined): void {
  headers = head.split('\n');
  flags = headers[0] as string;
  bodies = bodyLines === undefined ? [] : bodyLines.split('\n');
  binary = bytes;
  position = 0;
}

/** Checks the next message of the batch and says what became of it, see `OUTCOME`. */
export function step(): string {
  const index = position;
  const line = headers[index + 1] as string;
  position = index + 1;
  missing = false;
  const header = parse(line) as Header;
  setPrototypeOf(header, null);
  const flag = flags[index];
  const source = new BatchBody(index);
  const text = flag === '1' || flag === '3';
  try {
    const result = (hooks.check as (message: Message) => unknown)(Message.arriving(header, text, source));
    if (missing) return '';
    return Message.is(result) ? describe(result, line, text, source) : describeOther(result);
  } catch (error) {
    if (missing) return '';
    return `t${stringify(describeThrown(error))}`;
  }
}

/** The bytes that belong to the outcome just given. */
export function takeBytes(): ArrayBuffer | undefined {
  const bytes = outgoing;
  outgoing = undefined;
  return bytes;
}

function describe(message: Message, line: string, text: boolean, source: BatchBody): string {
  const header = message.header;
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return bad('the header is not an object');
  if (Object.getPrototypeOf(header) !== null && Object.getPrototypeOf(header) !== Object.prototype)
    return bad('the header is not a plain object');
  for (const name in header) {
    const value: unknown = header[name];
    if (typeof value === 'string') continue;
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
      header[name] = String(value);
    else return bad(`header ${name} is ${nameOf(value)}`);
  }
  const json = stringify(header);
  const kept = Message.sourceOf(message) === source;
  if (kept && Boolean(message.text) === text && !wasTouched(message, source)) return json === line ? '=' : `h${json}`;
  return describeWhole(message, json, kept && !wasTouched(message, source));
}

/** A body that was handed out as bytes may have been written to in place: it is compared outside, where it is quick. */
function wasTouched(message: Message, source: BatchBody): boolean {
  return Message.isLoaded(message) && typeof source.loaded !== 'string';
}

function describeWhole(message: Message, json: string, same: boolean): string {
  const flag = message.text ? '1' : '0';
  if (same) return `m${flag}o${json}`;
  const body: unknown = message.body;
  if (missing) return '';
  if (typeof body === 'string') return `m${flag}s${stringify(body)}\n${json}`;
  if (body instanceof Uint8Array) outgoing = body.slice().buffer as ArrayBuffer;
  else if (body instanceof ArrayBuffer) outgoing = body;
  else return bad(`the body is ${nameOf(body)}`);
  return `m${flag}b${json}`;
}

function describeOther(result: unknown): string {
  if (typeof result === 'string' && result !== '') return `d${stringify(result)}`;
  return bad(`check returned ${nameOf(result)}`);
}

function bad(reason: string): string {
  return `r${stringify(reason)}`;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}

function describeThrown(error: unknown): { name: string; message: string; stack: string } {
  if (error instanceof Error)
    return { name: String(error.name), message: String(error.message), stack: String(error.stack) };
  return { name: '', message: typeof error === 'object' ? nameOf(error) : String(error), stack: '' };
}

/** Takes the functions that the user's code defined; says what is wrong with them, or nothing. */
export function adopt(found: Hooks): string {
  for (const name of ['check', 'start', 'idle', 'stop'] as const) {
    const hook: unknown = found[name];
    if (hook !== undefined && typeof hook !== 'function') return `${name} is not a function`;
  }
  hooks = found;
  return typeof found.check === 'function' ? '' : 'check is not defined';
}

/** Calls `start`, `idle` or `stop`, when defined; a description of what it threw, or nothing. */
export function call(name: 'start' | 'idle' | 'stop', data: string): string {
  try {
    if (name === 'start') {
      const table = parse(data) as Header;
      setPrototypeOf(table, null);
      hooks.start?.(table);
    } else hooks[name]?.();
    return '';
  } catch (error) {
    return stringify(describeThrown(error));
  }
}

class Utf8Encoder {
  readonly encoding = 'utf-8';
  encode(text = ''): Uint8Array {
    return encodeUtf8(String(text));
  }
}

class Utf8Decoder {
  readonly encoding = 'utf-8';
  decode(bytes: Uint8Array | ArrayBuffer = new Uint8Array(0)): string {
    return decodeUtf8(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
  }
}

/** Writes to standard output, as it is: no line end is added. */
export function print(...parts: unknown[]): void {
  host.print(stringify(parts.map(String).join('')));
}

function log(level: unknown, text: unknown): void {
  host.log(stringify([String(level), String(text)]));
}

/** Adds a copy of a message to a queue on disk, one named in `callback-data`. */
function tap(path: unknown, message: unknown, type: unknown = 'DQS'): void {
  if (!Message.is(message)) throw new TypeError('tap(path, message): the second argument is not a message');
  giveToQueue(String(path), String(type), message, asByteString);
}

/** Makes the names that the user's code may use. */
export function furnish(data: string): void {
  const table = parse(data) as Header;
  setPrototypeOf(table, null);
  const names = { print, log, tap, data: table, Message, TextEncoder: Utf8Encoder, TextDecoder: Utf8Decoder };
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
