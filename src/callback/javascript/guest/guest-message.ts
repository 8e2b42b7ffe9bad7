import {
  copyOf,
  create,
  decodeUtf8,
  encodeUtf8,
  exactly,
  type Header,
  host,
  isBytes,
  keys,
  setPrototypeOf,
  stringify,
} from './guest-host.js';

export type Body = string | Uint8Array;

const UNLOADED = Symbol('unloaded');
const BINARY = /[^\t\n\r\x20-\x7e]/;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Where the body of the message in progress lies until it is looked at. */
export interface BodySource {
  /** undefined: the body was left at home; asking for it is noted and the message starts over */
  load(): Body | undefined;
}

/** What a message holds, read without asking anything that the user's code may have replaced. */
export interface Insides {
  is(value: unknown): value is Message;
  arriving(header: Header, text: boolean, source: BodySource): Message;
  body(message: Message): unknown;
  /** the source whose body this still is, untouched so far or not; undefined once another one was assigned */
  source(message: Message): BodySource | undefined;
}

interface Init {
  header?: Header;
  body?: Body;
  text?: boolean;
}

let insides: Insides;
/** What the next message is made of, used again and again: the code never sees it. */
const arriving: Init & { header: Header; text: boolean; source: BodySource | undefined } = {
  header: create(null) as Header,
  text: false,
  source: undefined,
};

/** Whatever else is given would be ignored, and the message go on without it. */
function checkInit(init: unknown, more: number): void {
  const form = 'new Message({ header, body, text }) takes one object';
  if (typeof init !== 'object' || init === null || more > 0) throw new TypeError(form);
  for (const name of keys(init)) {
    if (name !== 'header' && name !== 'body' && name !== 'text') throw new TypeError(`${form}, without "${name}"`);
  }
}

/** What callbacks see as `msg`. */
export class Message {
  header: Header;
  text: boolean;
  #body: Body | typeof UNLOADED;
  #source: BodySource | undefined;

  static {
    insides = {
      is: (value): value is Message => typeof value === 'object' && value !== null && #body in value,
      arriving: (header, text, source) => {
        arriving.header = header;
        arriving.text = text;
        arriving.source = source;
        return new Message(arriving);
      },
      body: (message) => message.#load(),
      source: (message) => message.#source,
    };
  }

  constructor(init: Init = {}, ...more: unknown[]) {
    if (init !== arriving) checkInit(init, more.length);
    this.header = init.header ?? newHeader();
    this.text = init.text ?? typeof init.body === 'string';
    this.#body = init === arriving ? UNLOADED : (init.body ?? '');
    this.#source = init === arriving ? arriving.source : undefined;
  }

  get body(): Body {
    return this.#load();
  }

  set body(body: Body) {
    this.#body = body;
    this.#source = undefined;
  }

  #load(): Body {
    if (this.#body === UNLOADED) {
      const body = this.#source?.load();
      if (body === undefined) throw new Error('the body was not brought along');
      this.#body = body;
    }
    return this.#body;
  }

  headerField(name: string): string | undefined;
  headerField(name: string, value: string): this;
  headerField(name: string, ...value: [] | [string]): string | undefined | this {
    if (value.length === 0) return this.header[name];
    this.header[name] = value[0];
    return this;
  }

  /** As stompclt counts: 1, the body (characters of a text, else bytes), and each header's name and value plus 2. */
  size(): number {
    let size = 1 + lengthOf(this.body);
    for (const name in this.header) size += 2 + lengthOf(name) + lengthOf(this.header[name] ?? '');
    return size;
  }

  copy(): Message {
    const copy = new Message({ header: newHeader(this.header), text: this.text });
    // bytes are loaded now: two messages must not share them
    const body: unknown = this.text ? this.#body : this.#load();
    copy.#body = isBytes(body) ? copyOf(body) : this.#body;
    copy.#source = this.#source;
    return copy;
  }

  /** The message as the JSON text that a DQS element holds. */
  stringify(): string {
    const body = this.body;
    return toJson(this.header, this.text ? asText(body) : asByteString(body), this.text);
  }

  /** The same text: `print` writes it as UTF-8. */
  serialize(): string {
    return this.stringify();
  }
}

function newHeader(from?: Header): Header {
  return setPrototypeOf({ ...from }, null);
}

/** Characters (not UTF-16 units) of a string, or bytes. */
function lengthOf(value: Body): number {
  if (typeof value !== 'string' || !/[\ud800-\udbff]/.test(value)) return value.length;
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

/** `body`: the characters of a text, or a character for each byte. */
function toJson(header: Header, body: string, text: boolean): string {
  const object: { header?: Header; body?: string; text?: boolean; encoding?: string } = {};
  for (const _ in header) {
    object.header = header;
    break;
  }
  if (text) object.text = true;
  if (body !== '') object.body = body;
  if (!text && BINARY.test(body)) {
    object.body = toBase64(body);
    object.encoding = 'base64';
  }
  return stringify(object);
}

/** Hands a message to a queue outside. */
export function giveToQueue(path: string, type: string, message: Message): void {
  const names = `${stringify(path)}\n${stringify(type)}`;
  const body = insides.body(message);
  const flags = message.text ? 1 : 0;
  const header = stringify(message.header);
  if (typeof body === 'string') host.tap(names, flags, header, body, body.length);
  else if (isBytes(body)) host.tap(names, flags, header, exactly(body), 0);
  else throw new TypeError('tap(path, message): the body of the message is neither a string nor bytes');
}

function asText(body: Body): string {
  return typeof body === 'string' ? body : decodeUtf8(body);
}

function asByteString(body: Body): string {
  const bytes = typeof body === 'string' ? encodeUtf8(body) : body;
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[]);
  return text;
}

function toBase64(bytes: string): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word =
      (bytes.charCodeAt(at) << 16) |
      ((left > 1 ? bytes.charCodeAt(at + 1) : 0) << 8) |
      (left > 2 ? bytes.charCodeAt(at + 2) : 0);
    text += BASE64.charAt(word >> 18) + BASE64.charAt((word >> 12) & 63);
    text += left > 1 ? BASE64.charAt((word >> 6) & 63) : '=';
    text += left > 2 ? BASE64.charAt(word & 63) : '=';
  }
  return text;
}

export { insides };
