import { host, parse, stringify } from './host.js';

export type Header = Record<string, string>;
export type Body = string | Uint8Array;

/** Where a body lies that has not been looked at yet. */
export interface BodySource {
  /** undefined: the body was left at home; asking for it is noted and the message starts over */
  load(): Body | undefined;
}

const UNLOADED = Symbol('unloaded');
const BINARY = /[^\t\n\r\x20-\x7e]/;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What callbacks see as `msg`. */
export class Message {
  header: Header;
  text: boolean;
  #body: Body | typeof UNLOADED;
  #source: BodySource | undefined;

  constructor(init: { header?: Header; body?: Body; text?: boolean } = {}) {
    this.header = init.header ?? newHeader();
    this.text = init.text ?? typeof init.body === 'string';
    this.#body = init.body ?? '';
  }

  static arriving(header: Header, text: boolean, source: BodySource): Message {
    const message = new Message({ header, text });
    message.#body = UNLOADED;
    message.#source = source;
    return message;
  }

  get body(): Body {
    if (this.#body === UNLOADED) {
      const body = this.#source?.load();
      if (body === undefined) throw new Error('the body was not brought along');
      this.#body = body;
    }
    return this.#body;
  }

  set body(body: Body) {
    this.#body = body;
    this.#source = undefined;
  }

  /** The source whose body this still is, untouched so far or not; undefined once another one was assigned. */
  static sourceOf(message: Message): BodySource | undefined {
    return message.#source;
  }

  static isLoaded(message: Message): boolean {
    return message.#body !== UNLOADED;
  }

  static is(value: unknown): value is Message {
    return typeof value === 'object' && value !== null && #body in value;
  }

  headerField(name: string): string | undefined;
  headerField(name: string, value: string): this;
  headerField(name: string, ...value: string[]): string | undefined | this {
    if (value.length === 0) return this.header[name];
    this.header[name] = value[0] as string;
    return this;
  }

  /** As stompclt counts: 1, the body (characters of a text, else bytes), and each header's name and value plus 2. */
  size(): number {
    let size = 1 + lengthOf(this.body);
    for (const name in this.header) size += 2 + lengthOf(name) + lengthOf(this.header[name] as string);
    return size;
  }

  copy(): Message {
    const copy = new Message({ header: newHeader(this.header), text: this.text });
    copy.#body = this.#body instanceof Uint8Array ? this.#body.slice() : this.#body;
    copy.#source = this.#source;
    return copy;
  }

  /** The message as the JSON text that a DQS element holds. */
  stringify(): string {
    const body = this.body;
    return Message.toJson(this.header, this.text ? asText(body) : asByteString(body), this.text);
  }

  /** `body`: the characters of a text, or a character for each byte. */
  static toJson(header: Header, body: string, text: boolean): string {
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

  /** The same text: `print` writes it as UTF-8. */
  serialize(): string {
    return this.stringify();
  }
}

export function newHeader(from?: Header): Header {
  const header = Object.create(null) as Header;
  for (const name in from) header[name] = from[name] as string;
  return header;
}

/** Characters (not UTF-16 units) of a string, or bytes. */
export function lengthOf(value: Body): number {
  if (typeof value !== 'string' || !/[\ud800-\udbff]/.test(value)) return value.length;
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

/** Hands a message to a queue outside; `bytes`: the body of a binary message, a character a byte. */
export function giveToQueue(path: string, type: string, message: Message, bytes: (body: Body) => string): void {
  const body = message.text ? asText(message.body) : bytes(message.body);
  host.tap(stringify([path, type, message.header, body, Boolean(message.text)]));
}

function asText(body: Body): string {
  return typeof body === 'string' ? body : decodeUtf8(body);
}

export function asByteString(body: Body): string {
  const bytes = typeof body === 'string' ? encodeUtf8(body) : body;
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[]);
  return text;
}

export function decodeUtf8(bytes: Uint8Array): string {
  return parse(host.decode(bytes.slice().buffer as ArrayBuffer)) as string;
}

export function encodeUtf8(text: string): Uint8Array {
  return new Uint8Array(host.encode(stringify(text)));
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
