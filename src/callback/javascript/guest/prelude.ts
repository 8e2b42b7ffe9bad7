import {
  Bytes,
  copyOf,
  create,
  decodeUtf8,
  encodeUtf8,
  exactly,
  getPrototypeOf,
  type Header,
  host,
  isArray,
  isBuffer,
  isBytes,
  keys,
  objectPrototype,
  parse,
  setPrototypeOf,
  slice,
  split,
  stringify,
  toText,
} from './guest-host.js';
import { type Body, type BodySource, giveToQueue, insides, Message } from './guest-message.js';

/** What the user's code defined. */
interface Hooks {
  check?: (message: Message) => unknown;
  start?: (data: Header) => unknown;
  idle?: () => unknown;
  stop?: () => unknown;
}

/** What a thrown error may say of itself: longer texts are of no use, and the stack only tells where. */
const LONGEST_TEXT = 1000;
const LONGEST_STACK = 4000;

let check: (message: Message) => unknown = () => undefined;
let start: Hooks['start'];
let idle: Hooks['idle'];
let stop: Hooks['stop'];
let dataJson = '{}';
let lines: string[] = [];
let flags = '';
let position = 0;
/** set when the code asked for a body that was left at home */
let missing = false;

/** The code never sees it: what is private in a class costs time. */
class ArrivingBody implements BodySource {
  readonly given: string | ArrayBuffer | undefined;
  readonly json: boolean;
  /** bytes were handed out: they may have been written to in place */
  bytes = false;

  constructor(given: string | ArrayBuffer | undefined, json: boolean) {
    this.given = given;
    this.json = json;
  }

  load(): Body | undefined {
    const { given } = this;
    if (given === undefined) missing = true;
    else if (typeof given !== 'string') {
      this.bytes = true;
      return new Bytes(given);
    }
    return this.json ? (parse(given as string) as string) : given;
  }
}

/** Takes a batch: lines, first the flags, a digit a message, then the headers as JSON. */
export function begin(head: string): void {
  lines = split(head, '\n');
  flags = lines[0] ?? '';
  position = 0;
}

/**
 * Checks the next message of the batch and says what became of it: the character of `OUTCOME`; then JSON texts with a line end
 * between them; for `o` the name of an output, a line end and what is said of the message; for `m` three digits (it is text; the body is the original's; the header is) and the header, and the body
 * has been handed out. `json`: the body given is JSON text. Nothing given: it was left at home.
 */
export function step(given: string | ArrayBuffer | undefined, json: boolean): string {
  const index = position;
  const line = lines[index + 1] ?? '';
  position = index + 1;
  missing = false;
  const header = parse(line) as Header;
  setPrototypeOf(header, null);
  const flag = flags[index];
  const text = flag === '1' || flag === '3';
  const source = new ArrivingBody(given, json);
  try {
    const message = insides.arriving(header, text, source);
    const result = check(message);
    if (missing) return '';
    if (insides.is(result)) return describe(result, line, text, source);
    if (typeof result !== 'object' || result === null || isArray(result)) return describeOther(result);
    return describeRoute(result, message, line, text, source);
  } catch (error) {
    if (missing) return '';
    return `t${describeThrown(error)}`;
  }
}

/** `{ to, message }`, each read once. Whatever else is given would be ignored, and the message go on without it. */
function describeRoute(result: object, arriving: Message, line: string, text: boolean, source: ArrivingBody): string {
  const found: { to?: unknown; message?: unknown } = create(null) as object;
  const names = keys(result);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? '';
    if (name !== 'to' && name !== 'message')
      return bad(`check returned an object with "${slice(name, 0, LONGEST_TEXT)}", where { to, message } was expected`);
    found[name] = (result as Record<string, unknown>)[name];
  }
  const { to, message = arriving } = found;
  if (typeof to !== 'string' || to === '') return bad(`check returned an object whose "to" is ${nameOf(to)}`);
  if (!insides.is(message)) return bad(`check returned an object whose "message" is ${nameOf(message)}`);
  const said = describe(message, line, text, source);
  return said === '' || said[0] === 'r' ? said : `o${json(to, LONGEST_TEXT)}\n${said}`;
}

function describe(message: Message, line: string, text: boolean, source: ArrivingBody): string {
  const header: unknown = message.header;
  const isText = !!message.text;
  if (typeof header !== 'object' || header === null || isArray(header)) return bad('the header is not an object');
  const kind: unknown = getPrototypeOf(header);
  if (kind !== null && kind !== objectPrototype) return bad('the header is not a plain object');
  let odd = false;
  for (const name in header) if (typeof (header as Header)[name] !== 'string') odd = true;
  if (odd) {
    const wrong = mendHeader(header as Record<string, unknown>);
    if (wrong !== '') return bad(wrong);
  }
  const json = stringify(header);
  const kept = insides.source(message) === source;
  // bytes that may have been written to are compared outside, where it is quick
  const same = kept && !source.bytes;
  if (same) return isText !== text ? `m${isText ? 1 : 0}10${json}` : json === line ? '=' : `j${json}`;
  const body = insides.body(message);
  if (missing) return '';
  if (typeof body === 'string') host.body(body, body.length);
  else if (isBytes(body)) host.body(exactly(body), 0);
  else if (isBuffer(body)) host.body(body, 0);
  else return bad(`the body is ${nameOf(body)}`);
  return `m${isText ? 1 : 0}0${json === line ? 1 : 0}${json}`;
}

/** Numbers and their like become text; anything else is wrong. */
function mendHeader(header: Record<string, unknown>): string {
  for (const name in header) {
    const value = header[name];
    if (typeof value === 'string') continue;
    if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint')
      return `header ${slice(name, 0, LONGEST_TEXT)} is ${nameOf(value)}`;
    header[name] = toText(value);
  }
  return '';
}

function describeOther(result: unknown): string {
  if (typeof result === 'string' && result !== '') return `d${json(result, LONGEST_TEXT)}`;
  return bad(`check returned ${nameOf(result)}`);
}

function bad(reason: string): string {
  return `r${stringify(reason)}`;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (typeof value === 'object') return isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}

/** Name, message and stack of what was thrown, as JSON texts; reading them may throw again, or give anything. */
function describeThrown(error: unknown): string {
  let name: unknown = '';
  let message: unknown = '';
  let stack: unknown = '';
  try {
    if (typeof error === 'object' && error !== null) {
      const thrown = error as { name?: unknown; message?: unknown; stack?: unknown };
      ({ name = '', message = nameOf(error), stack = '' } = thrown);
    } else message = toText(error);
    if (typeof message !== 'string') message = toText(message);
  } catch {
    message = 'something that cannot be shown';
  }
  return `${json(name, LONGEST_TEXT)}\n${json(message, LONGEST_TEXT)}\n${json(stack, LONGEST_STACK)}`;
}

/** A text and no longer than `most`; what is none is empty. A primitive has no `toJSON` that JSON would ask. */
function json(text: unknown, most: number): string {
  return typeof text === 'string' ? stringify(slice(text, 0, most)) : '""';
}

/** Takes the functions that the user's code defined; says what is wrong with them, or nothing. */
export function adopt(found: Hooks): string {
  for (const name of ['check', 'start', 'idle', 'stop'] as const) {
    const hook: unknown = found[name];
    if (hook !== undefined && typeof hook !== 'function') return `${name} is not a function`;
  }
  if (typeof found.check !== 'function') return 'check is not defined';
  const { check: own } = found;
  check = own;
  ({ start, idle, stop } = found);
  return '';
}

/** Calls `start`, `idle` or `stop`, when defined; a description of what it threw, or nothing. */
export function call(name: 'start' | 'idle' | 'stop'): string {
  try {
    if (name === 'start') start?.(table());
    else if (name === 'idle') idle?.();
    else stop?.();
    return '';
  } catch (error) {
    return describeThrown(error);
  }
}

function table(): Header {
  const data = parse(dataJson) as Header;
  setPrototypeOf(data, null);
  return data;
}

class Utf8Encoder {
  readonly encoding = 'utf-8';
  encode(text = ''): Uint8Array {
    return encodeUtf8(toText(text));
  }
}

class Utf8Decoder {
  readonly encoding = 'utf-8';
  decode(bytes: Uint8Array | ArrayBuffer = new Bytes(0)): string {
    return decodeUtf8(isBytes(bytes) ? bytes : new Bytes(isBuffer(bytes) ? bytes : copyOf(bytes)));
  }
}

function joined(parts: readonly unknown[], between: string): string {
  let text = '';
  for (let at = 0; at < parts.length; at += 1) text += (at === 0 ? '' : between) + shown(parts[at]);
  return text;
}

function shown(part: unknown): string {
  return toText(part);
}

/** Writes to standard output, as it is: no line end is added. */
export function print(...parts: unknown[]): void {
  const text = joined(parts, '');
  host.print(text, text.length);
}

function log(level: unknown, text: unknown): void {
  const shownText = toText(text);
  host.log(slice(toText(level), 0, LONGEST_TEXT), shownText, shownText.length);
}

/** What people write first when they look for an error: lines of the log. */
function makeConsole(): Record<string, (...parts: unknown[]) => void> {
  const to =
    (level: string) =>
    (...parts: unknown[]): void =>
      log(level, joined(parts, ' '));
  return { debug: to('debug'), log: to('info'), info: to('info'), warn: to('warn'), error: to('error') };
}

/** Adds a copy of a message to a queue on disk, one named in `callback-data`. */
function tap(path: unknown, message: unknown, type: unknown = 'DQS'): void {
  if (!insides.is(message)) throw new TypeError('tap(path, message): the second argument is not a message');
  giveToQueue(toText(path), toText(type), message);
}

/** Makes the names that the user's code may use; `data` is `callback-data` as JSON. */
export function furnish(data: string): void {
  dataJson = data;
  const names = {
    print,
    log,
    tap,
    data: table(),
    console: makeConsole(),
    Message,
    TextEncoder: Utf8Encoder,
    TextDecoder: Utf8Decoder,
  };
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
